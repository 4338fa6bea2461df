import { assert, assertEquals, assertThrows } from "@std/assert";
import * as O from "fp-ts/lib/Option.js";
import { pipe } from "fp-ts/lib/function.js";
import * as fc from "fast-check";
import * as t from "io-ts";
import type { Backend, SharedOptions, Store } from "../../mod.ts";
import { batch, shared, source } from "../../mod.ts";
import { allFound, found, left, right } from "../support/results.ts";
import type { World } from "../support/stack.ts";
import { batchIn, memoryIn, sharedTexts, world } from "../support/stack.ts";
import { turn } from "../support/turn.ts";

const waiting: Partial<SharedOptions<string>> = { onBusy: "wait" };

/** What the backend was asked to do, by kind. */
function asked({ faulty }: World): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { operation: { _tag } } of faulty.calls.flat()) counts[_tag] = (counts[_tag] ?? 0) + 1;
  return counts;
}

Deno.test("D01 concurrent callers of a key without a value cause one load; all others wait and get its result", async () => {
  const here = world();
  const texts = sharedTexts(here, waiting);
  here.texts.hold("loads");
  const first = Array.from({ length: 100 }, () => texts.get(1)());
  await turn();
  const later = Array.from({ length: 100 }, () => texts.get(1)());
  await turn();
  assertEquals(here.texts.loads.length, 1);
  await here.texts.loads[0]!.release();
  for (const each of [...first, ...later]) assertEquals(found(await each), "one");
  assertEquals(here.texts.loads.length, 1);
  // One asked for all of its turn. Who came after the load had begun asked nothing, since it knew of the load.
  assertEquals(asked(here), { claim: 1, fill: 1 });
  assertEquals(here.clock.pending(), 0);
});

Deno.test("D01 so it is in a tier of this process", async () => {
  const here = world();
  const texts = memoryIn(here, { onBusy: "wait" })(here.texts.store);
  here.texts.hold("loads");
  const reads = Array.from({ length: 100 }, () => texts.get(1)());
  await turn();
  assertEquals(here.texts.loads.length, 1);
  await here.texts.loads[0]!.release();
  for (const each of reads) assertEquals(found(await each), "one");
});

Deno.test("who does not want what is there holds up nobody who does", async () => {
  for (const kind of ["shared", "memory"] as const) {
    const here = world();
    const texts = kind === "shared" ? sharedTexts(here, waiting) : memoryIn(here, { onBusy: "wait" })(here.texts.store);
    right(await texts.get(1)());
    here.texts.hold("loads");
    const forced = texts.get(1, { force: true })();
    await turn();
    const seen: Array<string> = [];
    for (const keys of [[1], [1, 1]]) {
      void texts.entries(keys)().then((all) => all.forEach((each) => seen.push(right(each).verdict._tag)));
    }
    await turn();
    const hit = kind === "shared" ? "HitShared" : "HitMemory";
    assertEquals(seen, [hit, hit, hit]);
    await here.texts.loads[1]!.release();
    assertEquals([found(await forced), here.texts.loads.length], ["one", 2]);
  }
});

Deno.test("D02 that holds across stores that share a backend: waiting readers of both get one load's value", async () => {
  const here = world();
  const stores = [sharedTexts(here, waiting), sharedTexts(here, waiting)];
  here.texts.hold("loads");
  const reads = stores.flatMap((texts) => [texts.get(1)(), texts.get(1)()]);
  await turn();
  assertEquals(here.texts.loads.length, 1);
  await here.texts.loads[0]!.release();
  for (const each of reads) assertEquals(found(await each), "one");
  assertEquals(here.texts.loads.length, 1);
});

Deno.test("D13 a waiter of another process is woken by the fill: no time passes", async () => {
  const here = world();
  const [one, other] = [sharedTexts(here, waiting), sharedTexts(here, waiting)];
  here.texts.hold("loads");
  void one.get(1)();
  await turn();
  const reading = other.entries([1])();
  await turn();
  await here.texts.loads[0]!.release();
  assertEquals(right((await reading)[0]!).verdict, { _tag: "Waited", tier: "text", level: "pinned" });
  assertEquals(here.clock.now(), 0);
});

