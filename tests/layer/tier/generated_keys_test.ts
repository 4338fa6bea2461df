import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import { assertEquals } from "@std/assert";
import type { Write } from "../../../mod.ts";
import { counters } from "../../../mod.ts";
import { found, right } from "../../support/results.ts";
import { memoryIn, sharedTexts, world } from "../../support/stack.ts";
import { turn } from "../../support/turn.ts";

Deno.test("X18 an insert with a generated id clears a cached absence of it before it is acknowledged", async () => {
  const here = world();
  const texts = memoryIn(here)(sharedTexts(here));
  assertEquals(found(await texts.get(7)()), undefined);
  assertEquals(texts.peek(7), O.some(O.none));
  const insert = (): Write<number> => () => (here.texts.rows.set(7, "seven"), Promise.resolve(E.right(7)));
  assertEquals(right(await texts.mutate([], insert, { alsoWritten: (id) => [id] })()), 7);
  assertEquals(texts.peek(7), O.none);
  assertEquals(found(await texts.get(7)()), "seven");
});

Deno.test("X18 a load of the absence that was under way during the insert is not cached", async () => {
  const here = world();
  const texts = memoryIn(here)(sharedTexts(here));
  here.texts.hold("loads");
  const reading = texts.get(7)();
  await turn();
  const insert = (): Write<number> => () => (here.texts.rows.set(7, "seven"), Promise.resolve(E.right(7)));
  right(await texts.mutate([], insert, { alsoWritten: (id) => [id] })());
  here.texts.flow("loads");
  await here.texts.loads[0]!.release();
  assertEquals(found(await reading), undefined);
  assertEquals(found(await texts.get(7)()), "seven");
});

for (const [what, alsoWritten] of Object.entries({ "names no key": () => [NaN], throws: () => JSON.parse("{") })) {
  Deno.test(`X18 an insert whose alsoWritten ${what} is committed, and unconfirmed`, async () => {
    const here = world();
    const seen = counters();
    const texts = sharedTexts(here, { observer: seen, onUnconfirmed: "fail" });
    const insert = (): Write<number> => () => (here.texts.rows.set(7, "seven"), Promise.resolve(E.right(7)));
    const done = await texts.mutate([8], insert, { alsoWritten })();
    assertEquals(done._tag === "Left" && done.left.outcome, "unconfirmed");
    assertEquals(seen.counts(), { "event.Unconfirmed": 1 });
    assertEquals(found(await texts.get(8)()), undefined);
  });
}
