import { assert, assertEquals, assertThrows } from "@std/assert";
import type { SharedOptions, Store } from "../../mod.ts";
import { duration } from "../../mod.ts";
import { allFound, found, left, right } from "../support/results.ts";
import type { World } from "../support/stack.ts";
import { memoryIn, sharedTexts, world } from "../support/stack.ts";
import { turn } from "../support/turn.ts";

type Options = Partial<SharedOptions<string>>;

const graceful: Options = { ttl: "10s", grace: "1m", onBusy: "wait" };

/** A shared tier with an entry that is past its freshness, and loads in the test's hands. */
async function expired(options: Options = {}): Promise<World & { readonly store: Store<number, string> }> {
  const here = world();
  const store = sharedTexts(here, { ...graceful, ...options });
  await store.get(1)();
  await here.clock.advance(10_000);
  here.texts.rows.set(1, "uno");
  here.texts.hold("loads");
  here.texts.loads.length = 0;
  return { ...here, store };
}

async function verdictOf(store: Store<number, string>, key = 1): Promise<string> {
  return right((await store.entries([key])())[0]!).verdict._tag;
}

Deno.test("D03 of callers that meet an expired value within its grace one refreshes, and all get the old value at once", async () => {
  const { store, texts, clock } = await expired();
  const reads = Array.from({ length: 50 }, () => store.get(1)());
  for (const each of reads) assertEquals(found(await each), "one");
  assertEquals(texts.loads.length, 1);
  assertEquals(await verdictOf(store), "Stale");
  await texts.loads[0]!.release();
  await turn();
  assertEquals(found(await store.get(1)()), "uno");
  assertEquals(texts.loads.length, 1);
  assertEquals(clock.now(), 10_000);
});

Deno.test("D03 so it is with a tier in this process, and with many keys at once", async () => {
  const here = world();
  const store = memoryIn(here, { ttl: "10s", grace: "1m", onBusy: "wait" })(here.texts.store);
  await store.getMany([1, 2])();
  await here.clock.advance(10_000);
  here.texts.hold("loads");
  here.texts.rows.set(1, "uno").set(2, "due");
  const reads = [store.getMany([1, 2])(), store.getMany([2, 1])()];
  for (const each of reads) assert(right(await each).every((value) => value._tag === "Some"));
  assertEquals(here.texts.loads.flatMap(({ keys }) => keys).sort(), [1, 1, 2, 2]);
  for (const { release } of here.texts.loads) await release();
  assertEquals(found(await store.get(1)()), "uno");
});

Deno.test("D04 with onStale: wait all callers wait for the one refresh", async () => {
  const { store, texts } = await expired({ onStale: "wait" });
  const reads = Array.from({ length: 50 }, () => store.get(1)());
  await turn();
  assertEquals(texts.loads.length, 1);
  await texts.loads[0]!.release();
  for (const each of reads) assertEquals(found(await each), "uno");
  assertEquals(texts.loads.length, 1);
});

Deno.test("D05 an entry superseded by a write is never served, however stale ones may be", async () => {
  const manners: ReadonlyArray<Options> = [{}, { onStale: "wait" }, { refresh: { ahead: 0.5 } }, {
    onFailure: "serve",
  }];
  for (const options of manners) {
    const { store, texts, faulty } = await expired(options);
    const refreshing = store.get(1)();
    await turn();
    await store.put(1, "nuovo")();
    for (const { release } of texts.loads) await release();
    texts.flow("loads");
    await refreshing;
    assertEquals(found(await store.get(1)()), "nuovo");
    // Nor where the write's outcome is unknown, and nothing can be loaded: there is nothing that may be served.
    await store.mutate(
      [1],
      () => () => Promise.resolve({ _tag: "Left", left: { outcome: "unknown", error: "?" } } as never),
    )();
    texts.hold("loads");
    const failing = store.get(1)();
    await turn();
    await texts.loads.at(-1)!.fail("down");
    assertEquals((await failing)._tag, "Left");
    assert(faulty.slots().every(([, { _tag }]) => _tag === "Locked"));
  }
});

