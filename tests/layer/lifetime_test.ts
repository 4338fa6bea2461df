import { assertEquals } from "@std/assert";
import { found, right } from "../support/results.ts";
import { memoryIn, sharedTexts, world } from "../support/stack.ts";

Deno.test("X10 an entry that moves up keeps its total lifetime", async () => {
  const here = world();
  const below = sharedTexts(here, { ttl: "60s" });
  const texts = memoryIn(here, { ttl: "1h" })(below);
  await below.get(1)();
  await here.clock.advance(40_000);
  assertEquals(found(await texts.get(1)()), "one");
  here.texts.rows.set(1, "changed behind");
  await here.clock.advance(19_999);
  assertEquals(texts.peek(1)._tag, "Some");
  await here.clock.advance(1);
  assertEquals(texts.peek(1)._tag, "None");
  assertEquals(found(await texts.get(1)()), "changed behind");
});

Deno.test("X10 D07 an entry's age and lifetime count from the start of its load, through every tier", async () => {
  const here = world();
  const texts = memoryIn(here, { ttl: "30s" })(sharedTexts(here, { ttl: "20s" }));
  here.texts.hold("loads");
  const reading = texts.entries([1])();
  await here.clock.advance(5_000);
  await here.texts.loads[0]!.release();
  const { age, until, fresh } = right((await reading)[0]!);
  assertEquals([age, until, fresh].map(Number), [5_000, 15_000, 15_000]);
  await here.clock.advance(14_999);
  assertEquals(right((await texts.entries([1])())[0]!).age as number, 19_999);
  await here.clock.advance(1);
  assertEquals(texts.peek(1)._tag, "None");
  await here.texts.flow("loads");
  assertEquals(right((await texts.entries([1])())[0]!).verdict._tag, "Filled");
});

Deno.test("X10 what a tier below was too busy to keep lives no longer above than it would have below", async () => {
  for (const state of ["claimed", "unreachable"] as const) {
    const here = world();
    const below = sharedTexts(here, { ttl: "20s" });
    const texts = memoryIn(here, { ttl: "1h" })(below);
    if (state === "claimed") here.faulty.inject("claim", "applied, reported failed");
    if (state === "claimed") await below.get(1)();
    else here.faulty.down("not applied");
    await texts.get(1)();
    await here.clock.advance(19_999);
    assertEquals(texts.peek(1)._tag, "Some", state);
    await here.clock.advance(1);
    assertEquals(texts.peek(1)._tag, "None", state);
  }
});

Deno.test("X10 the time that a tier's answer takes is not added to an entry's life", async () => {
  for (const slow of ["the claim that hits", "the look that hits", "the fill"] as const) {
    const here = world();
    const below = sharedTexts(here, { ttl: "20s" });
    const texts = memoryIn(here, { ttl: "1h" })(below);
    if (slow !== "the fill") await below.getMany([1, 2])();
    const operation =
      ({ "the claim that hits": "claim", "the look that hits": "look", "the fill": "fill" } as const)[slow];
    const answer = here.faulty.inject(operation, "answered late");
    const reading = slow === "the look that hits" ? texts.getMany([1, 2])() : texts.get(1)();
    await here.clock.advance(900);
    await answer.deliver();
    right<unknown, unknown>(await reading);
    await here.clock.advance(19_099);
    assertEquals(texts.peek(1)._tag, "Some", slow);
    await here.clock.advance(1);
    assertEquals(texts.peek(1)._tag, "None", slow);
  }
});

Deno.test("X10 an entry on probation below lives no longer above", async () => {
  const here = world();
  const texts = memoryIn(here, { ttl: "1h" })(sharedTexts(here, { level: "probation" }));
  await texts.get(1)();
  await here.clock.advance(9_999);
  assertEquals(texts.peek(1)._tag, "Some");
  await here.clock.advance(1);
  assertEquals(texts.peek(1)._tag, "None");
});

Deno.test("a tier's own ttl counts from when it asked below: an old entry of the tier below is kept as well", async () => {
  const here = world();
  const below = sharedTexts(here, { ttl: "1h" });
  const texts = memoryIn(here, { ttl: "60s" })(below);
  await below.get(1)();
  await here.clock.advance(600_000);
  await texts.get(1)();
  await here.clock.advance(59_999);
  assertEquals(texts.peek(1)._tag, "Some");
  await here.clock.advance(1);
  assertEquals(texts.peek(1)._tag, "None");
  assertEquals([found(await texts.get(1)()), here.texts.loads.length], ["one", 1]);
});

Deno.test("the strict level stores nothing in a slot's first lease, and caches afterwards", async () => {
  const here = world();
  const texts = sharedTexts(here, { level: "strict" });
  for (let i = 0; i < 2; i++) assertEquals(right((await texts.entries([1])())[0]!).verdict._tag, "Overtaken");
  await here.clock.advance(10_000);
  const verdicts = [];
  for (let i = 0; i < 2; i++) verdicts.push(right((await texts.entries([1])())[0]!).verdict._tag);
  assertEquals(verdicts, ["Filled", "HitShared"]);
});
