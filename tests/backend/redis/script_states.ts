import { Buffer } from "node:buffer";
import { createClient, RESP_TYPES } from "redis";
import type { ScriptName } from "../../../lib/backend/redis/scripts.ts";
import { type Context, packWords } from "../../../lib/backend/redis/words.ts";
import type { Level, Operation } from "../../../lib/protocol/slot.ts";

/** Who the server is to the scripts, and the lease that they are told, in milliseconds. */
export const identity = "01234567";
export const lease = 100_000;

/** What all operations of a script are told. */
export interface Told {
  readonly level: Level;
  readonly evictable: boolean;
  /** The server's change of identity, in milliseconds before now. */
  readonly changed: number;
}

/** A generation that no change of identity came after. */
export const last = 4_000_000_000_000;

const stored = { payload: new TextEncoder().encode("value"), age: 1_000, fresh: 300_000, until: 500_000 };

/** The operations; the states know the owner and its generation. */
export const operations: ReadonlyArray<Operation<Uint8Array> & { readonly _tag: ScriptName }> = [
  { _tag: "look" },
  { _tag: "claim", owner: "own" },
  { _tag: "refresh", owner: "own", which: "any" },
  { _tag: "refresh", owner: "own", which: "expired" },
  { _tag: "fill", owner: "own", generation: last, stored },
  { _tag: "fill", owner: "own", generation: last, stored: { ...stored, until: Infinity } },
  { _tag: "release", owner: "own", generation: last, pass: 0 },
  { _tag: "release", owner: "own", generation: last, pass: 50_000 },
  { _tag: "lock", token: "own" },
  { _tag: "unlock", token: "own", generation: last, written: undefined },
  { _tag: "unlock", token: "own", generation: 5, written: stored },
  { _tag: "unlock", token: "own", generation: last, written: stored },
];

const usual: Told = { level: "pinned", evictable: false, changed: 10_000_000 };

/** What scripts are told in one case and another. */
export const contexts: ReadonlyArray<Told> = [
  usual,
  { ...usual, changed: 20_000 },
  { ...usual, changed: 130_000 },
  { ...usual, changed: 220_000 },
  { ...usual, evictable: true },
  { ...usual, level: "probation", evictable: true },
  { ...usual, level: "strict" },
];

/** A script's word for operations on as many keys. */
export function wordsFor({ changed, ...told }: Told, asked: ReadonlyArray<Operation<Uint8Array>>): Buffer {
  const context: Context = { lease, identity, now: undefined, changed: Date.now() - changed, ...told };
  return packWords(context, asked.map((operation) => ({ slot: "", operation })));
}

/** What a slot holds before, by a script that packs it relative to the server's time. */
export const states: Readonly<Record<string, string>> = {
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

/** What those scripts begin with. */
export const preparing: string = `
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

/** A server that answers in bytes. */
export interface Server extends AsyncDisposable {
  readonly send: (...command: ReadonlyArray<string | Buffer>) => Promise<unknown>;
}

/** Connects to a server. */
export async function connect(url: string): Promise<Server> {
  const client = createClient({ url, RESP: 2, maintNotifications: "disabled" });
  client.on("error", () => {});
  await client.connect();
  const options = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };
  return {
    send: (...command) => client.sendCommand([...command], options),
    [Symbol.asyncDispose]: () => Promise.resolve(client.destroy()),
  };
}

/** Two calls are a moment apart: what is compared is whether their times mean the same. */
export function coarse(time: number): number {
  const tolerance = 10_000;
  const now = Date.now();
  return Number.isFinite(time) ? Math.round((Math.abs(time - now) < 1e9 ? time - now : time) / tolerance) + 0 : time;
}

/** A slot's value, taken apart. */
export function valueOf(value: unknown): ReadonlyArray<unknown> {
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