Deno.test("D06 an entry is refreshed only when its age exceeds the ttl; forever never expires; 0 always loads", async () => {
  for (
    const [ttl, at, loads] of [["10s", 9_999, 1], ["10s", 10_000, 2], ["forever", 1e12, 1], ["0ms", 0, 2]] as const
  ) {
    const here = world();
    const store = sharedTexts(here, { ttl });
    await store.get(1)();
    await here.clock.advance(at);
    await store.get(1)();
    assertEquals(here.texts.loads.length, loads, `${ttl} at ${at}`);
  }
});

Deno.test("D07 age counts from the start of the load, not from its end", async () => {
  const here = world();
  const store = sharedTexts(here, { ttl: "10s" });
  here.texts.hold("loads");
  const reading = store.get(1)();
  await here.clock.advance(3_000);
  await here.texts.loads[0]!.release();
  await reading;
  const entry = right((await store.entries([1])())[0]!);
  assertEquals([Number(entry.age), Number(entry.fresh)], [3_000, 7_000]);
  here.texts.flow("loads");
  await here.clock.advance(7_000);
  await store.get(1)();
  assertEquals(here.texts.loads.length, 2);
});

Deno.test("D08 a value that was evicted early is loaded ahead of schedule", async () => {
  const here = world();
  const store = sharedTexts(here, graceful);
  await store.get(1)();
  here.faulty.restart();
  assertEquals(found(await store.get(1)()), "one");
  assertEquals(here.texts.loads.length, 2);
});

Deno.test("D09 a fresh hit costs one read, a load is not read back, an expired hit is read once and marked", async () => {
  const here = world();
  const store = sharedTexts(here, { ...graceful, probe: "look" });
  const rounds = async (): Promise<ReadonlyArray<string>> => {
    here.faulty.calls.length = 0;
    await store.get(1)();
    await turn();
    return here.faulty.calls.map((call) => call.map(({ operation }) => operation._tag).join());
  };
  assertEquals(await rounds(), ["look", "claim", "fill"]);
  assertEquals(await rounds(), ["look"]);
  await here.clock.advance(10_000);
  assertEquals(await rounds(), ["look", "refresh", "fill"]);
});

Deno.test("D15 a refresh runs in the background, and a runner is told of it; without a value the load is in the foreground", async () => {
  const works: Array<Promise<void>> = [];
  const { store, texts } = await expired({ background: (work) => void works.push(work) });
  assertEquals(found(await store.get(1)()), "one");
  assertEquals(works.length, 1);
  let ended = false;
  void works[0]!.then(() => ended = true);
  await turn();
  assertEquals(ended, false);
  await texts.loads[0]!.release();
  await works[0];
  assertEquals(found(await store.get(1)()), "uno");
  const missing = store.get(2)();
  await turn();
  await texts.loads[1]!.release();
  assertEquals(found(await missing), "two");
  assertEquals(works.length, 1);
});

Deno.test("a runner that throws changes nothing, and closing waits for what goes on behind", async () => {
  const { store, texts } = await expired({
    background: () => {
      throw new Error("no runner");
    },
  });
  assertEquals(found(await store.get(1)()), "one");
  let closed = false;
  const closing = store.close().then(() => closed = true);
  await turn();
  assertEquals(closed, false);
  await texts.loads[0]!.release();
  await closing;
});

Deno.test("D24 the ttl may be a function of the value, and may say not to store it", async () => {
  const here = world({ 1: "short", 2: "long", 3: "never" });
  const store = sharedTexts(here, {
    ttl: (value) =>
      value._tag === "None" || value.value === "never" ? "do not store" : value.value === "short" ? "1s" : "1h",
  });
  await store.getMany([1, 2, 3])();
  await here.clock.advance(1_000);
  await store.getMany([1, 2, 3])();
  assertEquals(here.texts.loads.slice(1).flatMap(({ keys }) => keys), [1, 3]);
});

Deno.test("a negativeTtl is that of no such key, which has no grace", async () => {
  const here = world({ 1: "one" });
  const store = sharedTexts(here, { ...graceful, negativeTtl: "2s" });
  await store.getMany([1, 9])();
  here.texts.rows.set(9, "nine");
  await here.clock.advance(1_999);
  assertEquals(found(await store.get(9)()), undefined);
  await here.clock.advance(1);
  assertEquals(allFound(await store.getMany([1, 9])()), ["one", "nine"]);
  assertEquals(here.texts.loads.slice(1).flatMap(({ keys }) => keys), [9]);
});

