import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import { assertEquals } from "@std/assert";
import type { Request } from "../../../lib/backend/port.ts";
import type { Store, Write } from "../../../mod.ts";
import { heldWrite } from "../../support/held_write.ts";
import { found, left, right } from "../../support/results.ts";
import type { World } from "../../support/stack.ts";
import { memoryIn, sharedTexts, world } from "../../support/stack.ts";
import { turn } from "../../support/turn.ts";

/** Slots that carry a lock now. */
function locked({ faulty, clock }: World): ReadonlyArray<string> {
  return faulty.slots().flatMap(([name, slot]) =>
    slot._tag === "Locked" && slot.tokens.some(({ deadline }) => deadline > clock.now()) ? [name] : []
  );
}

const toSlot = ({ slot }: Request<Uint8Array>): string => slot;

async function verdictOf(texts: Store<number, string>, key: number): Promise<string> {
  return right((await texts.entries([key])())[0]!).verdict._tag;
}

Deno.test("S15 a write places its own token on every shard of every key before the source is touched", async () => {
  const here = world();
  const texts = sharedTexts(here, { shards: { now: 2, before: 3 } });
  const both = [heldWrite(() => {}), heldWrite(() => {})];
  const slots = [1, 2].flatMap((key) => ["0", "1{}", "2{}"].map((shard) => `lamina:text:${shard}:${key}`));
  const lastLock = here.faulty.inject(({ slot }) => slot === slots[5], "held");
  const writing = both.map(({ write }) => texts.mutate([2, 1], write)());
  await turn();
  assertEquals(both.map(({ begun }) => begun.length), [0, 1]);
  await lastLock.deliver();
  assertEquals(both.map(({ begun }) => begun.length), [1, 1]);
  for (const call of here.faulty.calls) assertEquals(call.map(toSlot).sort(), slots.toSorted());
  const tokens = new Set(
    here.faulty.slots().flatMap(([, slot]) => slot._tag === "Locked" ? slot.tokens.map(({ token }) => token) : []),
  );
  assertEquals(tokens.size, 2);
  for (const { commit } of both) await commit();
  await Promise.all(writing);
  assertEquals(locked(here), []);
});

Deno.test("S17 an unlock removes its own token only; the slot stays guarded until the last writer is done", async () => {
  const here = world();
  const texts = sharedTexts(here);
  const first = heldWrite(() => here.texts.rows.set(1, "first"));
  const second = heldWrite(() => here.texts.rows.set(1, "second"));
  const written = { written: () => [O.some("first")] };
  const writing = [texts.mutate([1], first.write, written)(), texts.mutate([1], second.write)()];
  await turn();
  await first.commit();
  right(await writing[0]!);
  assertEquals(await verdictOf(texts, 1), "Bypassed");
  await second.fail("aborted");
  assertEquals(left(await writing[1]!).outcome, "aborted");
  assertEquals(await verdictOf(texts, 1), "Filled");
  assertEquals(found(await texts.get(1)()), "first");
});

Deno.test("S17 a sole writer's value is published; what was written beside another writer is not", async () => {
  const here = world();
  const texts = sharedTexts(here);
  right(await texts.put(1, "uno")());
  assertEquals(await verdictOf(texts, 1), "HitShared");
  assertEquals(found(await texts.get(1)()), "uno");

  const other = heldWrite(() => here.texts.rows.set(1, "dos"));
  const writing = texts.mutate([1], other.write)();
  await turn();
  right(await texts.put(1, "tres")());
  await other.commit();
  right(await writing);
  assertEquals(await verdictOf(texts, 1), "Filled");
  assertEquals(found(await texts.get(1)()), "dos");
});

Deno.test("S17 a write that was aborted for certain publishes nothing and leaves no lock", async () => {
  const here = world();
  const texts = sharedTexts(here);
  const aborting = heldWrite(() => {});
  const writing = texts.mutate([1], aborting.write, { written: () => [O.some("uno")] })();
  await turn();
  await aborting.fail("aborted");
  assertEquals(left(await writing), { outcome: "aborted", error: new Error("aborted") });
  assertEquals(locked(here), []);
  assertEquals(found(await texts.get(1)()), "one");
});

Deno.test("S17 a removed key is published as absent", async () => {
  const here = world();
  const texts = sharedTexts(here);
  right(await texts.remove(1)());
  assertEquals(await verdictOf(texts, 1), "HitShared");
  assertEquals(found(await texts.get(1)()), undefined);
  assertEquals(here.texts.loads.length, 0);
});