Deno.test("D13 without any notification a waiter polls; a lost one costs a poll interval", async () => {
  for (const [notified, atMost] of [[false, 50], [true, 250]] as const) {
    const here = world();
    const { changed: _, ...quiet } = here.faulty.backend;
    const deaf = { ...quiet, ...(notified ? { changed: () => () => new Promise<void>(() => {}) } : {}) };
    const one = sharedTexts(here, waiting);
    const other = sharedTexts(here, { ...waiting, backend: deaf });
    here.texts.hold("loads");
    void one.get(1)();
    await turn();
    const reading = other.get(1)();
    await here.clock.advance(1_000);
    await here.texts.loads[0]!.release();
    await here.clock.advance(atMost);
    assertEquals(found(await reading), "one");
    assertEquals(here.texts.loads.length, 1);
  }
});

Deno.test("X09 a backend whose word of changes throws or rejects is polled", async () => {
  const words = [() => {
    throw new Error("no");
  }, () => () => Promise.reject(new Error("no"))];
  for (const changed of words) {
    const here = world();
    const one = sharedTexts(here, waiting);
    const other = sharedTexts(here, { ...waiting, backend: { ...here.faulty.backend, changed } });
    here.texts.hold("loads");
    void one.get(1)();
    await turn();
    const reading = other.get(1)();
    await here.clock.advance(100);
    await here.texts.loads[0]!.release();
    await here.clock.advance(250);
    assertEquals(found(await reading), "one");
  }
});

Deno.test("D12 X13 waiting has a deadline: at it the caller loads for itself, and does not fill", async () => {
  const here = world();
  const [one, other] = [sharedTexts(here, waiting), sharedTexts(here, { onBusy: { wait: "2s" } })];
  here.texts.hold("loads");
  void one.get(1)();
  await turn();
  const reading = other.entries([1])();
  await here.clock.advance(1_999);
  assertEquals(here.texts.loads.length, 1);
  await here.clock.advance(1);
  assertEquals(here.texts.loads.length, 2);
  await here.texts.loads[1]!.release();
  assertEquals(right((await reading)[0]!).verdict._tag, "Bypassed");
  await turn();
  assertEquals([asked(here)["fill"], here.faulty.slots().map(([, { _tag }]) => _tag)], [undefined, ["Claimed"]]);
});

Deno.test("D12 where nothing else is said a wait lasts for two leases, however often the claim changes hands", async () => {
  const here = world();
  const busy: Backend<Uint8Array> = {
    ...here.faulty.backend,
    run: (requests) => () => Promise.resolve(requests.map(() => ({ _tag: "Busy" as const }))),
    changed: () => () => new Promise<void>(() => {}),
  };
  const texts = sharedTexts(here, { backend: busy, onBusy: "wait", lease: "6s" });
  const reading = texts.entries([1])();
  await here.clock.advance(11_999);
  assertEquals(here.texts.loads.length, 0);
  await here.clock.advance(1);
  assertEquals(here.texts.loads.length, 1);
  assertEquals(right((await reading)[0]!).verdict._tag, "Bypassed");
});

Deno.test("D14 a crashed loader delays others by at most the claim's lease", async () => {
  const here = world();
  const [crashed, other] = [sharedTexts(here, waiting), sharedTexts(here, waiting)];
  here.texts.hold("loads");
  void crashed.get(1)();
  await turn();
  await here.clock.advance(100);
  const reading = other.entries([1])();
  await here.clock.advance(9_899);
  assertEquals(here.texts.loads.length, 1);
  // A poll after the lease's end at the latest.
  await here.clock.advance(1 + 250);
  assertEquals(here.texts.loads.length, 2);
  await here.texts.loads[1]!.release();
  assertEquals(right((await reading)[0]!).verdict._tag, "Filled");
});

Deno.test("a caller's own deadline and signal end its wait, and nobody else's", async () => {
  const here = world();
  const texts = sharedTexts(here, waiting);
  here.texts.hold("loads");
  const loader = texts.get(1)();
  await turn();
  const controller = new AbortController();
  const hurried = texts.get(1, { deadline: 50 as never })();
  const leaving = texts.get(1, { signal: controller.signal })();
  const patient = texts.get(1)();
  await turn();
  controller.abort();
  assertEquals(left(await leaving), { _tag: "Cancelled" });
  await here.clock.advance(50);
  assertEquals(left(await hurried)._tag, "TimedOut");
  await here.texts.loads[0]!.release();
  assertEquals([found(await loader), found(await patient)], ["one", "one"]);
  assertEquals(here.texts.loads.length, 1);
});

