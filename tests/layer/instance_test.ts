import { pipe } from "fp-ts/lib/function.js";
import * as O from "fp-ts/lib/Option.js";
import { assertEquals } from "@std/assert";
import type { Layer } from "../../mod.ts";
import { identity } from "../../mod.ts";
import { found, right } from "../support/results.ts";
import { memoryIn, sharedTexts, world } from "../support/stack.ts";

Deno.test("B04 a shared-tier hit fills the instance tier for its ttl, whose end leads to the shared tier only", async () => {
  const here = world();
  await sharedTexts(here).get(1)();
  const calls = () => here.faulty.calls.length;
  const texts = pipe(sharedTexts(here, { probe: "look" }), memoryIn(here, { ttl: "60s" }));
  const before = calls();
  assertEquals(found(await texts.get(1)()), "one");
  assertEquals([calls() - before, texts.peek(1)], [1, O.some(O.some("one"))]);
  await here.clock.advance(59_000);
  assertEquals([found(await texts.get(1)()), calls() - before], ["one", 1]);
  await here.clock.advance(1_000);
  assertEquals(texts.peek(1), O.none);
  assertEquals([found(await texts.get(1)()), calls() - before, here.texts.loads.length], ["one", 2, 1]);
});

Deno.test("B06 the instance tier is bounded by count and bytes, can be inspected, flushed and switched off", async () => {
  const here = world();
  const held = async (layer: Layer<number, string>): Promise<ReadonlyArray<number>> => {
    const texts = layer(here.texts.store);
    for (const key of [1, 2, 3]) right(await texts.get(key)());
    const inspect = () => [1, 2, 3].filter((key) => O.isSome(texts.peek(key)));
    const before = inspect();
    right(await texts.invalidateAll()());
    assertEquals(inspect(), []);
    assertEquals(found(await texts.get(1)()), "one");
    return before;
  };
  assertEquals(await held(memoryIn(here)), [1, 2, 3]);
  assertEquals((await held(memoryIn(here, { capacity: 2 }))).length, 2);
  assertEquals((await held(memoryIn(here, { maxBytes: 2, sizeOf: () => 1 }))).length, 2);
  // Off: it keeps nothing, or is not there.
  assertEquals(await held(memoryIn(here, { ttl: () => "do not store" })), []);
  assertEquals(await held(identity), []);
});