Deno.test("D24 a value whose ttl cannot be told is returned, and not stored", async () => {
  const here = world();
  const ttl = (): "1h" => {
    throw new Error("no idea");
  };
  for (const store of [sharedTexts(here, { ttl }), memoryIn(here, { ttl })(here.texts.store)]) {
    here.texts.loads.length = 0;
    for (let i = 0; i < 2; i++) assertEquals(found(await store.get(1)()), "one");
    assertEquals(here.texts.loads.length, 2);
  }
});

Deno.test("jitter shortens each ttl by some of its share, and by no more", async () => {
  const here = world(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [i, "text"])));
  const store = sharedTexts(here, { ttl: "100s", jitter: 0.5 });
  const keys = [...here.texts.rows.keys()];
  await store.getMany(keys)();
  const fresh = (await store.entries(keys)()).map((entry) => Number(right(entry).fresh));
  assert(fresh.every((each) => each > 50_000 && each <= 100_000));
  assert(new Set(fresh.map(Math.round)).size > 100);
});

Deno.test("refresh ahead renews a value whose ttl is nearly over: one load, and everybody is answered at once", async () => {
  const here = world();
  const store = sharedTexts(here, { ttl: "10s", onBusy: "wait", refresh: { ahead: 0.2 } });
  await store.get(1)();
  await here.clock.advance(8_000);
  assertEquals(await verdictOf(store), "HitShared");
  assertEquals(here.texts.loads.length, 1);
  await here.clock.advance(1);
  here.texts.hold("loads");
  here.texts.rows.set(1, "uno");
  const reads = Array.from({ length: 20 }, () => store.get(1)());
  for (const each of reads) assertEquals(found(await each), "one");
  assertEquals(here.texts.loads.length, 2);
  await here.texts.loads[1]!.release();
  assertEquals(found(await store.get(1)()), "uno");
});

Deno.test("xfetch renews by chance, the likelier the less of the ttl is left and the longer loads take", async () => {
  const shareAt = async (loadTime: number, at: number): Promise<number> => {
    let renewed = 0;
    for (let i = 0; i < 60; i++) {
      const here = world();
      const store = sharedTexts(here, { ttl: "10s", refresh: { xfetch: 1 } });
      here.texts.hold("loads");
      // The measured load time is an average over some loads.
      for (const key of Array.from({ length: 40 }, (_, i) => i)) {
        const reading = store.get(key)();
        await here.clock.advance(loadTime);
        await here.texts.loads.at(-1)!.release();
        await reading;
      }
      const reading = store.get(1_000)();
      await here.clock.advance(loadTime);
      await here.texts.loads.at(-1)!.release();
      await reading;
      const before = here.texts.loads.length;
      await here.clock.advance(at - loadTime);
      await store.get(1_000)();
      await turn();
      if (here.texts.loads.length > before) renewed++;
    }
    return renewed / 60;
  };
  assertEquals(await shareAt(1, 9_900), 0);
  assert(await shareAt(100, 9_980) > 0.5);
  assert(await shareAt(100, 9_000) < 0.2);
});

Deno.test("a soft load timeout serves the value in its grace, and the load goes on; a hard one fails the load", async () => {
  const { store, texts, clock } = await expired({ onStale: "wait", loadTimeout: { soft: "100ms", hard: "5s" } });
  const reading = store.get(1)();
  await clock.advance(99);
  let answered = false;
  void reading.then(() => answered = true);
  await turn();
  assertEquals(answered, false);
  await clock.advance(1);
  assertEquals(found(await reading), "one");
  await texts.loads[0]!.release();
  await turn();
  assertEquals(found(await store.get(1)()), "uno");
  assertEquals(texts.loads.length, 1);
  const missing = store.get(2)();
  await clock.advance(4_999);
  assertEquals(texts.loads.length, 2);
  await clock.advance(1);
  assertEquals(left(await missing)._tag, "TimedOut");
});

