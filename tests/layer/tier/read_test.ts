import { assertEquals, assertNotEquals } from "@std/assert";
import type { Operation } from "../../../lib/protocol/slot.ts";
import type { FaultyBackend } from "../../support/faulty_backend.ts";
import { faultyBackend } from "../../support/faulty_backend.ts";
import { heldWrite } from "../../support/held_write.ts";
import { allFound, found, left, right } from "../../support/results.ts";
import type { World } from "../../support/stack.ts";
import { memoryIn, sharedTexts, world } from "../../support/stack.ts";
import { turn } from "../../support/turn.ts";

/** What a backend was asked, one operation after the other. */
function operations({ calls }: FaultyBackend): ReadonlyArray<Operation<Uint8Array>> {
  return calls.flat().map(({ operation }) => operation);
}

function owners(faulty: FaultyBackend, tag: "claim" | "fill"): ReadonlyArray<string> {
  return operations(faulty).flatMap((operation) =>
    operation._tag === tag ? [(operation as { owner: string }).owner] : []
  );
}

Deno.test("S01 a read of an uncached key claims with a fresh nonce, loads from below, and fills on that nonce", async () => {
  const here = world();
  const texts = sharedTexts(here);
  here.texts.hold("loads");
  const reading = texts.get(1)();
  await turn();
  assertEquals(operations(here.faulty).map(({ _tag }) => _tag), ["claim"]);
  assertEquals(here.texts.loads.map(({ keys }) => keys), [[1]]);
  await here.texts.loads[0]!.release();
  assertEquals(found(await reading), "one");
  assertEquals(operations(here.faulty).map(({ _tag }) => _tag), ["claim", "fill"]);

  here.texts.flow("loads");
  await texts.get(2)();
  assertEquals(owners(here.faulty, "fill"), owners(here.faulty, "claim"));
  assertNotEquals(owners(here.faulty, "claim")[0], owners(here.faulty, "claim")[1]);
});

Deno.test("S01 a fill under another reader's nonce changes nothing", async () => {
  const here = world();
  const texts = sharedTexts(here);
  here.texts.hold("loads");
  const first = texts.get(1)();
  await turn();
  here.faulty.restart();
  here.texts.rows.set(1, "uno");
  const second = texts.get(1)();
  await turn();
  await here.texts.loads[0]!.release();
  assertEquals(found(await first), "one");
  await here.texts.loads[1]!.release();
  assertEquals(found(await second), "uno");
  assertEquals(found(await texts.get(1)()), "uno");
  assertEquals(here.texts.loads.length, 2);
});

Deno.test("S02 the next read is answered by the tier; the tier below is not asked", async () => {
  const here = world();
  const texts = sharedTexts(here);
  await texts.get(1)();
  const [entry] = await texts.entries([1])();
  assertEquals(right(entry!).verdict, { _tag: "HitShared", tier: "text", level: "pinned" });
  assertEquals(here.texts.loads.length, 1);
});

Deno.test("S03 a fill whose claim was written over, dropped or expired changes nothing; the reader returns its load", async () => {
  const ways: ReadonlyArray<[string, (here: World) => unknown]> = [
    ["written", (here) => sharedTexts(here).put(1, "uno")()],
    ["invalidated", (here) => (here.texts.rows.set(1, "uno"), sharedTexts(here).invalidate([1])())],
    ["dropped", (here) => (here.texts.rows.set(1, "uno"), here.faulty.restart())],
    ["expired", (here) => (here.texts.rows.set(1, "uno"), here.clock.advance(10_001))],
  ];
  for (const [way, happen] of ways) {
    const here = world();
    const texts = sharedTexts(here);
    here.texts.hold("loads");
    const reading = texts.entries([1])();
    await turn();
    await happen(here);
    await here.texts.loads[0]!.release();
    const entry = right((await reading)[0]!);
    assertEquals(entry.value, { _tag: "Some", value: "one" }, way);
    assertEquals(entry.verdict._tag, "Overtaken", way);
    here.texts.flow("loads");
    assertEquals(found(await texts.get(1)()), "uno", way);
  }
});

