import { pipe } from "fp-ts/lib/function.js";
import { assertEquals } from "@std/assert";
import { batch } from "../../mod.ts";
import { heldWrite } from "../support/held_write.ts";
import { allFound } from "../support/results.ts";
import type { World } from "../support/stack.ts";
import { batchIn, memoryIn, sharedTexts, world } from "../support/stack.ts";

/** What something cost: round trips to the backend, and loads of the source. */
async function costOf({ faulty, texts }: World, act: () => Promise<unknown>): Promise<readonly [number, number]> {
  const [trips, loads] = [faulty.calls.length, texts.loads.length];
  await act();
  return [faulty.calls.length - trips, texts.loads.length - loads];
}

Deno.test("a hit costs one round trip; a miss two and the load claiming first, three and the load looking first", async () => {
  for (const [probe, trips] of [["claim", 2], ["look", 3]] as const) {
    const here = world();
    const texts = sharedTexts(here, { probe });
    assertEquals(await costOf(here, texts.get(1)), [trips, 1], probe);
    assertEquals(await costOf(here, texts.get(1)), [1, 0], probe);
  }
});

Deno.test("P01 getMany of any number costs as much as of one: hits one trip, misses are loaded together", async () => {
  const here = world(Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [i, `${i}`])));
  const texts = sharedTexts(here);
  const keys = [...here.texts.rows.keys()];
  assertEquals(await costOf(here, texts.getMany(keys.slice(0, 500))), [3, 1]);
  assertEquals(await costOf(here, texts.getMany(keys.slice(0, 500))), [1, 0]);
  assertEquals(await costOf(here, texts.getMany(keys)), [3, 1]);
  assertEquals(here.texts.loads.map(({ keys: asked }) => asked.length), [500, 500]);
});

Deno.test("P01 getMany splits into hits and misses per tier, and asks the tier below once for all misses", async () => {
  const here = world();
  const texts = memoryIn(here)(sharedTexts(here));
  await texts.get(1)();
  await sharedTexts(here).get(2)();
  const before = here.faulty.calls.length;
  const trips = await costOf(here, async () => {
    assertEquals(allFound(await texts.getMany([1, 2, 3, 7])()), ["one", "two", "three", undefined]);
  });
  assertEquals(trips, [3, 1]);
  assertEquals(here.faulty.calls.slice(before).map((call) => call.length), [3, 2, 2]);
  assertEquals(here.texts.loads.at(-1)!.keys, [3, 7]);
});

Deno.test("P02 what a single read loaded a read of many finds, and the other way round, in every tier", async () => {
  const here = world();
  const stacks = [
    sharedTexts(here),
    memoryIn(here)(here.texts.store),
    pipe(sharedTexts(here), memoryIn(here), batch(batchIn(here))),
  ];
  for (const texts of stacks) {
    here.faulty.restart();
    await texts.get(1)();
    assertEquals((await costOf(here, texts.getMany([1, 2])))[1], 1);
    assertEquals(here.texts.loads.at(-1)!.keys, [2]);
    assertEquals((await costOf(here, texts.get(2)))[1], 0);
  }
});

Deno.test("a write costs two round trips, of one key or of many, and a read after a put is a hit", async () => {
  const here = world();
  const texts = sharedTexts(here);
  assertEquals(await costOf(here, texts.put(1, "uno")), [2, 0]);
  assertEquals(await costOf(here, texts.get(1)), [1, 0]);
  assertEquals(await costOf(here, texts.invalidate([1, 2, 3])), [2, 0]);
  assertEquals(await costOf(here, texts.remove(2)), [2, 0]);
  assertEquals(await costOf(here, texts.get(2)), [1, 0]);
});

Deno.test("a read that meets a writer or another reader costs one round trip and the load, looking first or not", async () => {
  for (const probe of ["look", "claim"] as const) {
    const here = world();
    const texts = sharedTexts(here, { probe });
    const writing = heldWrite(() => {});
    const done = texts.mutate([1], writing.write)();
    here.faulty.inject("claim", "applied, reported failed");
    await sharedTexts(here).get(2)();
    for (const key of [1, 2]) assertEquals(await costOf(here, texts.get(key)), [1, 1], `${probe} ${key}`);
    await writing.commit();
    await done;
  }
});

Deno.test("a hit in the memory tier costs no round trip, and a read that joins a flight none either", async () => {
  const here = world();
  const texts = pipe(sharedTexts(here), memoryIn(here), batch(batchIn(here)));
  assertEquals(await costOf(here, () => Promise.all([texts.get(1)(), texts.get(1)(), texts.get(2)()])), [3, 1]);
  assertEquals(await costOf(here, () => Promise.all([texts.get(1)(), texts.getMany([1, 2])()])), [0, 0]);
});

Deno.test("probe auto claims first in a cold tier, and looks first once more than half of its reads hit", async () => {
  const here = world();
  const texts = sharedTexts(here);
  assertEquals(await costOf(here, texts.get(1)), [2, 1]);
  for (let i = 0; i < 100; i++) await texts.get(1)();
  assertEquals(await costOf(here, texts.get(2)), [3, 1]);
  for (let i = 100; i < 200; i++) await texts.get(i)();
  assertEquals(await costOf(here, texts.get(3)), [2, 1]);
});

Deno.test("probe auto keeps looking where 60 of 100 reads hit, and claiming where 40 do", async () => {
  for (const [share, trips] of [[60, 3], [40, 2]] as const) {
    const here = world();
    const texts = sharedTexts(here);
    await texts.get(1)();
    for (let i = 0; i < 1_000; i++) await texts.get((i * 37) % 100 < share ? 1 : 1_000 + i)();
    assertEquals(await costOf(here, texts.get(2)), [trips, 1], `${share} of 100`);
  }
});
