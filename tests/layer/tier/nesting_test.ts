import { assertEquals } from "@std/assert";
import type { Deadline, Duration, Write } from "../../../mod.ts";
import { virtualClock } from "../../../lib/testing/virtual_clock.ts";
import { deadlineAt } from "../../../lib/deadline.ts";
import { faultyBackend } from "../../support/faulty_backend.ts";
import { heldWrite } from "../../support/held_write.ts";
import { left, right } from "../../support/results.ts";
import { memoryIn, sharedTexts, world } from "../../support/stack.ts";
import { truth } from "../../support/truth.ts";
import { turn } from "../../support/turn.ts";

Deno.test("a write around a write goes through with the defaults, both locked, also when the locks took their time", async () => {
  for (const delay of [0, 1, 900]) {
    const here = world();
    const outer = memoryIn(here)(sharedTexts(here));
    const inner = memoryIn(here)(sharedTexts(here, { name: "order" }));
    const lock = here.faulty.inject(({ slot }) => slot.startsWith("lamina:order"), "held");
    const writing = heldWrite(() => {});
    const done = outer.mutate([1], (within) => inner.mutate([2], writing.write, { within }))();
    await here.clock.advance(delay);
    await lock.deliver();
    assertEquals(writing.begun.map(({ left }) => left() as number), [5_000 - delay], `${delay} ms`);
    for (const [store, key] of [[outer, 1], [inner, 2]] as const) {
      assertEquals(right((await store.entries([key])())[0]!).verdict.because, "Guarded");
    }
    await writing.commit();
    right(await done);
    assertEquals(here.faulty.slots().filter(([, slot]) => slot._tag === "Locked"), []);
  }
});

Deno.test("of two deadlines the smaller wins, whichever is the outer one", async () => {
  for (const [outerCommit, innerCommit] of [["2s", "4s"], ["4s", "2s"]] as const) {
    const here = world({}, { commit: outerCommit });
    const outer = sharedTexts(here);
    const inner = sharedTexts({ ...here, texts: truth(here.clock, [], { commit: innerCommit }) });
    const writing = heldWrite(() => {});
    const done = outer.mutate([1], (within) => inner.mutate([2], writing.write, { within }))();
    await turn();
    assertEquals(writing.begun.map(({ left }) => left() as number), [2_000]);
    await writing.commit();
    right(await done);
  }
});

Deno.test("a caller's own deadline bounds a write, and one that is over aborts it before anything is touched", async () => {
  const here = world();
  const texts = memoryIn(here)(sharedTexts(here));
  const within = deadlineAt(here.clock, here.clock.now() + 100);
  const writing = heldWrite(() => {});
  const done = texts.mutate([1], writing.write, { within })();
  await turn();
  assertEquals(writing.begun.map(({ left }) => left() as number), [100]);
  await here.clock.advance(100);
  assertEquals(left(await done).outcome, "unknown");
  const calls = here.faulty.calls.length;
  const tooLate = heldWrite(() => {});
  const { outcome, error } = left(await texts.mutate([2], tooLate.write, { within })());
  assertEquals([outcome, (error as { _tag: string })._tag, tooLate.begun.length], ["aborted", "TimedOut", 0]);
  assertEquals(here.faulty.calls.length, calls);
});

Deno.test("S22 the upper tier's lease counts as well: locks below that took too long abort the write", async () => {
  const here = world();
  const texts = memoryIn(here, { lease: "6s" })(sharedTexts(here));
  const lock = here.faulty.inject("lock", "answered late");
  const done = texts.put(1, "uno")();
  await here.clock.advance(500);
  await lock.deliver();
  assertEquals(left(await done), {
    outcome: "aborted",
    error: { _tag: "LeaseTooShort", left: 4_900 as Duration, needed: 5_000 as Duration },
  });
  assertEquals(here.texts.saves.length, 0);
  assertEquals(here.faulty.slots().filter(([, slot]) => slot._tag === "Locked"), []);
});

Deno.test("S22 a tier whose own locks took too long does not even lock the tier below", async () => {
  const here = world();
  const near = { ...here, faulty: faultyBackend(here.clock), texts: { ...here.texts, store: sharedTexts(here) } };
  const texts = sharedTexts(near, { timeout: "9s" });
  const lock = near.faulty.inject("lock", "answered late");
  const done = texts.put(1, "uno")();
  await here.clock.advance(4_500);
  await lock.deliver();
  // The call's own patience ends when the commit would no longer fit.
  assertEquals([left(await done).outcome, here.faulty.calls.length], ["aborted", 0]);
});

Deno.test("S15 no write begins without its locks, however little time is left", async () => {
  for (let left = 0; left <= 10_000; left += 500) {
    const here = world();
    const texts = sharedTexts(here);
    const within = deadlineAt(here.clock, here.clock.now() + left);
    const guarded: Array<boolean> = [];
    const write = (_within: Deadline): Write<void> => () => {
      guarded.push(here.faulty.slots().some(([, slot]) => slot._tag === "Locked"));
      return Promise.resolve({ _tag: "Right", right: undefined });
    };
    await texts.mutate([1], write, { within })();
    assertEquals(guarded, left === 0 ? [] : [true], `${left} ms`);
  }
});

Deno.test("a deadline's signal aborts at its moment, is aborted when asked for too late, and leaves no timer behind", async () => {
  const clock = virtualClock();
  const [asked, unasked] = [deadlineAt(clock, 1_000), deadlineAt(clock, 1_000)];
  const { signal } = asked;
  await clock.advance(999);
  assertEquals(signal.aborted, false);
  await clock.advance(1);
  assertEquals([signal.aborted, unasked.signal.aborted, clock.pending()], [true, true, 0]);
  assertEquals((signal.reason as DOMException).name, "TimeoutError");

  const inTime = deadlineAt(clock, 2_000);
  const kept = inTime.signal;
  inTime.dispose();
  assertEquals(clock.pending(), 0);
  await clock.advance(5_000);
  assertEquals(kept.aborted, false);

  const disposed = deadlineAt(clock, clock.now() + 1_000);
  disposed.dispose();
  assertEquals([disposed.signal.aborted, clock.pending()], [false, 0]);
});
