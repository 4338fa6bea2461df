import { assertEquals, assertThrows } from "@std/assert";
import * as t from "io-ts";
import {
  cached,
  type CallKey,
  type Layer,
  memoryBackend,
  nullBackend,
  promises,
  type Regions,
  regions,
  type RegionsConfig,
  type RegionsOptions,
  source,
  type Store,
} from "../../mod.ts";
import { redisBackend } from "../../lib/backend/redis/mod.ts";
import { sqliteBackend } from "../../lib/backend/sqlite.ts";
import { virtualClock } from "../../lib/testing/virtual_clock.ts";
import { right } from "../support/results.ts";

const both = {
  backends: { main: { memory: { capacity: 100, maxBytes: 100_000 } }, off: { null: {} } },
  regions: {
    short: {
      tiers: [{ shared: { backend: "main", ttl: "10s", grace: "1h" } }, { memory: { capacity: 10, ttl: "5s" } }],
    },
    uncached: { tiers: [{ shared: { backend: "off", ttl: "10m" } }] },
    empty: { tiers: [] },
  },
} as const satisfies RegionsConfig;

function made(config: unknown, options?: RegionsOptions): Regions {
  return right(regions(config, options));
}

Deno.test("D28 regions are configured from plain JSON, and each is a layer for stores and functions", async () => {
  const clock = virtualClock();
  await using caches = made(JSON.parse(JSON.stringify(both)), { clock });
  assertEquals(caches.names, ["short", "uncached", "empty"]);
  const calls: Record<string, number> = {};
  for (const region of caches.names) {
    calls[region] = 0;
    const fn = (id: number): string => `${region} ${id}, call ${++calls[region]!}`;
    await using text = cached(fn, { layer: caches.layer(region), clock });
    await text(1);
    await text(1);
    assertEquals(
      (await text.entry(1)).verdict.tier,
      { short: "memory", uncached: "uncached", empty: "source" }[region],
    );
  }
  assertEquals(calls, { short: 1, uncached: 3, empty: 3 });
});

Deno.test("the tiers stand in their order, with the options that the configuration gives them", async () => {
  const clock = virtualClock();
  const seen = new Set<string>();
  const observer = { transition: ({ tier }: { readonly tier: string }) => void seen.add(tier) };
  await using caches = made(both, { clock, observer });
  await using text = cached((id: number) => `text ${id}`, { layer: caches.layer("short", { name: "text" }), clock });
  await text(1);
  assertEquals([(await text.entry(1)).fresh, [...seen]], [5_000, ["memory", "text"]] as never);
  await clock.advance(6_000);
  assertEquals((await text.entry(1)).verdict._tag, "HitShared");
  await clock.advance(5_000);
  assertEquals((await text.entry(1)).verdict._tag, "Stale");
});

Deno.test("a store brings its name and its codec, and a region's codec may be one of the application's", async () => {
  const upper: t.Type<string, string, unknown> = new t.Type(
    "Upper",
    t.string.is,
    (value, context) => typeof value === "string" ? t.success(value.toUpperCase()) : t.failure(value, context),
    t.identity,
  );
  const config = {
    backends: { main: { memory: { capacity: 100 } } },
    regions: {
      own: { tiers: [{ shared: { backend: "main", ttl: "1m", codec: "upper" } }] },
      plain: { tiers: [{ shared: { backend: "main", ttl: "1m", codec: "structured", name: "elsewhere" } }] },
    },
  };
  await using caches = made(config, { codecs: { upper } });
  const load = (ids: ReadonlyArray<number>) => Promise.resolve(ids.map((id) => `text ${id}`));
  const texts = promises(caches.layer("own")(source({ load })));
  assertEquals([await texts.get(1), await texts.get(1)], ["text 1", "TEXT 1"]);
  const lower = promises(caches.layer("own", { name: "lower", codec: t.string })(source({ load })));
  assertEquals([await lower.get(1), await lower.get(1)], ["text 1", "text 1"]);
  const dates = promises(
    caches.layer("plain")(source({
      load: (ids: ReadonlyArray<number>) => Promise.resolve(ids.map((id) => new Date(id))),
    })),
  );
  assertEquals([await dates.get(1), await dates.get(1)], [new Date(1), new Date(1)]);
});

