import * as O from "fp-ts/lib/Option.js";
import { assertEquals } from "@std/assert";
import { memory, source } from "../../mod.ts";
import { heldWrite } from "../support/held_write.ts";
import { found, right } from "../support/results.ts";
import { memoryIn, sharedTexts, world } from "../support/stack.ts";
import { turn } from "../support/turn.ts";

Deno.test("peek answers at once what is known in this process, and does not know what is not", async () => {
  const here = world();
  const texts = memoryIn(here)(sharedTexts(here));
  assertEquals(texts.peek(1), O.none);
  await texts.getMany([1, 7])();
  assertEquals([texts.peek(1), texts.peek(7), texts.peek(2)], [O.some(O.some("one")), O.some(O.none), O.none]);
  await here.clock.advance(60_000);
  assertEquals([texts.peek(1), texts.peek(7)], [O.none, O.none]);
});

Deno.test("I2 peek knows nothing of a key that is being written, and the new value after a put next to the source", async () => {
  const here = world();
  const texts = memoryIn(here)(here.texts.store);
  await texts.get(1)();
  const renaming = heldWrite(() => here.texts.rows.set(1, "uno"));
  const writing = texts.mutate([1], renaming.write)();
  await turn();
  assertEquals(texts.peek(1), O.none);
  await renaming.commit();
  right(await writing);
  assertEquals(texts.peek(1), O.none);
  right(await texts.put(1, "dos")());
  assertEquals(texts.peek(1), O.some(O.some("dos")));
});

Deno.test("a tier above another does not publish what was written: it cannot know how long it may be kept", async () => {
  const here = world();
  const texts = memoryIn(here)(sharedTexts(here, { ttl: () => "do not store" }));
  right(await texts.put(1, "uno")());
  assertEquals(texts.peek(1), O.none);
});

Deno.test("S11 what the tier below does not store, a tier above may, by its own ttl", async () => {
  const here = world();
  const texts = memoryIn(here, { ttl: "5s" })(sharedTexts(here, { ttl: () => "do not store" }));
  assertEquals([found(await texts.get(1)()), found(await texts.get(1)())], ["one", "one"]);
  assertEquals(here.texts.loads.length, 1);
  await here.clock.advance(5_000);
  await texts.get(1)();
  assertEquals(here.texts.loads.length, 2);
});

Deno.test("a memory tier keeps at most its capacity, and what is read stays", async () => {
  const here = world();
  const texts = memoryIn(here, { capacity: 10 })(here.texts.store);
  for (let key = 0; key < 100; key++) {
    await texts.get(1)();
    await texts.get(key + 1_000)();
  }
  assertEquals(texts.peek(1)._tag, "Some");
  let known = 0;
  for (let key = 0; key < 100; key++) if (O.isSome(texts.peek(key + 1_000))) known++;
  assertEquals(known <= 9, true);
});

Deno.test("a memory tier keeps at most maxBytes, as sizeOf counts them; a larger value is not kept at all", async () => {
  const rows = new Map([[1, 10], [2, 10], [3, 10], [4, 31]]);
  const load = (keys: ReadonlyArray<number>) => Promise.resolve(keys.map((key) => rows.get(key)));
  const sized = memory({ capacity: 100, maxBytes: 30, sizeOf: Number, ttl: "1m" })(source({ load }));
  for (const key of [1, 2, 3]) await sized.get(key)();
  assertEquals([1, 2, 3].map((key) => sized.peek(key)._tag), ["Some", "Some", "Some"]);
  assertEquals(found(await sized.get(4)()), 31);
  assertEquals(sized.peek(4)._tag, "None");
});

Deno.test("I1 a lock is kept when the tier is full of others, so that no value is filled behind a writer", async () => {
  const here = world();
  const texts = memoryIn(here, { capacity: 1 })(here.texts.store);
  const writes = [1, 2, 3].map((key) => ({ key, ...heldWrite(() => here.texts.rows.set(key, "new")) }));
  const writing = writes.map(({ key, write }) => texts.mutate([key], write)());
  await turn();
  for (const key of [1, 2, 3, 4, 5]) await texts.get(key)();
  assertEquals([1, 2, 3].map((key) => texts.peek(key)._tag), ["None", "None", "None"]);
  for (const { commit } of writes) await commit();
  (await Promise.all(writing)).forEach(right);
  for (const key of [1, 2, 3]) assertEquals(found(await texts.get(key)()), "new");
});

Deno.test("two tiers of one layer are two: a layer kept in a constant shares nothing", async () => {
  const here = world();
  const layer = memoryIn(here);
  const [first, second] = [layer(here.texts.store), layer(here.texts.store)];
  await first.get(1)();
  assertEquals([first.peek(1)._tag, second.peek(1)._tag], ["Some", "None"]);
});

Deno.test("structured keys are equal by value in a memory tier, and text is never taken for a number", async () => {
  const asked: Array<unknown> = [];
  const load = (keys: ReadonlyArray<unknown>) => (asked.push(...keys), Promise.resolve(keys.map(() => "v")));
  const texts = memory({ capacity: 100, ttl: "1m" })(source<unknown, string>({ load }));
  for (
    const key of [["a", "b"], ["a", "b"], "a,b", { x: 1, y: 2 }, { y: 2, x: 1 }, 1, "1", 1n, null, "null", undefined]
  ) {
    await texts.get(key)();
  }
  assertEquals(asked, [["a", "b"], "a,b", { x: 1, y: 2 }, 1, "1", 1n, null, "null", undefined]);
});

Deno.test("who looks at every transition of a memory tier is told of hits too", async () => {
  const here = world();
  const steps: Array<string> = [];
  const observer = { transition: ({ from, to }: { from: string; to: string }) => void steps.push(`${from} → ${to}`) };
  const texts = memoryIn(here, { observer })(here.texts.store);
  await texts.get(1)();
  await texts.get(1)();
  assertEquals(steps, ["Claiming → Loading", "Loading → Filling", "Filling → Filled", "Claiming → Hit"]);
});