Deno.test("when a renewal fails the value in its grace is served, or the failure reported, by option", async () => {
  for (const [onFailure, expected] of [["serve", "one"], ["fail", "down"]] as const) {
    const { store, texts } = await expired({ onStale: "wait", onFailure });
    const reading = store.get(1)();
    await turn();
    await texts.loads[0]!.fail("down");
    const read = await reading;
    assertEquals(read._tag === "Left" ? (read.left as { cause: unknown }).cause : found(read), expected);
  }
});

Deno.test("past its grace a value is gone, and a failing load is a failure", async () => {
  const { store, texts, clock } = await expired();
  await clock.advance(60_000);
  const reading = store.get(1)();
  await turn();
  await texts.loads[0]!.fail("down");
  assertEquals(left(await reading), { _tag: "SourceFailed", cause: "down" });
});

Deno.test("X15 a failing loader with 40 callers runs at most once at a time, and a back-off of 200 ms limits its loads", async () => {
  for (const withValue of [false, true]) {
    const here = await expired({ backOff: "200ms", onStale: "wait" });
    if (!withValue) here.faulty.restart();
    let atOnce = 0;
    let over = 0;
    const ends = here.clock.now() + 1_500;
    const caller = async (): Promise<void> => {
      while (here.clock.now() < ends) {
        await here.store.get(1)();
        await new Promise<void>((resolve) => here.clock.after(10, resolve));
      }
      over++;
    };
    for (let i = 0; i < 40; i++) void caller();
    while (over < 40) {
      await here.clock.advance(5);
      const open = here.texts.loads.slice(atOnce);
      assert(open.length <= 1, `${open.length} loads at once`);
      for (const { fail } of open) await fail("down");
      atOnce = here.texts.loads.length;
    }
    assert(here.texts.loads.length <= 9, `${here.texts.loads.length} loads, with a value: ${withValue}`);
    assert(here.texts.loads.length >= 5);
  }
});

Deno.test("D10 a load that does not fail ends the rest of its key's loads; without one it ends with its time", async () => {
  for (const way of ["another load", "its time"] as const) {
    const here = world();
    const store = sharedTexts(here, { ...graceful, onBusy: "bypass", backOff: "1m" });
    here.texts.hold("loads");
    const first = store.get(1)();
    await turn();
    const forced = store.get(1, { force: true })();
    await turn();
    await here.texts.loads[1]!.fail("down");
    assertEquals(left(await forced)._tag, "SourceFailed");
    if (way === "another load") await here.texts.loads[0]!.release();
    else await here.texts.loads[0]!.fail("down");
    assertEquals((await first)._tag, way === "another load" ? "Right" : "Left");
    here.texts.flow("loads");
    right(await store.invalidate([1])());
    const next = await store.get(1)();
    assertEquals([next._tag, here.texts.loads.length], way === "another load" ? ["Right", 3] : ["Left", 2]);
    await here.clock.advance(60_000);
    assertEquals(found(await store.get(1)()), "one");
  }
});

Deno.test("D10 a caller that runs out of its own time leaves no rest behind", async () => {
  const here = world();
  const store = sharedTexts(here, { ...graceful, backOff: "1m" });
  here.texts.hold("loads");
  const hasty = store.get(1, { deadline: duration("50ms") })();
  await here.clock.advance(50);
  assertEquals(left(await hasty)._tag, "TimedOut");
  here.texts.flow("loads");
  assertEquals(found(await store.get(1)()), "one");
});

Deno.test("X10 a grace above does not outlive the entry below", async () => {
  const here = world();
  const store = memoryIn(here, { ttl: "1s", grace: "1h" })(sharedTexts(here, { ttl: "10s" }));
  await store.get(1)();
  await here.clock.advance(9_999);
  assertEquals(await verdictOf(store), "Stale");
  await turn();
  await here.clock.advance(10_000);
  here.texts.rows.set(1, "uno");
  assertEquals(found(await store.get(1)()), "uno");
});

