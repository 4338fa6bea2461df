import { assertEquals } from "@std/assert";
import type { CacheError, Duration } from "../../../mod.ts";
import { duration } from "../../../mod.ts";
import { heldWrite } from "../../support/held_write.ts";
import { withoutRejections } from "../../support/rejections.ts";
import { allFound, found, left, right } from "../../support/results.ts";
import { memoryIn, sharedTexts, world } from "../../support/stack.ts";
import { turn } from "../../support/turn.ts";

const soon: Duration = duration("100ms");
const operations = ["look", "claim", "fill", "release", "lock", "unlock"] as const;

Deno.test("S09 X09 if the backend cannot be reached a read is answered from below and nothing is filled", async () => {
  for (const fault of ["not applied", "applied late", "rejects", "throws", "short", "nothing", "holes"] as const) {
    await withoutRejections(async () => {
      const here = world();
      const texts = sharedTexts(here);
      here.faulty.down(fault);
      const entry = right((await texts.entries([1])())[0]!);
      assertEquals([entry.value, entry.verdict._tag, entry.verdict.because], [
        { _tag: "Some", value: "one" },
        "Bypassed",
        "Unreachable",
      ], fault);
      assertEquals(allFound(await texts.getMany([1, 2])()), ["one", "two"], fault);
      assertEquals(here.faulty.calls.flat().filter(({ operation }) => operation._tag === "fill"), []);
      here.faulty.down(undefined);
      await here.clock.advance(10_000);
      right(await texts.get(1)());
      assertEquals(right((await texts.entries([1])())[0]!).verdict._tag, "HitShared", fault);
    });
  }
});

Deno.test("X09 X13 a backend that never answers delays a read by its timeout, and no read past its deadline", async () => {
  for (const operation of ["look", "claim", "fill"] as const) {
    const here = world();
    const texts = sharedTexts(here, { probe: operation === "look" ? "look" : "claim" });
    here.faulty.inject(operation, "held");
    const patient = texts.get(1)();
    here.faulty.inject(operation, "held");
    const hasty = texts.get(2, { deadline: soon })();
    let answered = 0;
    for (const reading of [patient, hasty]) void reading.then(() => answered++);
    await here.clock.advance(100);
    assertEquals(answered, 1, operation);
    await here.clock.advance(900);
    assertEquals(found(await patient), "one", operation);
    if (operation === "fill") assertEquals(found(await hasty), "two");
    else assertEquals(left(await hasty)._tag, "TimedOut", operation);
  }
});

Deno.test("X13 reads of one turn wait for their own answers only, each as long as it may", async () => {
  const here = world();
  const texts = sharedTexts(here);
  for (const key of [1, 3, 4]) here.faulty.inject(({ slot }) => slot === `lamina:text:0:${key}`, "held");
  const seen: Array<string> = [];
  const note = (name: string, reading: Promise<{ readonly _tag: string }>) =>
    reading.then(({ _tag }) => seen.push(`${name} ${_tag} at ${here.clock.now()}`));
  const all = [note("hasty", texts.get(3, { deadline: soon })())];
  await note("answered", texts.get(2)());
  all.push(note("held", texts.get(1)()));
  await here.clock.advance(500);
  all.push(note("from 500", texts.get(4)()));
  await here.clock.advance(1_000);
  await Promise.all(all);
  assertEquals(seen, [
    "answered Right at 0",
    "hasty Left at 100",
    "held Right at 1000",
    "from 500 Right at 1500",
  ]);
  assertEquals(here.clock.pending(), 0);
});

Deno.test("X09 a fill that is not answered by the caller's deadline leaves it open whether the value is cached", async () => {
  const here = world();
  const texts = sharedTexts(here);
  const fill = here.faulty.inject("fill", "held");
  const reading = texts.entries([1], { deadline: soon })();
  await here.clock.advance(100);
  assertEquals(right((await reading)[0]!).verdict._tag, "Unfilled");
  await fill.deliver();
  assertEquals(right((await texts.entries([1])())[0]!).verdict._tag, "HitShared");
});

Deno.test("X09 X13 a backend that never answers fails a write with a typed error in bounded time", async () => {
  const here = world();
  const texts = sharedTexts(here);
  here.faulty.inject("lock", "held");
  const writing = texts.put(1, "uno")();
  await here.clock.advance(1_000);
  const { outcome, error } = left(await writing);
  assertEquals([outcome, error._tag, here.texts.saves.length], ["aborted", "LockNotPlaced", 0]);
});

