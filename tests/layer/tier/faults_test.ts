import * as O from "fp-ts/lib/Option.js";
import { assertEquals } from "@std/assert";
import type { Fault } from "../../support/faulty_backend.ts";
import { heldWrite } from "../../support/held_write.ts";
import { withoutRejections } from "../../support/rejections.ts";
import { found, left, right } from "../../support/results.ts";
import type { World } from "../../support/stack.ts";
import { sharedTexts, world } from "../../support/stack.ts";
import { turn } from "../../support/turn.ts";

const refusals: ReadonlyArray<Fault> = [
  "not applied",
  "applied, reported failed",
  "applied late",
  "rejects",
  "holes",
  "throws",
  "short",
  "nothing",
];

function tags({ events }: World): ReadonlyArray<string> {
  return events.map(({ _tag }) => _tag);
}

Deno.test("S16 if a lock cannot be placed the write is aborted and the source is not touched", async () => {
  for (const fault of refusals) {
    await withoutRejections(async () => {
      const here = world();
      const texts = sharedTexts(here);
      const late = here.faulty.inject("lock", fault);
      const { outcome, error } = left(await texts.put(1, "uno")());
      assertEquals([outcome, error._tag, here.texts.saves.length], ["aborted", "LockNotPlaced", 0], fault);
      await late.deliver();
      assertEquals(found(await texts.get(1)()), "one", fault);
      await here.clock.advance(10_000);
      right(await texts.put(1, "uno")());
      assertEquals(found(await texts.get(1)()), "uno", fault);
    });
  }
});

Deno.test("S16 one refused shard of many aborts the write, and the locks that were placed are taken back", async () => {
  for (const shard of [0, 1, 2]) {
    const here = world();
    const texts = sharedTexts(here, { shards: 3 });
    here.faulty.inject(({ slot }) => slot === `lamina:text:${shard === 0 ? 0 : `${shard}{}`}:2`, "not applied");
    const writing = heldWrite(() => {});
    assertEquals(left(await texts.mutate([1, 2, 3], writing.write)()).outcome, "aborted");
    assertEquals(writing.begun.length, 0);
    assertEquals(here.faulty.slots().filter(([, slot]) => slot._tag === "Locked"), []);
  }
});

Deno.test("S16 X13 the writers of one slot are bounded: one too many is aborted, and the others go on", async () => {
  const here = world();
  const texts = sharedTexts(here);
  const writes = Array.from({ length: 257 }, () => heldWrite(() => {}));
  const writing = writes.map(({ write }) => texts.mutate([1], write)());
  await turn();
  assertEquals(writes.filter(({ begun }) => begun.length > 0).length, 256);
  assertEquals(left(await writing[256]!).error, {
    _tag: "LockNotPlaced",
    tier: "text",
    reason: "the slot answered Crowded",
  });
  for (const { commit } of writes) await commit();
  assertEquals((await Promise.all(writing)).filter(({ _tag }) => _tag === "Right").length, 256);
});

Deno.test("S16 S22 a lock that is answered too late for the commit aborts the write; the source is not touched", async () => {
  const here = world();
  const texts = sharedTexts(here, { timeout: "30s" });
  const lock = here.faulty.inject("lock", "answered late");
  const writing = texts.put(1, "uno")();
  await here.clock.advance(4_001);
  await lock.deliver();
  assertEquals(left(await writing).outcome, "aborted");
  assertEquals(here.texts.saves.length, 0);
});

Deno.test("S22 a write may begin when just enough of its lease is left, and gets no more than that", async () => {
  const here = world();
  const texts = sharedTexts(here, { timeout: "30s" });
  const lock = here.faulty.inject("lock", "answered late");
  const writing = heldWrite(() => here.texts.rows.set(1, "uno"));
  const done = texts.mutate([1], writing.write)();
  await here.clock.advance(3_999);
  await lock.deliver();
  assertEquals(writing.begun.map(({ left }) => left() as number), [5_000]);
  await here.clock.advance(5_000);
  assertEquals(left(await done).outcome, "unknown");
});

Deno.test("S21 a lock that was lost is noticed at unlock, counted, and the slot is emptied", async () => {
  const here = world();
  const texts = sharedTexts(here);
  const renaming = heldWrite(() => here.texts.rows.set(1, "uno"));
  const writing = texts.mutate([1], renaming.write, { written: () => [O.some("uno")] })();
  await turn();
  here.faulty.restart();
  assertEquals(found(await texts.get(1)()), "one");
  await renaming.commit();
  right(await writing);
  assertEquals(tags(here), ["LockLost"]);
  assertEquals(found(await texts.get(1)()), "uno");
});