Deno.test("S03 a fill whose claim was evicted changes nothing; the reader returns its load", async () => {
  const here = world();
  const faulty = faultyBackend(here.clock, 1);
  const texts = sharedTexts({ ...here, faulty });
  here.texts.hold("loads");
  const reading = texts.entries([1])();
  await turn();
  here.texts.flow("loads");
  for (const other of [2, 3]) await texts.get(other)();
  await here.texts.loads[0]!.release();
  const entry = right((await reading)[0]!);
  assertEquals([entry.value, entry.verdict._tag], [{ _tag: "Some", value: "one" }, "Overtaken"]);
});

Deno.test("S04 a read that meets a lock or another claim loads from below at once and does not fill", async () => {
  const here = world();
  const texts = sharedTexts(here);
  const renaming = heldWrite(() => here.texts.rows.set(1, "uno"));
  const writing = texts.mutate([1], renaming.write)();
  here.texts.hold("loads");
  const claiming = texts.get(2)();
  await turn();
  here.texts.flow("loads");

  const [guarded, busy] = (await texts.entries([1, 2])()).map(right);
  assertEquals([guarded!.verdict._tag, guarded!.verdict.because], ["Bypassed", "Guarded"]);
  assertEquals([busy!.verdict._tag, busy!.verdict.because], ["Bypassed", "Busy"]);
  assertEquals(operations(here.faulty).filter(({ _tag }) => _tag === "fill").length, 0);

  await renaming.commit();
  right(await writing);
  await here.texts.loads[0]!.release();
  assertEquals(found(await claiming), "two");
  assertEquals(allFound(await texts.getMany([1, 2])()), ["uno", "two"]);
});

Deno.test("S05 a missing key is cached as absent; its second read does not reach the source", async () => {
  const here = world();
  const texts = sharedTexts(here);
  assertEquals(found(await texts.get(7)()), undefined);
  assertEquals(found(await texts.get(7)()), undefined);
  assertEquals(here.texts.loads.length, 1);
});

Deno.test("S06 an absent entry, an empty value and a vacant slot are three things to a tier", async () => {
  const here = world({ 1: "" });
  const texts = sharedTexts(here);
  assertEquals(right((await texts.entries([1])())[0]!).value, { _tag: "Some", value: "" });
  assertEquals(right((await texts.entries([2])())[0]!).value, { _tag: "None" });
  assertEquals(here.texts.loads.length, 2);
  const again = await texts.entries([1, 2, 3])();
  assertEquals(again.map((entry) => right(entry).value), [{ _tag: "Some", value: "" }, { _tag: "None" }, {
    _tag: "None",
  }]);
  assertEquals(again.map((entry) => right(entry).verdict._tag), ["HitShared", "HitShared", "Filled"]);
});

Deno.test("S08 a failing source is reported to its caller, nothing is filled, and the next reader may load at once", async () => {
  const here = world();
  const texts = sharedTexts(here);
  here.texts.hold("loads");
  const reading = texts.get(1)();
  await turn();
  const cause = new Error("no connection to the database");
  await here.texts.loads[0]!.fail(cause);
  assertEquals(left(await reading), { _tag: "SourceFailed", cause });
  here.texts.flow("loads");
  assertEquals(right((await texts.entries([1])())[0]!).verdict._tag, "Filled");
});

Deno.test("a forced read loads although a tier has a value, and fills every tier anew", async () => {
  const here = world();
  const texts = memoryIn(here)(sharedTexts(here));
  await texts.getMany([1, 2])();
  for (const key of [1, 2]) here.texts.rows.set(key, "changed behind");
  assertEquals(found(await texts.get(1)()), "one");
  assertEquals(allFound(await texts.getMany([1, 2], { force: true })()), ["changed behind", "changed behind"]);
  assertEquals(texts.peek(1), { _tag: "Some", value: { _tag: "Some", value: "changed behind" } });
  assertEquals(found(await sharedTexts(here).get(2)()), "changed behind");
  assertEquals(here.texts.loads.length, 2);
});

Deno.test("S33 a key asked for twice in one getMany is handled once and answered in both places", async () => {
  const here = world();
  const texts = sharedTexts(here);
  assertEquals(allFound(await texts.getMany([2, 1, 2])()), ["two", "one", "two"]);
  assertEquals(here.texts.loads.map(({ keys }) => keys), [[2, 1]]);
  for (const call of here.faulty.calls) assertEquals(call.length, 2);
});