Deno.test("X09 S23 an unlock that is never answered ends a committed write in bounded time", async () => {
  const here = world();
  const texts = sharedTexts(here);
  for (let i = 0; i < 2; i++) here.faulty.inject("unlock", "held");
  const writing = texts.put(1, "uno")();
  await here.clock.advance(2_000);
  right(await writing);
  assertEquals(here.events.map(({ _tag }) => _tag).at(-1), "Unconfirmed");
});

Deno.test("X13 nothing waits for ever: every command unanswered, every operation ends", async () => {
  await withoutRejections(async () => {
    for (const operation of operations) {
      const here = world();
      const texts = memoryIn(here)(sharedTexts(here));
      for (let i = 0; i < 100; i++) here.faulty.inject(operation, "held");
      const all = [texts.get(1)(), texts.getMany([1, 2])(), texts.put(1, "uno")(), texts.invalidate([2])()];
      let ended = 0;
      for (const each of all) void each.then(() => ended++);
      await here.clock.advance(60_000);
      assertEquals(ended, all.length, operation);
    }
  });
});

Deno.test("X13 a source that never answers ends a read at its deadline, or at the source's own", async () => {
  const here = world();
  const texts = memoryIn(here)(sharedTexts(here));
  here.texts.hold("loads");
  const hasty = texts.get(1, { deadline: soon })();
  const patient = texts.get(2)();
  await here.clock.advance(100);
  assertEquals(left(await hasty)._tag, "TimedOut");
  assertEquals(here.texts.loads.map(({ keys, signal }) => [keys[0], signal().aborted]).sort(), [[1, true], [2, false]]);
  await here.clock.advance(29_900);
  assertEquals(left(await patient)._tag, "TimedOut");
});

Deno.test("X13 a write whose source never answers is unknown at the commit timeout", async () => {
  const here = world();
  const texts = memoryIn(here)(sharedTexts(here));
  const writing = heldWrite(() => {});
  const done = texts.mutate([1], writing.write)();
  await turn();
  const signal = writing.begun[0]!.signal;
  await here.clock.advance(4_999);
  assertEquals(signal.aborted, false);
  await here.clock.advance(1);
  const { outcome, error } = left(await done);
  assertEquals([outcome, (error as CacheError)._tag, signal.aborted], ["unknown", "TimedOut", true]);
});

Deno.test("X05 a slow load that timed out for its caller and ends later overwrites no newer write", async () => {
  const here = world();
  const texts = memoryIn(here)(sharedTexts(here));
  here.texts.hold("loads");
  const slow = texts.get(1, { deadline: soon })();
  await here.clock.advance(100);
  assertEquals(left(await slow)._tag, "TimedOut");
  right(await texts.put(1, "uno")());
  await here.texts.loads[0]!.release();
  here.texts.flow("loads");
  assertEquals(found(await texts.get(1)()), "uno");
  await here.clock.advance(60_000);
  assertEquals(found(await texts.get(1)()), "uno");
});

Deno.test("S08 a read that timed out releases its claim, so that the next reader may load and fill at once", async () => {
  const here = world();
  const texts = sharedTexts(here);
  here.texts.hold("loads");
  const slow = texts.get(1, { deadline: soon })();
  await here.clock.advance(100);
  await slow;
  here.texts.flow("loads");
  assertEquals(right((await texts.entries([1])())[0]!).verdict._tag, "Filled");
});

Deno.test("a caller's signal ends its read at once, whatever it waits for, and releases its claim", async () => {
  for (const waitingFor of ["the claim", "the load", "the fill"] as const) {
    const here = world();
    const texts = sharedTexts(here);
    if (waitingFor === "the load") here.texts.hold("loads");
    const held = here.faulty.inject(waitingFor === "the claim" ? "claim" : "fill", "held");
    const controller = new AbortController();
    const reading = texts.get(1, { signal: controller.signal })();
    await turn();
    controller.abort();
    assertEquals(left(await reading), { _tag: "Cancelled" }, waitingFor);
    here.texts.flow("loads");
    await held.deliver();
    right(await texts.get(1)());
    assertEquals(right((await texts.entries([1])())[0]!).verdict._tag, "HitShared", waitingFor);
  }
});
