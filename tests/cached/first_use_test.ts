import { assertEquals, assertRejects } from "@std/assert";
import { cached, cachedMany, CacheReadError } from "../../mod.ts";
import { firstUses } from "../../lib/cached/first_use.ts";
import { turn } from "../support/turn.ts";
import { heldFunction, stacks, stand } from "./stand.ts";

Deno.test("D31 with init load the first use of a key calls the function though a result is there; with use it does not", async () => {
  for (const way of ["shared", "shared and memory"]) {
    const here = stand();
    let calls = 0;
    const fn = (id: number): string => `user ${id}, call ${++calls}`;
    await using before = cached(fn, { layer: here.far() });
    assertEquals([await before(1), await before(2)], ["user 1, call 1", "user 2, call 2"]);

    await using use = cached(fn, { layer: stacks(here)[way]!, init: "use" });
    assertEquals([await use(1), calls], ["user 1, call 1", 2], way);
    await using load = cached(fn, { layer: stacks(here)[way]!, init: "load" });
    assertEquals([await load(1), await load(1), calls], ["user 1, call 3", "user 1, call 3", 3], way);
    assertEquals([await load(2), await load(2), (await load.entry(2)).value, calls], [
      ...Array(3).fill("user 2, call 4"),
      4,
    ]);
  }
});

Deno.test("D31 many first uses at once are one call; the others wait and have its result", async () => {
  const here = stand();
  await using before = cached((id: number) => `old ${id}`, { layer: here.far() });
  await before(1);
  const { fn, calls } = heldFunction<[number], string>();
  await using user = cached(fn, { layer: [here.far(), here.near()], init: "load", clock: here.clock });
  const reads = [user(1), user(1), user(1)];
  await turn();
  reads.push(user(1));
  await turn();
  assertEquals(calls.length, 1);
  await calls[0]!.release("new");
  assertEquals([await Promise.all(reads), calls.length], [Array(4).fill("new"), 1]);
});

Deno.test("D31 a first use that failed is none: all that waited share the failure, and the next one calls again", async () => {
  const here = stand();
  const { fn, calls } = heldFunction<[number], string>();
  await using user = cached(fn, { layer: here.near(), init: "load", clock: here.clock });
  const failed = [user(1), user(1)].map((read) => assertRejects(() => read, CacheReadError));
  await turn();
  await calls[0]!.fail(new Error("down"));
  assertEquals((await Promise.all(failed)).map(({ message }) => message), Array(2).fill("The source failed: down"));
  await user.set([1], "set");
  assertEquals([await user(1), calls.length], ["set", 1]);
  await user.invalidate(1);
  const again = user(1);
  await turn();
  await calls[1]!.release("new");
  assertEquals(await again, "new");
});

Deno.test("D31 a batch loads the first uses of its keys in one call, beside what is missing", async () => {
  const here = stand();
  const asked: Array<ReadonlyArray<number>> = [];
  const fn = (
    ids: ReadonlyArray<number>,
  ) => (asked.push(ids), Promise.resolve(ids.map((id) => `call ${asked.length}: ${id}`)));
  await using users = cachedMany(fn, { layer: here.far(), init: "load" });
  await users([1, 2]);
  await users.invalidate([2]);
  assertEquals(await users([3, 1, 2, 3, 4]), ["call 2: 3", "call 1: 1", "call 3: 2", "call 2: 3", "call 2: 4"]);
  assertEquals([await users([4, 3, 2, 1]), asked], [["call 2: 4", "call 2: 3", "call 3: 2", "call 1: 1"], [[1, 2], [
    3,
    4,
  ], [2]]]);
});

Deno.test("first uses that wait for each other's keys do not wait for ever", async () => {
  const uses = firstUses();
  const log: Array<string> = [];
  const read = (who: string) => async (at: ReadonlyArray<number>, force: boolean) => {
    log.push(`${who} ${force ? "first" : "then"} ${at}`);
    await turn();
    return at.map((position) => `${who}${position}`);
  };
  const both = [uses.read([1, 2], read("a")), uses.read([2, 3, 1], read("b"))];
  assertEquals(await Promise.all(both), [["a0", "a1"], ["b0", "b1", "b2"]]);
  assertEquals(log, ["a first 0,1", "b first 1", "b then 0,2"]);
});

Deno.test("no more than 10,000 used keys are remembered, and the oldest is forgotten first", async () => {
  const uses = firstUses();
  for (let key = 0; key <= 10_000; key++) uses.note(key);
  const seen: Array<boolean> = [];
  const read = (_at: ReadonlyArray<number>, force: boolean) => Promise.resolve([seen.push(force)]);
  for (const key of [1, 10_000, 0]) await uses.read([key], read);
  assertEquals(seen, [false, false, true]);
});
