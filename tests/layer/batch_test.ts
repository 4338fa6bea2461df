import { pipe } from "fp-ts/lib/function.js";
import { assertEquals } from "@std/assert";
import type { Duration } from "../../mod.ts";
import { batch, fromVerbs, scope, source } from "../../mod.ts";
import { allFound, found, left } from "../support/results.ts";
import { batchIn, memoryIn, sharedTexts, world } from "../support/stack.ts";
import { turn } from "../support/turn.ts";

Deno.test("P04 single reads of one turn become one getMany, also from inside running continuations", async () => {
  const here = world();
  const texts = batch(batchIn(here))(here.texts.store);
  const later = async (key: number, steps: number): Promise<string | undefined> => {
    for (let i = 0; i < steps; i++) await Promise.resolve();
    return found(await texts.get(key)());
  };
  const many = texts.getMany([3, 7])();
  assertEquals(await Promise.all([later(1, 0), later(2, 1), later(1, 5), later(2, 20)]), ["one", "two", "one", "two"]);
  assertEquals(allFound(await many), ["three", undefined]);
  assertEquals(here.texts.loads.map(({ keys }) => keys.toSorted()), [[1, 2, 3, 7]]);
});

Deno.test("P04 reads within a window become one getMany, and a later one the next", async () => {
  const here = world();
  const texts = batch({ ...batchIn(here), window: "10ms" })(here.texts.store);
  const first = texts.get(1)();
  await here.clock.advance(9);
  const second = texts.get(2)();
  await here.clock.advance(1);
  const third = texts.get(3)();
  await here.clock.advance(10);
  assertEquals([found(await first), found(await second), found(await third)], ["one", "two", "three"]);
  assertEquals(here.texts.loads.map(({ keys }) => keys), [[1, 2], [3]]);
});

Deno.test("P05 a batch is split at its maximum size", async () => {
  const here = world();
  const texts = batch(batchIn(here, 2))(here.texts.store);
  assertEquals(allFound(await texts.getMany([1, 2, 3, 4, 5])()), ["one", "two", "three", undefined, undefined]);
  assertEquals(here.texts.loads.map(({ keys }) => keys), [[1, 2], [3, 4], [5]]);
});

Deno.test("P05 a failing key does not fail the others where the source can tell them apart", async () => {
  const cause = new Error("row 2 is broken");
  const broken = source({
    load: (keys: ReadonlyArray<number>) => Promise.resolve(keys.map((key) => key === 2 ? cause : key)),
  });
  const here = world();
  for (const store of [pipe(broken, batch(batchIn(here))), pipe(broken, memoryIn(here), batch(batchIn(here)))]) {
    const [one, two, three] = await Promise.all([1, 2, 3].map((key) => store.get(key)()));
    assertEquals([found(one!), left(two!), found(three!)], [1, { _tag: "SourceFailed", cause }, 3]);
    assertEquals((await store.entries([1, 2])()).map(({ _tag }) => _tag), ["Right", "Left"]);
  }
});

Deno.test("X11 many cold callers of one batch load each key once", async () => {
  for (const over of ["the source", "a shared tier", "a memory tier"] as const) {
    const here = world();
    const below = over === "the source" ? here.texts.store : sharedTexts(here);
    const texts = batch(batchIn(here))(over === "a memory tier" ? memoryIn(here)(below) : below);
    const callers = await Promise.all(Array.from({ length: 100 }, () => texts.getMany([1, 2, 3])()));
    for (const read of callers) assertEquals(allFound(read), ["one", "two", "three"]);
    assertEquals(here.texts.loads.map(({ keys }) => keys), [[1, 2, 3]], over);
  }
});

Deno.test("X11 callers that come while the load is under way share it once its fill is confirmed", async () => {
  const here = world();
  const texts = pipe(sharedTexts(here), memoryIn(here), batch(batchIn(here)));
  here.texts.hold("loads");
  const callers = [];
  for (let i = 0; i < 20; i++) {
    callers.push(texts.getMany([1, 2, 3])());
    await turn();
  }
  assertEquals(here.texts.loads.length, 1);
  await here.texts.loads[0]!.release();
  for (const read of await Promise.all(callers)) assertEquals(allFound(read), ["one", "two", "three"]);
  assertEquals(here.texts.loads.length, 1);
});

