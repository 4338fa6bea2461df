import { assertEquals } from "@std/assert";
import { externalsOf, loadedBy } from "../../lib/task/bench/module_graph.ts";

const ofRedis = (graph: ReadonlyArray<string>) => graph.filter((specifier) => /^npm:(@redis\/|redis$)/.test(specifier));

Deno.test("importing mod.ts loads neither npm:redis nor node:sqlite", async () => {
  const graph = await loadedBy("mod.ts");
  assertEquals(graph.filter((specifier) => specifier === "node:sqlite"), []);
  assertEquals(ofRedis(graph), []);
});

Deno.test("importing the Redis entry does load npm:redis, so that the test above can fail", async () => {
  assertEquals(ofRedis(await loadedBy("lib/backend/redis/mod.ts")).includes("npm:redis"), true);
});

Deno.test("the floor of an import has every package behind it, and nothing of the checkout", async () => {
  const names = externalsOf(await loadedBy("mod.ts"));
  assertEquals(names.filter((name) => /^npm:\/fp-ts@|^npm:\/io-ts@|^@std\/crypto$/.test(name)).length > 2, true);
  assertEquals(names.filter((name) => name.includes("file:")), []);
});
