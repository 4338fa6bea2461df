import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { scripts } from "../../../lib/backend/redis/scripts.ts";
import { redisTest } from "../../servers/redis.ts";
import {
  coarse,
  connect,
  contexts,
  operations,
  preparing,
  type Server,
  states,
  valueOf,
  wordsFor,
} from "./script_states.ts";

/** States that no script can step, and what it answers. */
const strange: Readonly<Record<string, RegExp>> = {
  "redis.call('LPUSH', KEYS[1], 'a list')": /^WRONGTYPE/,
  "put('something else')": /the key holds no slot/,
  "put('h')": /./,
};

/** What is tried: each state, with strange ones at the beginning, between them, and at the end. */
const [list, ...others] = Object.keys(strange);
const tried: ReadonlyArray<string> = [list!, ...Object.values(states), ...others];

async function prepare(server: Server, prefix: string): Promise<ReadonlyArray<string>> {
  const slots = tried.map((_, i) => `lamina:${prefix}:0:${i}`);
  for (const [i, slot] of slots.entries()) {
    await server.send("DEL", slot);
    await server.send("EVAL", preparing + tried[i], "1", slot);
  }
  return slots;
}

/** What slots hold, and for how long. */
async function leftIn(server: Server, slots: ReadonlyArray<string>): Promise<ReadonlyArray<unknown>> {
  const left: Array<unknown> = [];
  for (const slot of slots) {
    const value = await server.send("GET", slot).catch(String);
    const isShort = !Buffer.isBuffer(value) || value.length < 20;
    left.push(isShort ? String(value) : valueOf(value), coarse(Number(await server.send("PTTL", slot))));
  }
  return left;
}

/** A reply's letter, its length, and its first time. */
function gist(reply: unknown): unknown {
  if (!Buffer.isBuffer(reply)) return reply instanceof Error ? "an error" : String(reply);
  const letter = reply.toString("latin1", 0, 1);
  return [letter, reply.length, ...(reply.length === 1 ? [] : [coarse(reply.readDoubleBE(1))])];
}

redisTest("a script does with each of several keys what it does with it alone", async ({ url, prefix }) => {
  await using server = await connect(url);
  for (const operation of operations) {
    const { text } = scripts[operation._tag];
    for (const context of contexts) {
      const what = `${JSON.stringify(operation)}, ${JSON.stringify(context)}`;
      const slots = await prepare(server, prefix);
      const alone: Array<unknown> = [];
      for (const slot of slots) {
        const reply = server.send("EVAL", text, "1", slot, wordsFor(context, [operation]));
        alone.push(await reply.catch((error) => error));
      }
      const left = await leftIn(server, slots);
      await prepare(server, prefix);
      const words = wordsFor(context, slots.map(() => operation));
      const together = await server.send("EVAL", text, String(slots.length), ...slots, words);
      assert(Array.isArray(together), what);
      assertEquals(together.map(gist), alone.map(gist), what);
      assertEquals(await leftIn(server, slots), left, what);
      for (const [state, message] of Object.entries(strange)) {
        const reply = together[tried.indexOf(state)];
        assert(reply instanceof Error, what);
        assertMatch(reply.message, message);
      }
    }
  }
});

redisTest("what a script answers to all of several keys it says once", async ({ url, prefix }) => {
  await using server = await connect(url);
  const slots = ["a", "b", "c"].map((key) => `lamina:${prefix}:0:${key}`);
  const run = async (name: "lock" | "look"): Promise<unknown> => {
    const operation = name === "lock" ? { _tag: name, token: "own" } as const : { _tag: name } as const;
    return await server.send(
      "EVAL",
      scripts[name].text,
      "3",
      ...slots,
      wordsFor(contexts[0]!, slots.map(() => operation)),
    );
  };
  assertEquals(String(await run("look")), "V");
  assertEquals(gist(await run("lock")), ["L", 9, 0]);
  await server.send("DEL", slots[1]!);
  assertEquals((await run("look") as ReadonlyArray<unknown>).map(String), ["G", "V", "G"]);
});