Deno.test("a failure is shared by the callers that waited for it, and the next caller tries again", async () => {
  const here = world();
  const texts = batch(batchIn(here))(sharedTexts(here));
  here.texts.hold("loads");
  const first = texts.get(1)();
  await turn();
  const second = texts.get(1)();
  await here.texts.loads[0]!.fail("down");
  for (const read of [await first, await second]) assertEquals(left(read), { _tag: "SourceFailed", cause: "down" });
  here.texts.flow("loads");
  assertEquals(found(await texts.get(1)()), "one");
});

Deno.test("a caller that leaves a flight by deadline or signal does not take the others with it", async () => {
  const here = world();
  const texts = batch(batchIn(here))(sharedTexts(here));
  here.texts.hold("loads");
  const controller = new AbortController();
  const patient = texts.get(1)();
  const hasty = texts.get(1, { deadline: 50 as Duration })();
  const leaving = texts.get(1, { signal: controller.signal })();
  await here.clock.advance(50);
  controller.abort();
  assertEquals([left(await hasty)._tag, left(await leaving)._tag], ["TimedOut", "Cancelled"]);
  await here.texts.loads[0]!.release();
  assertEquals(found(await patient), "one");
});

Deno.test("a forced read joins no load that is under way", async () => {
  const here = world();
  const texts = pipe(sharedTexts(here), batch(batchIn(here)));
  here.texts.hold("loads");
  const plain = texts.get(1)();
  await turn();
  here.texts.rows.set(1, "changed behind");
  const forced = texts.get(1, { force: true })();
  await turn();
  for (const load of here.texts.loads) await load.release();
  assertEquals([found(await plain), found(await forced)], ["one", "changed behind"]);
});

Deno.test("X19 closing a batch lets reads that are still collected be answered", async () => {
  const here = world();
  const texts = pipe(here.texts.store, batch({ ...batchIn(here), window: "10ms" }));
  const reading = texts.get(1)();
  const closing = texts.close();
  const tooLate = texts.get(2)();
  await here.clock.advance(10);
  await closing;
  assertEquals(found(await reading), "one");
  assertEquals(left(await tooLate)._tag, "Closed");
  assertEquals(left(await texts.get(1)())._tag, "Closed");
});

Deno.test("a layer below that leaves holes among its entries fails those reads, and holds up no other", async () => {
  const here = world();
  const { store } = here.texts;
  const holed = fromVerbs<number, string>({
    ...store,
    entries: (keys, options) => async () => {
      const entries = [...await store.entries(keys, options)()];
      delete entries[keys.indexOf(2)];
      return entries;
    },
  });
  const ways = { batch: batch(batchIn(here))(holed), scope: scope(holed, { clock: here.clock }) };
  for (const [way, texts] of Object.entries(ways)) {
    for (const options of [undefined, {}, ...(way === "scope" ? [{ force: true }] : [])]) {
      const each = options?.force === true
        ? (await texts.entries([1, 2, 3], options)()).map(({ _tag }) => _tag)
        : (await Promise.all([1, 2, 3].map((key) => texts.get(key, options)()))).map(({ _tag }) => _tag);
      assertEquals(each, ["Right", "Left", "Right"], way);
    }
  }
});

Deno.test("one read, reads of several keys and a read with options meet in one call, and say the same", async () => {
  const here = world();
  const { store } = here.texts;
  for (const texts of [batch(batchIn(here))(store), scope(store, { clock: here.clock })]) {
    here.texts.loads.length = 0;
    const keys = [1, 2, 7, NaN];
    const single = Promise.all(keys.map((key) => texts.get(key)()));
    const bounded = Promise.all(keys.map((key) => texts.get(key, { deadline: 50 as Duration })()));
    const several = texts.entries(keys)();
    const said = (await several).map((each) => each._tag === "Left" ? each : { ...each, right: each.right.value });
    assertEquals(await single, said);
    assertEquals(await bounded, said);
    assertEquals(here.texts.loads.map((load) => load.keys), [[1, 2, 7]]);
    assertEquals(await texts.entries([])(), []);
  }
});
