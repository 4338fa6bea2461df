import { assert, assertEquals } from "@std/assert";
import { allFound, found } from "../support/results.ts";
import { sharedTexts, world } from "../support/stack.ts";
import { turn } from "../support/turn.ts";

Deno.test("batches of one process that each load what the other needs are there at once, and do not wait for each other", async () => {
  const here = world();
  const [texts, other] = [sharedTexts(here, { onBusy: "wait" }), sharedTexts(here, { onBusy: "wait" })];
  here.texts.hold("loads");
  const failing = other.get(2)();
  await turn();
  const first = texts.getMany([1, 2])();
  await turn();
  await here.texts.loads[0]!.fail("no row today");
  assertEquals((await failing)._tag, "Left");
  const second = texts.getMany([2, 1])();
  await turn();
  assertEquals(here.texts.loads.map(({ keys }) => keys), [[2], [1], [2]]);
  await here.texts.loads[1]!.release();
  await here.texts.loads[2]!.release();
  assertEquals(allFound(await first), ["one", "two"]);
  assertEquals(allFound(await second), ["two", "one"]);
  assertEquals([here.clock.now(), here.texts.loads.length], [0, 3]);
});

Deno.test("D13 all that wait in one process for another's load ask once when it is over", async () => {
  const here = world();
  const [texts, other] = [sharedTexts(here, { onBusy: "wait" }), sharedTexts(here, { onBusy: "wait" })];
  here.texts.hold("loads");
  const loading = other.get(1)();
  await turn();
  const early = Array.from({ length: 50 }, () => texts.get(1)());
  await turn();
  const late = Array.from({ length: 50 }, () => texts.get(1)());
  await turn();
  const before = here.faulty.calls.length;
  await here.texts.loads[0]!.release();
  for (const read of [loading, ...early, ...late]) assertEquals(found(await read), "one");
  assertEquals(here.texts.loads.length, 1);
  // A fill, and one question.
  assert(here.faulty.calls.length <= before + 2, `${here.faulty.calls.length - before} calls`);
});
