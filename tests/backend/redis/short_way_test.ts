import { Buffer } from "node:buffer";
import { assertEquals } from "@std/assert";
import { luaFast } from "../../../lib/backend/redis/lua_fast.ts";
import { type ScriptName, scripts } from "../../../lib/backend/redis/scripts.ts";
import { createClient, RESP_TYPES } from "redis";
import { redisTest } from "../../servers/redis.ts";

// A script without its short way, and with it; where the short way answers, it says so.
const general = (name: ScriptName): string =>
  scripts[name].text.replace(luaFast[name], "local raw = redis.call('GET', key)\n");
const short = (name: ScriptName): string =>
  scripts[name].text.replace(luaFast[name], luaFast[name].replaceAll("return '", "return '!' .. '"));

const identity = "01234567";
const lease = 100_000;
const payload = "value";

interface Context {
  readonly level: string;
  readonly evictable: string;
  /** The server's change of identity, in milliseconds before now. */
  readonly changed: number;
}

const usual: Context = { level: "pinned", evictable: "n", changed: 10_000_000 };

/** What a slot holds before, by a script that packs it relative to the server's time. */
const states: Readonly<Record<string, string>> = {
  absent: "return",
  "own claim": "put('c4000000000000:own', lease)",
  "own claim, half its lease ago": "put('c4000000000000:own', lease / 2)",
  "another's claim": "put('c6:own', lease)",
  "claim of a script": "put(struct.pack('>c1ddd', 'C', now, now, now + lease) .. 'own', lease)",
  entry: "put(held(0, identity, now + lease))",
  "entry on probation": "put(held(1, identity, now + lease))",
  "entry that has run out": "put(held(0, identity, now - 1000))",
  "entry of another identity": "put(held(0, 'other id', now + lease))",
  "entry with a mark": "put(held(2, identity, now + lease) .. struct.pack('>ddI2', 4e12, now + lease, 3) .. 'own')",
  "own lock": "put(struct.pack('>c1Bd', 'l', 0, now) .. token('own', 4e12, now + lease))",
  "own lock of long ago": "put(struct.pack('>c1Bd', 'l', 0, now) .. token('own', 5, now + lease))",
  "own lock, contended": "put(struct.pack('>c1Bd', 'l', 1, now) .. token('own', 4e12, now + lease))",
  "own lock that is over": "put(struct.pack('>c1Bd', 'l', 0, now) .. token('own', 4e12, now - 1000))",
  "own lock of another generation": "put(struct.pack('>c1Bd', 'l', 0, now) .. token('own', 6, now + lease))",
  "another's lock": "put(struct.pack('>c1Bd', 'l', 0, now) .. token('her', 4e12, now + lease))",
  "two locks":
    "put(struct.pack('>c1Bd', 'l', 1, now) .. token('own', 4e12, now + lease) .. token('her', 6, now + lease))",
  "nothing but history": "put(struct.pack('>c1ddd', 'v', now, now + lease, now + lease), lease)",
};

const preparing = `
local time = redis.call('TIME')
local now, lease, identity = time[1] * 1000 + time[2] / 1000, ${lease}, '${identity}'
local function put(value, ttl)
  redis.call('SET', KEYS[1], value)
  if ttl then redis.call('PEXPIRE', KEYS[1], ttl) end
end
local function token(name, generation, deadline) return struct.pack('>ddI2', generation, deadline, #name) .. name end
local function held(flags, whose, ends)
  return struct.pack('>c1Bc8ddddd', 'h', flags, whose, now - 3 * lease, now, now + lease, ends, now + 2 * lease)
end
`;

/** A generation that no change of identity came after. */
const last = "4000000000000";

/** The words of each operation; the states know the owner and its generation. */
const operations: ReadonlyArray<readonly [ScriptName, ReadonlyArray<string>]> = [
  ["fill", ["own", last, "1000", "300000", "500000", payload]],
  ["fill", ["own", last, "1000", "300000", "Infinity", payload]],
  ["lock", ["own"]],
  ["unlock", ["own", last]],
  ["unlock", ["own", "5", "1000", "300000", "500000", payload]],
  ["unlock", ["own", last, "1000", "300000", "500000", payload]],
];

