import { assertEquals } from "@std/assert";
import { counters, nullBackend, observe } from "../../mod.ts";
import { pipe } from "fp-ts/lib/function.js";
import { heldWrite } from "../support/held_write.ts";
import { found, left, right } from "../support/results.ts";
import { memoryIn, sharedTexts, world } from "../support/stack.ts";
import { turn } from "../support/turn.ts";

Deno.test("two stores of one namespace on one backend share entries; of two namespaces they never meet", async () => {
  const here = world();
  const other = world({ 1: "other" });
  await sharedTexts(here).get(1)();
  assertEquals(found(await sharedTexts({ ...other, faulty: here.faulty }).get(1)()), "one");
  assertEquals(found(await sharedTexts({ ...other, faulty: here.faulty }, { name: "other" }).get(1)()), "other");
});

Deno.test("with 0 shards readers pass the tier, and writers still lock the first shard for others", async () => {
  const here = world();
  const off = sharedTexts(here, { shards: 0 });
  const on = sharedTexts(here);
  for (let i = 0; i < 2; i++) {
    const entry = right((await off.entries([1])())[0]!);
    const { _tag, because } = entry.verdict;
    assertEquals([entry.value, _tag, because], [{ _tag: "Some", value: "one" }, "Bypassed", "Pass"]);
  }
  assertEquals(here.faulty.calls.length, 0);
  right(await on.get(1)());
  right(await off.put(1, "uno")());
  assertEquals(found(await on.get(1)()), "uno");
});

Deno.test("I1 with several shards a write reaches all of them", async () => {
  const here = world();
  const texts = sharedTexts(here, { shards: 8 });
  for (let i = 0; i < 200; i++) await texts.get(1)();
  assertEquals(here.faulty.slots().length > 1, true);
  here.texts.rows.set(1, "uno");
  right(await texts.invalidate([1])());
  for (let i = 0; i < 200; i++) assertEquals(found(await texts.get(1)()), "uno");
});

Deno.test("a null backend stores nothing and locks nothing", async () => {
  const here = world();
  const texts = sharedTexts(here, { backend: nullBackend() });
  for (let i = 0; i < 2; i++) assertEquals(found(await texts.get(1)()), "one");
  right(await texts.put(1, "uno")());
  assertEquals(found(await texts.get(1)()), "uno");
  assertEquals(here.texts.loads.length, 3);
});

Deno.test("an unreachable backend and an entry that is too large are counted, each by its name", async () => {
  const here = world({ 1: "x".repeat(100) });
  const seen = counters();
  const texts = pipe(sharedTexts(here, { observer: seen, maxBytes: 50, compress: "never" }), observe(seen, here.clock));
  await texts.get(1)();
  here.faulty.down("not applied");
  await texts.get(1)();
  left(await texts.put(1, "y")());
  assertEquals(seen.counts(), {
    "event.Unreachable": 2,
    "event.Unstorable": 1,
    "read.Bypassed": 1,
    "read.Withheld": 1,
    "write.aborted": 1,
  });
});

Deno.test("an observer that throws changes nothing for callers", async () => {
  const here = world();
  const fail = () => {
    throw new Error("observer");
  };
  const observer = { transition: fail, event: fail, read: fail, write: fail };
  const texts = pipe(sharedTexts(here, { observer }), memoryIn(here, { observer }), observe(observer));
  here.faulty.inject("claim", "not applied");
  assertEquals(found(await texts.get(1)()), "one");
  right(await texts.put(1, "uno")());
  assertEquals(found(await texts.get(1)()), "uno");
});

Deno.test("the verdict of each read says how it was answered, and by which tier", async () => {
  const here = world();
  const seen: Array<string> = [];
  const report = observe(
    { read: ({ key, verdict }) => void seen.push(`${key} ${verdict?._tag} ${verdict?.tier}`) },
    here.clock,
  );
  const texts = pipe(sharedTexts(here), memoryIn(here), report);
  await texts.get(1)();
  await texts.get(1)();
  await sharedTexts(here).get(2)();
  await texts.getMany([2, 2])();
  const renaming = heldWrite(() => {});
  const writing = texts.mutate([1], renaming.write)();
  await turn();
  await texts.get(1)();
  await renaming.commit();
  await writing;
  here.texts.hold("loads");
  const overtaken = texts.get(3)();
  await turn();
  right(await texts.invalidate([3])());
  await here.texts.loads.at(-1)!.release();
  await overtaken;
  const failing = texts.get(7)();
  await turn();
  await here.texts.loads.at(-1)!.fail("down");
  await failing;
  assertEquals(seen, [
    "1 Filled text",
    "1 HitMemory memory",
    "2 HitShared text",
    "2 HitShared text",
    "1 Bypassed text",
    "3 Overtaken text",
    "7 undefined undefined",
  ]);
});

Deno.test("the outcome of each write is told", async () => {
  const here = world();
  const seen: Array<unknown> = [];
  const texts = pipe(
    sharedTexts(here),
    observe({ write: ({ keys, outcome }) => void seen.push([keys, outcome]) }, here.clock),
  );
  await texts.put(1, "uno")();
  for (const outcome of ["aborted", "unknown", "unconfirmed"] as const) {
    const failing = heldWrite(() => {});
    const writing = texts.mutate([1, 2], failing.write)();
    await turn();
    await failing.fail(outcome);
    assertEquals(left(await writing).outcome, outcome);
  }
  assertEquals(seen, [[[1], "committed"], [[1, 2], "aborted"], [[1, 2], "unknown"], [[1, 2], "unconfirmed"]]);
});

Deno.test("a write that the store below did not confirm is not published here, and is told as unconfirmed", async () => {
  const here = world();
  const texts = memoryIn(here)(sharedTexts(here, { onUnconfirmed: "fail" }));
  for (let i = 0; i < 2; i++) here.faulty.inject("unlock", "not applied");
  assertEquals(left(await texts.put(1, "uno")()).outcome, "unconfirmed");
  assertEquals(texts.peek(1)._tag, "None");
  assertEquals(found(await texts.get(1)()), "uno");
});
