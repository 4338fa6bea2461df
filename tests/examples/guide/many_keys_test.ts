import { assertEquals } from "@std/assert";
import { cachedMany, memory } from "../../../mod.ts";
import { virtualClock } from "../../../lib/testing/virtual_clock.ts";

Deno.test("many keys are asked for at once, and those that are missing or old are made in one call", async () => {
  const clock = virtualClock();
  const queries: Array<ReadonlyArray<string>> = [];
  const loadSettings = (names: ReadonlyArray<string>): Promise<ReadonlyArray<string | undefined>> => {
    queries.push(names);
    return Promise.resolve(names.map((name) => name === "unknown" ? undefined : `${name} of ${clock.now()}`));
  };
  await using settings = cachedMany(loadSettings, { layer: memory({ capacity: 100, ttl: "1m", clock }), clock });

  assertEquals(await settings(["theme", "language"]), ["theme of 0", "language of 0"]);
  await clock.advance(30_000);
  assertEquals(await settings(["zoom", "theme", "unknown"]), ["zoom of 30000", "theme of 0", undefined]);
  await clock.advance(31_000);
  assertEquals(await settings(["theme", "zoom", "unknown", "language"]), [
    "theme of 61000",
    "zoom of 30000",
    undefined,
    "language of 61000",
  ]);
  assertEquals(queries, [["theme", "language"], ["zoom", "unknown"], ["theme", "language"]]);

  await settings.set([["theme", "dark"], ["zoom", "2"]]);
  assertEquals(await settings.get(["zoom", "theme", "volume"]), ["2", "dark", undefined]);
});
