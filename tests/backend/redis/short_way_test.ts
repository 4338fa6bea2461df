import type { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import { luaFast } from "../../../lib/backend/redis/lua_fast.ts";
import { type ScriptName, scripts } from "../../../lib/backend/redis/scripts.ts";
import type { Operation } from "../../../lib/protocol/slot.ts";
import { redisTest } from "../../servers/redis.ts";
import {
  coarse,
  connect,
  contexts,
  operations,
  preparing,
  type Server,
  states,
  type Told,
  valueOf,
  wordsFor,
} from "./script_states.ts";

// A script without its short way, and with it; where the short way answers, it says so.
const general = (name: ScriptName): string => scripts[name].text.replaceAll(luaFast[name].each, "");
const short = (name: ScriptName): string => {
  const { each } = luaFast[name];
  return scripts[name].text.replaceAll(each, each.replaceAll("return '", "return '!' .. '"));
};

/** What a step answered, and what it left behind, with its times as {@linkcode coarse} ones. */
interface Left {
  readonly isShort: boolean;
  readonly told: ReadonlyArray<unknown>;
  /** When the slot was born, where it holds an entry. */
  readonly born: number | undefined;
  readonly value: ReadonlyArray<unknown>;
  readonly ttl: number;
}

async function after(
  server: Server,
  text: string,
  slot: string,
  state: string,
  context: Told,
  operation: Operation<Uint8Array>,
): Promise<Left> {
  await server.send("DEL", slot);
  await server.send("EVAL", preparing + states[state], "1", slot);
  const reply = await server.send("EVAL", text, "1", slot, wordsFor(context, [operation])) as Buffer;
  const isShort = reply[0] === 0x21;
  const ttl = coarse(Number(await server.send("PTTL", slot)));
  const held = valueOf(await server.send("GET", slot));
  const [letter, flags, whose, born, ...rest] = held;
  const value = letter === "h" ? [letter, flags, whose, ...rest] : held;
  const at = typeof born === "number" && letter === "h" ? born : undefined;
  return { isShort, told: toldBy(isShort ? reply.subarray(1) : reply, operation), born: at, value, ttl };
}

function toldBy(reply: Buffer, operation: Operation<Uint8Array>): ReadonlyArray<unknown> {
  const letter = reply.toString("latin1", 0, 1);
  // Filled as asked.
  if (letter === "A" && operation._tag === "fill") return ["F", coarse(operation.stored.until)];
  return [letter, ...(reply.length === 1 ? [] : [coarse(reply.readDoubleBE(1))])];
}

redisTest("the short way of a script answers and leaves what the long one does", async ({ url, prefix }) => {
  await using server = await connect(url);
  const slot = `lamina:${prefix}:0:short`;
  const shortened = new Set<string>();
  for (const operation of operations.filter(({ _tag }) => luaFast[_tag].each !== "")) {
    for (const context of contexts) {
      for (const state of Object.keys(states)) {
        const what = `${JSON.stringify(operation)} on ${state}, ${JSON.stringify(context)}`;
        const { isShort: _, born: since, ...long } = await after(
          server,
          general(operation._tag),
          slot,
          state,
          context,
          operation,
        );
        const { isShort, born, ...answered } = await after(
          server,
          short(operation._tag),
          slot,
          state,
          context,
          operation,
        );
        if (isShort) shortened.add(`${operation._tag}: ${state}`);
        assertEquals(answered, long, what);
        // What is born later is longer on probation, should the level change.
        if (!isShort || operation._tag !== "fill") assertEquals(born, since, what);
        else assert(born! >= since! && born! <= 0, what);
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