Deno.test("D10 a failing load is shared by the callers that waited for it; each further caller may try again", async () => {
  const here = world();
  const texts = sharedTexts(here, waiting);
  here.texts.hold("loads");
  const reads = Array.from({ length: 10 }, () => texts.get(1)());
  await turn();
  await here.texts.loads[0]!.fail("down");
  for (const each of reads) assertEquals(left(await each), { _tag: "SourceFailed", cause: "down" });
  assertEquals(here.texts.loads.length, 1);
  const again = texts.get(1)();
  await turn();
  await here.texts.loads[1]!.release();
  assertEquals(found(await again), "one");
});

Deno.test("a load that its caller left or had no time for fails nobody who waits for it", async () => {
  for (const way of ["signal", "deadline"] as const) {
    const here = world();
    const texts = sharedTexts(here, waiting);
    here.texts.hold("loads");
    const controller = new AbortController();
    const leaver = texts.get(1, way === "signal" ? { signal: controller.signal } : { deadline: 50 as never })();
    await turn();
    const patient = texts.get(1)();
    await turn();
    if (way === "signal") controller.abort();
    else await here.clock.advance(50);
    assertEquals((await leaver)._tag, "Left");
    await turn();
    assertEquals(here.texts.loads.length, 2);
    await here.texts.loads[1]!.release();
    assertEquals(found(await patient), "one");
  }
});

Deno.test("D11 X05 a loader that lost its claim returns what it loaded; who waits for it loads anew", async () => {
  const here = world();
  const texts = sharedTexts(here, waiting);
  here.texts.hold("loads");
  const overtaken = texts.get(1)();
  await turn();
  const waiter = texts.get(1)();
  await turn();
  await texts.put(1, "uno")();
  await here.texts.loads[0]!.release();
  assertEquals(found(await overtaken), "one");
  assertEquals(found(await waiter), "uno");
  assertEquals(here.texts.loads.length, 1);
});

Deno.test("X17 a read after an acknowledged write takes nothing of a load or a look that began before it", async () => {
  for (const way of ["shared", "memory", "memory over shared", "batch over shared"] as const) {
    const here = world();
    const texts = pipe(
      here.texts.store,
      (below) => way === "memory" ? below : sharedTexts(here, waiting),
      (below) => way.startsWith("memory") ? memoryIn(here, { onBusy: "wait" })(below) : below,
      (below) => way.startsWith("batch") ? batch(batchIn(here))(below) : below,
    );
    here.texts.hold("loads");
    const before = texts.get(1)();
    await turn();
    await turn();
    assertEquals(here.texts.loads.length, 1, way);
    await texts.put(1, "uno")();
    const after = texts.get(1)();
    await turn();
    for (const { release } of here.texts.loads) await release();
    here.texts.flow("loads");
    assertEquals(found(await after), "uno", way);
    await before;
  }
});

Deno.test("batches that want each other's keys never wait on each other for ever", async () => {
  const keys = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(keys, { minLength: 2, maxLength: 6 }), async (batches) => {
      const here = world(Object.fromEntries(Array.from({ length: 12 }, (_, i) => [i + 1, `text ${i + 1}`])));
      const stores = [sharedTexts(here, waiting), sharedTexts(here, waiting)];
      here.texts.hold("loads");
      const reads = batches.map((each, i) => stores[i % 2]!.getMany(each)());
      await turn();
      for (const { release } of here.texts.loads) await release();
      for (const [i, read] of reads.entries()) {
        assertEquals(
          allFound(await read),
          batches[i]!.map((key) => `text ${key}`),
        );
      }
      // X11: each key was loaded once.
      const loaded = here.texts.loads.flatMap(({ keys }) => keys);
      assertEquals(loaded.length, new Set(loaded).size);
      assertEquals(here.clock.now(), 0);
    }),
    { numRuns: 100 },
  );
});