Deno.test("S21 a lock that outlived its lease is noticed at unlock, counted, and the slot is emptied", async () => {
  const here = world();
  const texts = sharedTexts(here, { timeout: "30s" });
  const unlock = here.faulty.inject("unlock", "held");
  const saving = texts.put(1, "uno")();
  await here.clock.advance(10_000);
  here.texts.rows.set(1, "written behind");
  assertEquals(found(await texts.get(1)()), "written behind");
  here.texts.rows.set(1, "later");
  assertEquals(found(await texts.get(1)()), "written behind");
  await unlock.deliver();
  right(await saving);
  assertEquals(tags(here), ["LockLost"]);
  assertEquals(found(await texts.get(1)()), "later");
});

Deno.test("S23 a failing unlock does not fail a write that committed; it is tried twice, then reported", async () => {
  for (const fault of refusals) {
    const here = world();
    const texts = sharedTexts(here);
    here.faulty.inject("unlock", fault);
    right(await texts.put(1, "uno")());
    assertEquals(tags(here), ["Unreachable"], fault);
    assertEquals(found(await texts.get(1)()), "uno", fault);

    here.faulty.inject("unlock", fault);
    here.faulty.inject("unlock", fault);
    right(await texts.put(1, "dos")());
    assertEquals(tags(here).slice(1), ["Unreachable", "Unreachable", "Unconfirmed"], fault);
    assertEquals(found(await texts.get(1)()), "dos", fault);
    await here.clock.advance(10_000);
    await texts.get(1)();
    assertEquals(found(await texts.get(1)()), "dos", fault);
  }
});

Deno.test("S23 only the unlocks that were not confirmed are sent again", async () => {
  const here = world();
  const texts = sharedTexts(here, { shards: 3 });
  here.faulty.inject(
    ({ slot, operation }) => operation._tag === "unlock" && slot === "lamina:text:1{}:1",
    "not applied",
  );
  right(await texts.put(1, "uno")());
  assertEquals(here.faulty.calls.map((call) => call.length), [3, 3, 1]);
  assertEquals(here.faulty.slots().filter(([, slot]) => slot._tag === "Locked"), []);
});

Deno.test("S23 where unconfirmed writes are to fail, the failure says that the write committed", async () => {
  const here = world();
  const texts = sharedTexts(here, { onUnconfirmed: "fail" });
  for (let i = 0; i < 2; i++) here.faulty.inject("unlock", "not applied");
  const { outcome, error } = left(await texts.put(1, "uno")());
  assertEquals([outcome, error._tag, here.texts.rows.get(1)], ["unconfirmed", "BackendFailed", "uno"]);
});

Deno.test("S17 an unlock that arrives twice, or late, takes nobody else's lock away", async () => {
  for (const fault of ["applied twice", "applied late"] as const) {
    const here = world();
    const texts = sharedTexts(here);
    const unlock = here.faulty.inject("unlock", fault);
    right(await texts.put(1, "uno")());
    const renaming = heldWrite(() => here.texts.rows.set(1, "dos"));
    const writing = texts.mutate([1], renaming.write, { written: () => [O.some("dos")] })();
    await turn();
    await unlock.deliver();
    assertEquals(right((await texts.entries([1])())[0]!).verdict.because, "Guarded", fault);
    await renaming.commit();
    right(await writing);
    assertEquals(found(await texts.get(1)()), "dos", fault);
  }
});

Deno.test("I1 a command that arrives twice or late leaves no old value behind", async () => {
  for (const operation of ["claim", "fill", "lock", "unlock"] as const) {
    for (const fault of ["applied twice", "applied late", "applied, reported failed"] as const) {
      const here = world();
      const texts = sharedTexts(here);
      const late = here.faulty.inject(operation, fault);
      await texts.get(1)();
      await texts.put(1, "uno")();
      here.texts.hold("loads");
      const reading = texts.get(1)();
      await turn();
      await texts.put(1, "dos")();
      await late.deliver();
      here.texts.flow("loads");
      for (const load of here.texts.loads) await load.release();
      await reading;
      await here.clock.advance(20_000);
      const truth = here.texts.rows.get(1);
      assertEquals([found(await texts.get(1)()), found(await texts.get(1)())], [truth, truth], `${operation} ${fault}`);
    }
  }
});
