import { some } from "fp-ts/lib/Option.js";
import { assertEquals, assertRejects } from "@std/assert";
import {
  cached,
  CacheReadError,
  CacheWriteError,
  lateRegions,
  memory,
  memoryBackend,
  promises,
  showMistake,
  source,
} from "../../mod.ts";
import { left, right } from "../support/results.ts";

const config = {
  backends: { main: { memory: { capacity: 100 } } },
  regions: {
    short: { tiers: [{ shared: { backend: "main", ttl: "10m" } }, { memory: { capacity: 10, ttl: "1m" } }] },
    long: { tiers: [{ shared: { backend: "main", ttl: "1h" } }] },
  },
};

const texts = (calls: Array<number> = []) =>
  source({
    load: (ids: ReadonlyArray<number>) => (calls.push(...ids), Promise.resolve(ids.map((id) => `text ${id}`))),
    save: () => Promise.resolve(),
  });

Deno.test("D28 a region used before configuration says so, in every operation, and touches nothing", async () => {
  await using caches = lateRegions();
  const calls: Array<number> = [];
  const store = caches.layer("short")(texts(calls));
  const message = (operation: string): string =>
    `Cannot ${operation} in this store: its region short is not configured; configure the regions first`;
  const early = promises(store);
  for (const read of [() => early.get(1), () => early.getMany([1, 2]), () => early.get(1, { force: true })]) {
    const error = await assertRejects(read, CacheReadError);
    assertEquals([error.message, error.error._tag], [message("read"), "Unsupported"]);
  }
  for (const write of [() => early.put(1, "x"), () => early.remove(1), () => early.invalidate([1])]) {
    const error = await assertRejects(write, CacheWriteError);
    assertEquals([error.message, error.outcome], [`${message("write")} (aborted)`, "aborted"]);
  }
  assertEquals(left(await store.transact(() => () => Promise.reject())()).outcome, "aborted");
  assertEquals(left(await store.invalidateAll()()).outcome, "aborted");
  assertEquals([early.peek(1), calls, caches.names], [{ found: false, value: undefined }, [], []]);

  right(caches.configure(config));
  assertEquals([await early.get(1), await early.get(1), calls, caches.names], ["text 1", "text 1", [1], [
    "short",
    "long",
  ]]);
  assertEquals(early.peek(1), { found: true, value: "text 1" });
});

Deno.test("D28 functions in front of which regions stand are defined first and configured later", async () => {
  await using caches = lateRegions();
  await using length = cached((text: string) => text.length, { layer: caches.layer("long", { name: "length" }) });
  await using upper = cached((text: string) => text.toUpperCase(), { layer: caches.layer("long", { name: "upper" }) });
  assertEquals((await assertRejects(() => length("a"), CacheReadError)).error._tag, "Unsupported");
  assertEquals(await upper.get("a"), undefined);
  right(caches.configure(config));
  assertEquals([await length("abc"), await upper("abc"), await upper.get("abc")], [3, "ABC", "ABC"]);
  await using later = cached((text: string) => text.length, { layer: caches.layer("short") });
  assertEquals(await later("four"), 4);
});

Deno.test("a region in use that the configuration lacks, or that does not fit its store, is a mistake, and nothing is configured", async () => {
  await using caches = lateRegions();
  const missing = promises(caches.layer("middle")(texts()));
  const slow = source({ load: (ids: ReadonlyArray<number>) => Promise.resolve(ids), commit: "20s" });
  caches.layer("long")(slow);
  let closed = 0;
  const noting = (options: { readonly capacity: number }) => {
    const backend = memoryBackend<Uint8Array>(options);
    return { ...backend, close: () => (closed++, backend.close()) };
  };
  const found = left(
    caches.configure({ ...config, backends: { main: { noting: { capacity: 10 } } } }, { backends: { noting } }),
  );
  assertEquals(found.map(showMistake), [
    "Cannot configure .regions.middle: expected a region that is in use: received nothing",
    "Cannot configure .regions.long: expected a lease whose 90 % exceed the source's commit timeout of 20s: received 10s",
  ]);
  assertEquals([closed, (await assertRejects(() => missing.get(1), CacheReadError)).error._tag], [1, "Unsupported"]);
});

Deno.test("a wrong configuration leaves regions as they were; a second right one is refused", async () => {
  await using caches = lateRegions();
  const store = promises(caches.layer("short")(texts()));
  assertEquals(left(caches.configure({ regions: 7 })).length, 1);
  right(caches.configure(config));
  assertEquals(left(caches.configure(config)), [{ path: [], expected: "one configuration", received: "a second one" }]);
  assertEquals(await store.get(1), "text 1");
});

Deno.test("a store that was closed before its region was configured stays closed, and so does a closed registry", async () => {
  const caches = lateRegions();
  const store = promises(caches.layer("missing")(texts()));
  await store.close();
  assertEquals((await assertRejects(() => store.get(1), CacheReadError)).error._tag, "Closed");
  right(caches.configure(config));
  await caches.close();
  const never = lateRegions();
  await never.close();
  assertEquals(left(never.configure(config))[0]?.received, "one after they were closed");
});

Deno.test("a tier above a late region clears and never publishes, since it may not be next to the source", async () => {
  await using caches = lateRegions();
  const calls: Array<number> = [];
  const store = caches.layer("long")(texts(calls));
  const near = promises(memory({ capacity: 10, ttl: "1m" })(store));
  assertEquals(store.tiers, 1);
  right(caches.configure(config));
  await near.put(1, "written");
  assertEquals([near.peek(1).found, await near.get(1), near.peek(1).found, calls], [false, "written", true, []]);
});

Deno.test("X06 a memory tier above a region that is configured later follows its epoch", async () => {
  const backend = memoryBackend<Uint8Array>({ capacity: 100 });
  const rows = new Map([[1, "old"]]);
  const load = (ids: ReadonlyArray<number>) => Promise.resolve(ids.map((id) => rows.get(id)));
  const tier = { shared: { backend: "main", ttl: "10m", epoch: "every read" } };
  const late = { backends: { main: { here: {} } }, regions: { long: { tiers: [tier] } } };
  const options = { backends: { here: () => backend } };
  await using here = lateRegions();
  await using store = memory({ capacity: 10, ttl: "1h" })(here.layer("long", { name: "text" })(source({ load })));
  right(here.configure(late, options));
  await using there = lateRegions();
  right(there.configure(late, options));
  await using other = there.layer("long", { name: "text" })(source({ load }));

  assertEquals(right(await store.get(1)()), some("old"));
  rows.set(1, "new");
  right(await other.invalidateAll()());
  // A read of another key shows the process that there is another epoch.
  right(await store.get(2)());
  assertEquals(right(await store.get(1)()), some("new"));
});