Deno.test("S18 S20 after a write of unknown outcome the lock stays until it expires, and meanwhile nobody fills", async () => {
  const here = world();
  const texts = sharedTexts(here);
  await texts.get(1)();
  const losing = heldWrite(() => here.texts.rows.set(1, "uno"));
  const writing = texts.mutate([1], losing.write, { written: () => [O.some("uno")] })();
  await turn();
  await losing.lose("unknown");
  assertEquals(left(await writing).outcome, "unknown");
  for (const passed of [0, 5_000, 4_999]) {
    await here.clock.advance(passed);
    assertEquals(await verdictOf(texts, 1), "Bypassed");
    assertEquals(await verdictOf(texts, 1), "Bypassed");
  }
  await here.clock.advance(1);
  assertEquals(await verdictOf(texts, 1), "Filled");
  assertEquals(await verdictOf(texts, 1), "HitShared");
  assertEquals(here.events.map(({ _tag }) => _tag), ["LockLeft"]);
});

Deno.test("S20 while a lock is held every read goes below and none fills, single or many, forced or not", async () => {
  const here = world();
  const texts = memoryIn(here)(sharedTexts(here));
  const renaming = heldWrite(() => here.texts.rows.set(1, "uno"));
  const writing = texts.mutate([1], renaming.write)();
  await turn();
  for (const read of [[1], [1, 2], [1, 1]]) {
    for (const options of [{}, { force: true }]) {
      const before = here.texts.loads.length;
      right((await texts.entries(read, options)())[0]!);
      assertEquals(here.texts.loads[before]!.keys[0], 1);
    }
  }
  assertEquals(texts.peek(1), O.none);
  here.texts.rows.set(1, "written behind");
  assertEquals(found(await texts.get(1)()), "written behind");
  await renaming.commit();
  right(await writing);
  assertEquals(found(await texts.get(1)()), "uno");
});

Deno.test("S19 a crash at any point of a write leaves at worst a slot that is uncached until the lock expires", async () => {
  for (const point of ["before the commit", "after the commit"] as const) {
    const here = world();
    const crashing = heldWrite(() => here.texts.rows.set(1, "uno"));
    // A crashed process is one whose unlocks never arrive.
    here.faulty.inject("unlock", "held");
    void sharedTexts(here).mutate([1], crashing.write)();
    await turn();
    if (point === "after the commit") await crashing.commit();
    const texts = sharedTexts(here);
    const truth = here.texts.rows.get(1);
    assertEquals([found(await texts.get(1)()), await verdictOf(texts, 1)], [truth, "Bypassed"], point);
    await here.clock.advance(10_000);
    assertEquals([await verdictOf(texts, 1), await verdictOf(texts, 1)], ["Filled", "HitShared"], point);
    assertEquals(found(await texts.get(1)()), truth, point);
  }
});

Deno.test("D07 what is published counts its age and its life from the start of the write", async () => {
  const here = world();
  const texts = sharedTexts(here, { ttl: "10s" });
  here.texts.hold("saves");
  await here.clock.advance(7_000);
  const saving = texts.put(1, "uno")();
  await here.clock.advance(2_000);
  await here.texts.saves[0]!.commit();
  right(await saving);
  const { age, until, fresh, verdict } = right((await texts.entries([1])())[0]!);
  assertEquals([age, until, fresh].map(Number), [2_000, 8_000, 8_000]);
  assertEquals(verdict._tag, "HitShared");
});

Deno.test("a written or alsoWritten that throws, or tells another number of values, publishes nothing and loses nothing", async () => {
  const fail = () => {
    throw new Error("written");
  };
  for (
    const options of [{ written: () => [O.some("x")] }, { written: () => [] }, { written: fail }, { alsoWritten: fail }]
  ) {
    const here = world();
    const texts = sharedTexts(here);
    const write = (): Write<number> => () => (here.texts.rows.set(1, "uno"), Promise.resolve(E.right(7)));
    assertEquals(right(await texts.mutate([1, 2], write, options)()), 7);
    assertEquals([await verdictOf(texts, 1), locked(here)], ["Filled", []]);
    assertEquals(found(await texts.get(1)()), "uno");
  }
});

Deno.test("S33 a key written twice in one write is locked once, and its last value counts", async () => {
  const here = world();
  const texts = sharedTexts(here);
  const write = (): Write<void> => () => (here.texts.rows.set(1, "last"), Promise.resolve(E.right(undefined)));
  right(await texts.mutate([1, 1], write, { written: () => [O.some("first"), O.some("last")] })());
  for (const call of here.faulty.calls) assertEquals(call.length, 1);
  assertEquals(await verdictOf(texts, 1), "HitShared");
  assertEquals(found(await texts.get(1)()), "last");
});
