import { assertEquals, assertRejects } from "@std/assert";
import * as TE from "fp-ts/lib/TaskEither.js";
import { cached, cachedMany, CacheReadError, CacheWriteError } from "../../mod.ts";
import { turn } from "../support/turn.ts";
import { heldFunction, stacks, stand } from "./stand.ts";

/** A function of many keys that notes what it was asked for. */
function noting(): { asked: Array<ReadonlyArray<number>>; fn: (ids: ReadonlyArray<number>) => Promise<Array<string>> } {
  const asked: Array<ReadonlyArray<number>> = [];
  return { asked, fn: (ids) => (asked.push(ids), Promise.resolve(ids.map((id) => `user ${id}`))) };
}

Deno.test("one grouped call brings what is missing, in the order asked, and duplicates once", async () => {
  for (const way of Object.keys(stacks(stand()))) {
    const { asked, fn } = noting();
    await using users = cachedMany(fn, { layer: stacks(stand())[way]! });
    assertEquals(await users([1, 2]), ["user 1", "user 2"], way);
    assertEquals(await users([3, 1, 3, 4, 2]), ["user 3", "user 1", "user 3", "user 4", "user 2"], way);
    assertEquals([await users([]), asked], [[], [[1, 2], [3, 4]]], way);
  }
});

Deno.test("get, set, invalidate, refresh and entries of many keys", async () => {
  for (const way of Object.keys(stacks(stand()))) {
    const { asked, fn } = noting();
    await using users = cachedMany(fn, { layer: stacks(stand())[way]! });
    assertEquals([await users.get([1, 2]), asked], [[undefined, undefined], []], way);
    await users([1]);
    await users.set(new Map([[2, "Grace"]]));
    assertEquals([await users.get([2, 3, 1]), asked], [["Grace", undefined, "user 1"], [[1]]], way);
    assertEquals([await users.refresh([2, 1]), asked.slice(1)], [["user 2", "user 1"], [[2, 1]]], way);
    await users.invalidate([1, 2]);
    assertEquals(await users.get([1, 2]), [undefined, undefined], way);
    const entries = await users.entries([1, 2]);
    assertEquals(entries.map(({ value, verdict }) => [value, verdict._tag]), [["user 1", "Filled"], [
      "user 2",
      "Filled",
    ]]);
    assertEquals(users.original, fn);
  }
});

Deno.test("a key without a result is undefined and cached as such; one that failed fails its callers alone", async () => {
  const here = stand();
  let calls = 0;
  const fn = (ids: ReadonlyArray<number>): TE.TaskEither<Error, ReadonlyArray<string | undefined | Error>> => {
    calls++;
    return TE.right(ids.map((id) => id === 7 ? undefined : id === 13 ? new Error("unlucky") : `user ${id}`));
  };
  await using users = cachedMany(fn, { layer: here.far() });
  assertEquals([await users([7, 1]), await users([7, 1]), calls], [[undefined, "user 1"], [undefined, "user 1"], 1]);
  const error = await assertRejects(() => users([2, 13]), CacheReadError);
  assertEquals([(error.cause as Error).message, await users([2]), calls], ["unlucky", ["user 2"], 2]);
});

Deno.test("a function that answers something else than a list as long as its keys is at fault, and nothing is cached", async () => {
  const { near } = stand();
  let answer: unknown = ["one"];
  await using users = cachedMany((_ids: ReadonlyArray<number>) => Promise.resolve(answer as Array<string>), {
    layer: near(),
  });
  for (const wrong of [["one"], [], undefined, "ab", { length: 2 }]) {
    answer = wrong;
    assertEquals((await assertRejects(() => users([1, 2]), CacheReadError)).error._tag, "LoaderFault");
  }
  answer = ["one", "two"];
  assertEquals(await users([1, 2]), ["one", "two"]);
});

Deno.test("a key without an encoding is refused, and those with one are not read for it", async () => {
  const { near } = stand();
  const { asked, fn } = noting();
  await using users = cachedMany(fn, { layer: near() });
  for (const read of [() => users([NaN]), () => users.get([1, NaN])]) {
    assertEquals((await assertRejects(read, CacheReadError)).error._tag, "KeyRefused");
  }
  assertEquals((await assertRejects(() => users.set([[NaN, "x"]]), CacheWriteError)).outcome, "aborted");
  assertEquals(asked, []);
});

Deno.test("P02 a cached function of one key and one of many share their entries under one name", async () => {
  const { far } = stand();
  const { asked, fn } = noting();
  let calls = 0;
  await using one = cached((id: number) => (calls++, `user ${id}`), { layer: far() });
  await using many = cachedMany(fn, { layer: far() });
  assertEquals([await many([1, 2]), await one(2), await one(3)], [["user 1", "user 2"], "user 2", "user 3"]);
  assertEquals([await many([3, 1]), asked, calls], [["user 3", "user 1"], [[1, 2]], 1]);
});

Deno.test("a batch that meets another's load waits for it, and loads the rest meanwhile", async () => {
  const { far, clock } = stand();
  const { fn, calls } = heldFunction<[ReadonlyArray<number>], ReadonlyArray<string>>();
  await using users = cachedMany(fn, { layer: far(), clock });
  const first = users([1, 2]);
  await turn();
  const second = users([2, 3]);
  await turn();
  assertEquals(calls.map(({ args }) => args[0]), [[1, 2], [3]]);
  await calls[1]!.release(["three"]);
  await calls[0]!.release(["one", "two"]);
  assertEquals([await first, await second], [["one", "two"], ["two", "three"]]);
});