Deno.test("what is in its grace below is not kept by a tier above, which would serve it for longer", async () => {
  const here = await expired();
  const store = memoryIn(here, { onBusy: "wait" })(here.store);
  assertEquals(found(await store.get(1)()), "one");
  await here.texts.loads[0]!.release();
  await turn();
  assertEquals(found(await store.get(1)()), "uno");
  assertEquals(store.peek(1), { _tag: "Some", value: { _tag: "Some", value: "uno" } });
});

Deno.test("X10 a tier above keeps an entry fresh no longer than the tier below has it fresh", async () => {
  const here = world();
  const below = sharedTexts(here, graceful);
  await below.get(1)();
  await here.clock.advance(9_000);
  const store = memoryIn(here, { ttl: "60s" })(below);
  await store.get(1)();
  await here.clock.advance(999);
  assertEquals(store.peek(1)._tag, "Some");
  await here.clock.advance(1);
  assertEquals(store.peek(1)._tag, "None");
});

const refusals: ReadonlyArray<readonly [string, Options, string]> = [
  ["grace after forever", { ttl: "forever", grace: "1m" }, "expected a ttl that ends"],
  ["grace without ttl", { ttl: undefined as never, grace: "1m" }, "expected a ttl, after which the grace begins"],
  ["a lease below the load timeout", { lease: "10s", loadTimeout: { hard: "11s" } }, "received a lease of 10s"],
  ["a soft above the hard timeout", { loadTimeout: { soft: "6s", hard: "5s" } }, "expected a soft load timeout below"],
  ["a hard load timeout of 0", { loadTimeout: { hard: "0ms" } }, "expected a hard load timeout above zero"],
  ["a refresh share of 0", { refresh: { ahead: 0 } }, "received 0"],
  ["a refresh share of 1", { refresh: { ahead: 1 } }, "received 1"],
  ["an xfetch of 0", { refresh: { xfetch: 0 } }, "expected a positive xfetch: received 0"],
  ["a jitter of 1", { jitter: 1 }, "expected a jitter from 0 up to but without 1: received 1"],
  ["an endless back-off", { backOff: "forever" }, "expected a duration that ends"],
];

for (const [name, options, message] of refusals) {
  Deno.test(`${name} is refused when the layer is built, with what was received`, () => {
    assertThrows(() => sharedTexts(world(), options), RangeError, message);
    assertThrows(() => memoryIn(world(), options as never), RangeError, message);
  });
}

for (const way of ["put", "remove", "invalidate"] as const) {
  Deno.test(`X01 a ${way} during a background refresh: what that loaded is not cached afterwards`, async () => {
    const { store, texts } = await expired();
    assertEquals(found(await store.get(1)()), "one");
    await turn();
    assertEquals(texts.loads.length, 1);
    if (way === "put") await store.put(1, "nuovo")();
    else if (way === "remove") await store.remove(1)();
    else {
      texts.rows.set(1, "nuovo");
      await store.invalidate([1])();
    }
    await texts.loads[0]!.release();
    await turn();
    texts.flow("loads");
    assertEquals(found(await store.get(1)()), way === "remove" ? undefined : "nuovo");
  });
}

Deno.test("D07 what was loaded behind its caller counts its age from the load's start as well", async () => {
  const { store, texts, clock } = await expired({ onStale: "wait", loadTimeout: { soft: "100ms" } });
  const reading = store.get(1)();
  await clock.advance(100);
  assertEquals(found(await reading), "one");
  await clock.advance(4_900);
  await texts.loads[0]!.release();
  await turn();
  const entry = right((await store.entries([1])())[0]!);
  assertEquals([Number(entry.age), Number(entry.fresh)], [5_000, 5_000]);
});

Deno.test("a renewal in a batch begins before the batch waits for others", async () => {
  const { store, texts, faulty, clock } = await expired();
  const call = { within: 1_000, lease: 10_000, level: "pinned" } as const;
  await faulty.backend.run([{ slot: "lamina:text:0:2", operation: { _tag: "claim", owner: "elsewhere" } }], call)();
  const reading = store.getMany([1, 2])();
  await turn();
  assertEquals(texts.loads.map(({ keys }) => keys), [[1]]);
  texts.flow("loads");
  await texts.loads[0]!.release();
  await clock.advance(11_000);
  assertEquals((await reading)._tag, "Right");
});