Deno.test("X11 a batch read by many cold callers loads each key once", async () => {
  const here = world();
  const texts = sharedTexts(here, waiting);
  here.texts.hold("loads");
  const reads = Array.from({ length: 20 }, (_, i) => texts.getMany(i % 2 === 0 ? [1, 2, 3] : [3, 2, 1])());
  await turn();
  for (const { release } of here.texts.loads) await release();
  for (const each of reads) assertEquals(new Set(allFound(await each)), new Set(["one", "two", "three"]));
  assertEquals(here.texts.loads.flatMap(({ keys }) => keys).sort(), [1, 2, 3]);
});

Deno.test("D27 loads that read other keys through the same store do not deadlock", async () => {
  const { clock, faulty } = world();
  const texts: Store<number, string> = shared({
    backend: faulty.backend,
    name: "nested",
    codec: t.string,
    ttl: "1m",
    clock,
  })(source({
    clock,
    load: (keys) =>
      Promise.all(keys.map(async (key) => key === 0 ? "end" : `${key} ${found(await texts.get(key - 1)())}`)),
  }));
  const [three, four, both] = await Promise.all([texts.get(3)(), texts.get(4)(), texts.getMany([5, 2])()]);
  assertEquals([found(three), found(four)], ["3 2 1 end", "4 3 2 1 end"]);
  assertEquals(allFound(both), ["5 4 3 2 1 end", "2 1 end"]);
  assertEquals(clock.now(), 0);
});

interface Row {
  readonly tags: Array<string>;
}
const Row: t.Type<Row, unknown, unknown> = t.type({ tags: t.array(t.string) });

Deno.test("X08 who waited for a load gets a value of its own", async () => {
  for (const callers of ["of one turn", "of two turns", "of two batches"] as const) {
    const { clock, faulty: { backend } } = world();
    const loading = Promise.withResolvers<void>();
    const load = (keys: ReadonlyArray<number>): Promise<ReadonlyArray<Row>> =>
      loading.promise.then(() => keys.map(() => ({ tags: [] })));
    const rows = shared({ backend, name: "row", codec: Row, ttl: "1m", clock })(source({ clock, load }));
    const keys = callers === "of two batches" ? [1, 2] : [1];
    const first = rows.entries(keys)();
    if (callers !== "of one turn") await turn();
    const second = rows.entries(keys)();
    await turn();
    loading.resolve();
    const given = (await Promise.all([first, second])).map(([entry]) => right(entry!));
    assertEquals(given.map(({ verdict }) => verdict._tag).sort(), ["Filled", "Waited"], callers);
    const values = given.map(({ value }) => O.toUndefined(value)!);
    for (const { tags } of values) tags.push("spoilt");
    assertEquals(values, [{ tags: ["spoilt"] }, { tags: ["spoilt"] }], callers);
    assertEquals(found(await rows.get(1)()), { tags: [] }, callers);
  }
});

Deno.test("D01 readers of what cannot be stored share its load, and do not load one after the other", async () => {
  const here = world();
  const texts = sharedTexts(here, { ...waiting, ttl: () => "do not store" });
  here.texts.hold("loads");
  const reads = Array.from({ length: 100 }, () => texts.get(1)());
  await turn();
  await here.texts.loads[0]!.release();
  for (const each of reads) assertEquals(found(await each), "one");
  assertEquals(here.texts.loads.length, 1);
});

Deno.test("X13 a word of changes that comes at once, again and again, is not believed for ever", async () => {
  const here = world();
  const one = sharedTexts(here, waiting);
  let words = 0;
  const changed = () => () => (words++, Promise.resolve());
  const other = sharedTexts(here, { ...waiting, backend: { ...here.faulty.backend, changed } });
  here.texts.hold("loads");
  void one.get(1)();
  await turn();
  const reading = other.get(1)();
  await here.clock.advance(1_000);
  assert(words < 250, `${words} words`);
  await here.texts.loads[0]!.release();
  await here.clock.advance(10);
  assertEquals(found(await reading), "one");
});

Deno.test("a wait without a deadline is refused when the layer is built", () => {
  const here = world();
  assertThrows(
    () => sharedTexts(here, { onBusy: { wait: "forever" } }),
    RangeError,
    "Cannot bound a wait for another's load: expected a duration that ends: received forever",
  );
});