const contexts: ReadonlyArray<Context> = [
  usual,
  { ...usual, changed: 20_000 },
  { ...usual, changed: 130_000 },
  { ...usual, evictable: "y" },
  { ...usual, level: "probation", evictable: "y" },
  { ...usual, level: "strict", evictable: "n" },
];

/** A server that answers in bytes. */
interface Server extends AsyncDisposable {
  readonly send: (...command: ReadonlyArray<string>) => Promise<unknown>;
}

async function connect(url: string): Promise<Server> {
  const client = createClient({ url, RESP: 2, maintNotifications: "disabled" });
  client.on("error", () => {});
  await client.connect();
  const options = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };
  return {
    send: (...command) => client.sendCommand([...command], options),
    [Symbol.asyncDispose]: () => Promise.resolve(client.destroy()),
  };
}

/** What an operation answers, and what it leaves behind, with its times as {@linkcode coarse} ones. */
async function after(
  server: Server,
  text: string,
  slot: string,
  state: string,
  { level, evictable, changed }: Context,
  words: ReadonlyArray<string>,
): Promise<ReadonlyArray<unknown>> {
  await server.send("DEL", slot);
  await server.send("EVAL", preparing + states[state], "1", slot);
  const since = String(Date.now() - changed);
  const context = [String(lease), since, identity, level, evictable, ""];
  const reply = await server.send("EVAL", text, "1", slot, ...context, ...words) as Buffer;
  const isShort = reply[0] === 0x21;
  const told = isShort ? reply.subarray(1) : reply;
  const times = told.length === 1 ? [] : [coarse(told.readDoubleBE(1))];
  const left = await server.send("PTTL", slot);
  return [isShort, told.toString("latin1", 0, 1), times, valueOf(await server.send("GET", slot)), coarse(Number(left))];
}

/** Two calls are a moment apart: what is compared is whether their times mean the same. */
function coarse(time: number): number {
  const tolerance = 10_000;
  const now = Date.now();
  return Number.isFinite(time) ? Math.round((Math.abs(time - now) < 1e9 ? time - now : time) / tolerance) + 0 : time;
}

/** A slot's value, taken apart. */
function valueOf(value: unknown): ReadonlyArray<unknown> {
  if (!Buffer.isBuffer(value)) return [];
  const letter = value.toString("latin1", 0, 1);
  const times = (at: number, count: number) =>
    Array.from({ length: count }, (_, i) => coarse(value.readDoubleBE(at + 8 * i)));
  const rest = (at: number) => value.toString("latin1", at);
  if (letter === "h") return [letter, value[1], value.toString("latin1", 2, 10), ...times(10, 5), rest(50).slice(-5)];
  if (letter === "v") return [letter, ...times(1, 3)];
  if (letter === "C") return [letter, ...times(1, 3), rest(25)];
  if (letter !== "l") return [rest(0)];
  const tokens: Array<unknown> = [];
  for (let at = 10; at < value.length; at += 18 + value.readUInt16BE(at + 16)) {
    tokens.push(...times(at, 2), value.toString("latin1", at + 18, at + 18 + value.readUInt16BE(at + 16)));
  }
  return [letter, value[1], ...times(2, 1), ...tokens];
}

redisTest("the short way of a script answers and leaves what the long one does", async ({ url, prefix }) => {
  await using server = await connect(url);
  const slot = `lamina:${prefix}:0:short`;
  const shortened = new Set<string>();
  for (const [name, words] of operations) {
    for (const context of contexts) {
      for (const state of Object.keys(states)) {
        const what = `${name} ${words.join(" ")} on ${state}, ${JSON.stringify(context)}`;
        const [, ...long] = await after(server, general(name), slot, state, context, words);
        const [isShort, ...answered] = await after(server, short(name), slot, state, context, words);
        if (isShort === true) shortened.add(`${name}: ${state}`);
        assertEquals(answered, long, what);
      }
    }
  }
  assertEquals([...shortened].sort(), [
    "fill: own claim",
    "fill: own claim, half its lease ago",
    "lock: absent",
    "lock: entry",
    "unlock: own lock",
  ]);
});
