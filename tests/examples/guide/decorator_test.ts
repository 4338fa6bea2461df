import { assertEquals } from "@std/assert";
import { cached, lateRegions, regions } from "../../../mod.ts";
import { right } from "../../support/results.ts";

const configuration = {
  backends: { main: { memory: { capacity: 1_000 } } },
  regions: { "long term": { tiers: [{ shared: { backend: "main", ttl: "1h" } }] } },
};

// A function is cached where it is defined; who calls it does not notice.
Deno.test("a region's cached function loads once for equal arguments, and has a way to look, set, forget and renew", async () => {
  await using caches = right(regions(configuration));
  let queries = 0;
  const loadUserInfo = (userId: number): Promise<{ name: string }> => {
    queries++;
    return Promise.resolve({ name: `user ${userId}` });
  };
  await using userInfo = cached(loadUserInfo, { layer: caches.layer("long term", { name: "user info" }) });

  assertEquals([await userInfo(5), await userInfo(5), queries], [{ name: "user 5" }, { name: "user 5" }, 1]);
  assertEquals(await userInfo.get(6), undefined);
  await userInfo.set([6], { name: "set" });
  assertEquals([await userInfo(6), queries], [{ name: "set" }, 1]);
  await userInfo.invalidate(6);
  assertEquals([await userInfo(6), await userInfo.refresh(5), queries], [{ name: "user 6" }, { name: "user 5" }, 3]);
  assertEquals([await userInfo.original(5), queries], [{ name: "user 5" }, 4]);
});

Deno.test("a function is defined before its region is configured", async () => {
  await using caches = lateRegions();
  await using double = cached((n: number) => 2 * n, { layer: caches.layer("long term") });
  right(caches.configure(configuration));
  assertEquals(await double(21), 42);
});
