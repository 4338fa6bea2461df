import * as E from "fp-ts/lib/Either.js";
import { assertEquals, assertRejects } from "@std/assert";
import { cached, CacheReadError, type CallKey, fromVerbs, identity, type Layer } from "../../mod.ts";
import { stand } from "./stand.ts";

Deno.test("without a tier every call is one of the function, and get finds nothing", async () => {
  let calls = 0;
  await using count = cached((_text: string) => ++calls, { layer: identity });
  assertEquals([await count("a"), await count("a"), await count.get("a")], [1, 2, undefined]);
  await count.invalidate("a");
});

Deno.test("the results of all calls are forgotten at once where the tiers can do so", async () => {
  const here = stand();
  let calls = 0;
  const fn = (id: number): string => `user ${id}, call ${++calls}`;
  await using user = cached(fn, { layer: [here.far({ epoch: "every read" }), here.near()], clock: here.clock });
  assertEquals([await user(1), await user(2)], ["user 1, call 1", "user 2, call 2"]);
  await user.invalidateAll();
  assertEquals([await user.get(1), await user(1), await user(2)], [undefined, "user 1, call 3", "user 2, call 4"]);
});

Deno.test("a layer that makes keys of its own is at fault, and says so", async () => {
  const copying: Layer<CallKey, string> = (below) =>
    fromVerbs({ ...below, entries: (keys, options) => below.entries(keys.map((key) => [...key]), options) });
  await using user = cached((id: number) => `user ${id}`, { layer: copying });
  const { error } = await assertRejects(() => user(1), CacheReadError);
  assertEquals(error._tag, "LoaderFault");
});

Deno.test("a read that shares the fate of looks time and again ends", async () => {
  let reads = 0;
  const cancelling: Layer<CallKey, string> = (below) =>
    fromVerbs({
      ...below,
      entries: (keys) => () => (reads++, Promise.resolve(keys.map(() => E.left({ _tag: "Cancelled" } as const)))),
    });
  await using user = cached((id: number) => `user ${id}`, { layer: cancelling });
  assertEquals((await assertRejects(() => user(1), CacheReadError)).error._tag, "Cancelled");
  assertEquals(reads, 8);
});
