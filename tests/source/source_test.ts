import * as E from "fp-ts/lib/Either.js";
import { assertEquals } from "@std/assert";
import type { Duration, Write } from "../../mod.ts";
import { source, writing } from "../../mod.ts";
import { virtualClock } from "../../lib/testing/virtual_clock.ts";
import { withoutRejections } from "../support/rejections.ts";
import { found, left, right } from "../support/results.ts";
import { memoryIn, sharedTexts, world } from "../support/stack.ts";
import { turn } from "../support/turn.ts";

Deno.test("a source without save is read-only: a put fails, typed, and says to use mutate", async () => {
  const here = world();
  const readOnly = source({ load: (keys: ReadonlyArray<number>) => Promise.resolve(keys.map(String)) });
  for (const store of [readOnly, memoryIn(here)(readOnly)]) {
    for (const write of [store.put(1, "x"), store.remove(1)]) {
      const { outcome, error } = left(await write());
      assertEquals([outcome, error._tag], ["aborted", "Unsupported"]);
      assertEquals(error._tag === "Unsupported" && error.instead.includes("mutate"), true);
    }
    right(await store.invalidate([1])());
  }
});

Deno.test("a failing save is of unknown outcome, unless outcomeOf tells that nothing was applied", async () => {
  const cause = new Error("constraint");
  for (const told of [undefined, "unknown", "aborted"] as const) {
    const expected = told ?? "unknown";
    const here = world({}, told === undefined ? {} : { outcomeOf: () => told });
    const texts = sharedTexts(here);
    here.texts.hold("saves");
    const saving = texts.put(1, "uno")();
    await turn();
    await here.texts.saves[0]!.fail(cause);
    assertEquals(left(await saving), { outcome: expected, error: { _tag: "SourceFailed", cause } });
    const verdict = right((await texts.entries([1])())[0]!).verdict._tag;
    assertEquals(verdict, expected === "aborted" ? "Filled" : "Bypassed");
  }
});

Deno.test("an outcomeOf that throws, or says nonsense, leaves the outcome unknown", async () => {
  for (
    const outcomeOf of [
      () => {
        throw new Error("no idea");
      },
      () => "committed" as never,
      () => undefined as never,
    ]
  ) {
    const store = source<number, string>({
      load: () => Promise.resolve([]),
      save: () => Promise.reject("no"),
      outcomeOf,
    });
    assertEquals(left(await store.put(1, "x")()).outcome, "unknown");
  }
});

Deno.test("a save that throws, and a write that throws before it returns a promise, are values too", async () => {
  await withoutRejections(async () => {
    const thrown = new Error("thrown");
    const save = () => {
      throw thrown;
    };
    const here = world();
    const store = memoryIn(here)(source<number, string>({ load: () => Promise.resolve([]), save, clock: here.clock }));
    assertEquals(left(await store.put(1, "x")()), {
      outcome: "unknown",
      error: { _tag: "SourceFailed", cause: thrown },
    });
    const write = (): Write<void> => save();
    assertEquals(left(await store.mutate([2], write)()), {
      outcome: "unknown",
      error: { _tag: "SourceFailed", cause: thrown },
    });
    const rejecting = (): Write<void> => () => Promise.reject(thrown);
    assertEquals(left(await store.mutate([3], rejecting)()).outcome, "unknown");
  });
});

Deno.test("a save gets its changes, and a deadline whose signal aborts at the commit timeout", async () => {
  const here = world({}, { commit: "2s" });
  const texts = sharedTexts(here);
  here.texts.hold("saves");
  const saving = [texts.put(1, "uno")(), texts.remove(2)()];
  await turn();
  assertEquals(here.texts.saves.map(({ changes }) => changes), [
    [{ key: 1, value: { _tag: "Some", value: "uno" } }],
    [{ key: 2, value: { _tag: "None" } }],
  ]);
  const { within } = here.texts.saves[0]!;
  const { signal } = within;
  assertEquals([within.left() as number, signal.aborted], [2_000, false]);
  await here.clock.advance(2_000);
  assertEquals([within.left() as number, signal.aborted], [0, true]);
  assertEquals(left(await saving[0]!).outcome, "unknown");
  // The other signal was never asked for: who asks late still learns that it is over.
  assertEquals(here.texts.saves[1]!.within.signal.aborted, true);
});

Deno.test("a loader's signal aborts when its time is over, when its caller leaves, and not when it is done", async () => {
  const clock = virtualClock();
  const signals: Array<AbortSignal> = [];
  let release: () => void = () => {};
  const store = source({
    clock,
    loadTimeout: "1s",
    load: (keys: ReadonlyArray<number>, { signal }) => {
      signals.push(signal);
      return new Promise<ReadonlyArray<number>>((resolve) => release = () => resolve(keys));
    },
  });
  const slow = store.get(1)();
  await clock.advance(1_000);
  assertEquals([left(await slow)._tag, signals[0]!.aborted], ["TimedOut", true]);

  const controller = new AbortController();
  const leaving = store.get(1, { signal: controller.signal })();
  controller.abort();
  assertEquals([left(await leaving)._tag, signals[1]!.aborted], ["Cancelled", true]);

  const done = store.get(1, { deadline: 50 as Duration })();
  await turn();
  release();
  assertEquals(found(await done), 1);
  await clock.advance(10_000);
  assertEquals([signals[2]!.aborted, clock.pending()], [false, 0]);
  assertEquals(left(await store.get(1, { signal: AbortSignal.abort() })())._tag, "Cancelled");
  assertEquals(signals.length, 3);
});

Deno.test("writing makes a write of a promise, and tells aborted from unknown by outcomeOf", async () => {
  const here = world();
  const texts = sharedTexts(here);
  assertEquals(right(await texts.mutate([1], writing(() => Promise.resolve(42)))()), 42);
  const cause = new Error("constraint");
  const refused = writing(() => Promise.reject(cause), () => "aborted");
  assertEquals(left(await texts.mutate([1], refused)()), {
    outcome: "aborted",
    error: { _tag: "SourceFailed", cause },
  });
});

Deno.test("a write's own typed failure comes back as it was given", async () => {
  const here = world();
  const failing = (): Write<never, "not the owner"> => () =>
    Promise.resolve(E.left({ outcome: "aborted" as const, error: "not the owner" as const }));
  const done = await memoryIn(here)(sharedTexts(here)).mutate([1], failing)();
  assertEquals(left(done), { outcome: "aborted", error: "not the owner" });
});

Deno.test("a source has no transactions yet, and says what to use", async () => {
  const here = world();
  for (const store of [here.texts.store, sharedTexts(here), memoryIn(here)(here.texts.store)]) {
    const { outcome, error } = left(await store.transact(() => () => Promise.resolve(E.right(1)))());
    assertEquals([outcome, (error as { _tag: string })._tag], ["aborted", "Unsupported"]);
  }
});
