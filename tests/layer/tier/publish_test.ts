import * as E from "fp-ts/lib/Either.js";
import { assertEquals } from "@std/assert";
import type { Write } from "../../../mod.ts";
import { found, right } from "../../support/results.ts";
import { memoryIn, sharedTexts, world } from "../../support/stack.ts";
import { turn } from "../../support/turn.ts";

Deno.test("S17 X04 I1 an unlock that arrives after another writer's does not publish its older value", async () => {
  for (const probed of ["first", "second"] as const) {
    const here = world();
    const texts = sharedTexts(here);
    const nodes = [memoryIn(here)(texts), memoryIn(here)(sharedTexts(here))] as const;
    here.texts.hold("saves");
    const slow = here.faulty.inject("unlock", "held");
    const writing = [nodes[0].put(1, "first")(), nodes[1].put(1, "second")()];
    await turn();
    await here.texts.saves[0]!.commit();
    await here.texts.saves[1]!.commit();
    right(await writing[1]!);
    await slow.deliver();
    right(await writing[0]!);
    assertEquals(found(await nodes[probed === "first" ? 0 : 1].get(1)()), "second");
    assertEquals(found(await texts.get(1)()), "second");
  }
});

Deno.test("S17 I1 a key cleared by another write while it is locked is not published by its writer", async () => {
  const here = world();
  const texts = sharedTexts(here);
  const slow = here.faulty.inject("unlock", "held");
  const saving = texts.put(7, "older")();
  await turn();
  const insert = (): Write<number> => () => (here.texts.rows.set(7, "newer"), Promise.resolve(E.right(7)));
  right(await sharedTexts(here).mutate([], insert, { alsoWritten: (id) => [id] })());
  await slow.deliver();
  right(await saving);
  assertEquals(found(await texts.get(7)()), "newer");
});

Deno.test("S17 a value is published only with the lock that it was written under", async () => {
  const here = world();
  const texts = sharedTexts(here, { timeout: "30s" });
  const slow = here.faulty.inject("unlock", "held");
  const saving = texts.put(1, "older")();
  await here.clock.advance(10_000);
  // The lease is over: another process writes, is done, and its value is cached.
  right(await texts.put(1, "newer")());
  await slow.deliver();
  right(await saving);
  assertEquals(found(await texts.get(1)()), "newer");
});