Deno.test("the compiler knows the values of a store that brings its codec", async () => {
  await using caches = made(both);
  const numbers = source({ load: (ids: ReadonlyArray<string>) => Promise.resolve(ids.map((id) => id.length)) });
  const cachedNumbers: Store<string, number> = caches.layer("short", { name: "number", codec: t.number })(numbers);
  const layer: Layer<CallKey, number> = caches.layer("short", { name: "length", codec: t.number });
  await using length = cached((text: string) => text.length, { layer });
  await using again = cached((text: string) => text.length, {
    layer: [caches.layer("short", { name: "length", codec: t.number }), caches.layer("empty")],
  });
  // @ts-expect-error a region of texts does not stand in front of numbers
  caches.layer("short", { name: "text", codec: t.string })(numbers);
  assertEquals([await promises(cachedNumbers).get("abc"), await length("ab"), await again("a")], [3, 2, 1]);
});

Deno.test("two stores under one name would read each other's values: the second one has to bring a name", async () => {
  await using caches = made(both);
  const texts = source({ load: (ids: ReadonlyArray<number>) => Promise.resolve(ids.map((id) => `text ${id}`)) });
  const numbers = source({ load: (ids: ReadonlyArray<number>) => Promise.resolve(ids) });
  const first = promises(caches.layer("short")(texts));
  const error = assertThrows(() => caches.layer("short")(numbers), RangeError) as RangeError;
  assertEquals(
    error.message,
    `Cannot use the region short again: expected a name for each store after the first, such as layer("short", { name: "user" }): received none`,
  );
  const second = promises(caches.layer("short", { name: "number" })(numbers));
  assertEquals([await first.get(1), await second.get(1), await first.get(1)], ["text 1", 1, "text 1"]);
  // Without a shared tier there is nothing to meet in.
  caches.layer("empty")(texts);
  caches.layer("empty")(numbers);
});

Deno.test("a region that is not there, or does not fit the store, is refused where it is used", async () => {
  await using caches = made({ regions: { short: { tiers: [{ memory: { capacity: 1, ttl: "1s", lease: "2s" } }] } } });
  const missing = assertThrows(() => caches.layer("long"), RangeError) as RangeError;
  assertEquals(missing.message, `Cannot use a region: expected "short": received "long"`);
  const slow = source({ load: (ids: ReadonlyArray<number>) => Promise.resolve(ids), commit: "5s" });
  const unfit = assertThrows(() => caches.layer("short")(slow), RangeError) as RangeError;
  assertEquals(
    unfit.message.startsWith("Cannot use the region short: Cannot build the tier memory: expected a lease"),
    true,
  );
});

Deno.test("backends come from the application's factories, also those of Redis and SQLite", async () => {
  const path = await Deno.makeTempFile({ suffix: ".sqlite" });
  const config = {
    backends: { far: { redis: { url: "redis://127.0.0.1:1" } }, file: { sqlite: { path } }, own: { mine: { a: 1 } } },
    regions: {
      file: { tiers: [{ shared: { backend: "file", ttl: "1m" } }] },
      mine: { tiers: [{ shared: { backend: "own", ttl: "1m" } }] },
    },
  };
  const given: Array<unknown> = [];
  const mine = (options: { readonly a: number }) => (given.push(options), memoryBackend<Uint8Array>({ capacity: 10 }));
  try {
    await using caches = made(config, { backends: { redis: redisBackend, sqlite: sqliteBackend, mine } });
    await using text = cached((id: number) => `text ${id}`, { layer: caches.layer("file") });
    assertEquals([await text(1), (await text.entry(1)).verdict._tag, given], ["text 1", "HitShared", [{ a: 1 }]]);
  } finally {
    await Deno.remove(path).catch(() => {});
    for (const rest of ["-wal", "-shm"]) await Deno.remove(path + rest).catch(() => {});
  }
});

Deno.test("closing regions closes their backends once the stores are closed", async () => {
  const closed: Array<string> = [];
  const backends = {
    noting: ({ name }: { readonly name: string }) => {
      const backend = nullBackend();
      return { ...backend, close: () => (closed.push(name), backend.close()) };
    },
  };
  const shared = (backend: string) => ({ tiers: [{ shared: { backend, ttl: "1m" } }] });
  const config = {
    backends: { a: { noting: { name: "a" } }, b: { noting: { name: "b" } } },
    regions: { one: shared("a"), two: shared("b") },
  };
  {
    await using caches = made(config, { backends });
    await using text = cached((id: number) => `text ${id}`, { layer: caches.layer("one") });
    assertEquals([await text(1), closed], ["text 1", []]);
  }
  assertEquals(closed, ["a", "b"]);
});
