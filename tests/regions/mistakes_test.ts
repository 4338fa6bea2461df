import { assertEquals } from "@std/assert";
import { memoryBackend, type Mistake, regions, type RegionsOptions, showMistake } from "../../mod.ts";
import { redisBackend } from "../../lib/backend/redis/mod.ts";
import { left } from "../support/results.ts";

function mistakes(config: unknown, options?: RegionsOptions): ReadonlyArray<string> {
  const start = "Cannot configure ";
  return left(regions(config, options)).map(showMistake).map((text) => text.slice(start.length));
}

/** The mistakes of one tier's options, with their paths below the tier. */
function ofTier(kind: "memory" | "shared", options: object): ReadonlyArray<string> {
  const least = kind === "memory" ? { capacity: 10, ttl: "1m" } : { backend: "main", ttl: "1m" };
  const config = {
    backends: { main: { memory: { capacity: 10 } } },
    regions: { r: { tiers: [{ [kind]: { ...least, ...options } }] } },
  };
  const made = regions(config);
  if (made._tag === "Right") return [];
  const start = `Cannot configure .regions.r.tiers[0].${kind}`;
  return made.left.map(showMistake).map((text) => text.startsWith(start) ? text.slice(start.length) : text);
}

Deno.test("D28 every mistake is reported at once, each with its path, what was expected and what was received", () => {
  const config = {
    backends: {
      main: { memory: { capacity: 0 } },
      far: { reddis: { url: "redis://secret@host" } },
      "a:b": { null: {} },
    },
    region: {},
    regions: {
      short: {
        tiers: [
          { memory: { capacity: "many", ttl: 60, tll: "60s" } },
          { shared: { backend: "mian", ttl: "10 m", codec: "xml", lease: "forever" } },
          { shared: { backend: "main", ttl: "forever", grace: "1h", loadTimeout: { soft: "30s", hard: "20s" } } },
          { disk: {} },
          7,
        ],
        tears: 1,
      },
      long: {},
      none: null,
    },
  };
  const duration = `a text like "250ms", "60s", "10m", "24h", "7d" or "forever"`;
  assertEquals(mistakes(config, { codecs: { user: { id: 5 } as never } }), [
    `.regions.short.tiers[0].memory.capacity: expected a positive whole number: received "many"`,
    `.regions.short.tiers[0].memory.ttl: expected ${duration}: received 60`,
    `.regions.short.tiers[0].memory.tll: expected one of the fields "capacity", "ttl", "grace", "negativeTtl", "jitter", "lease", "onBusy", "onStale", "onFailure", "refresh", "loadTimeout", "backOff", "maxBytes", "values", "invalidations" or "name": received an unknown field`,
    `.regions.short.tiers[1].shared.backend: expected "main", "far" or "a:b": received "mian"`,
    `.regions.short.tiers[1].shared.ttl: expected ${duration}: received "10 m"`,
    `.regions.short.tiers[1].shared.lease: expected a text like "250ms", "60s", "10m", "24h" or "7d": received "forever"`,
    `.regions.short.tiers[1].shared.codec: expected "json", "structured", "bytes" or "user": received "xml"`,
    `.regions.short.tiers[2].shared.grace: expected a ttl that ends, after which the grace begins: received grace with a ttl of forever`,
    `.regions.short.tiers[2].shared.loadTimeout.hard: expected a lease of at least the hard load timeout: received a lease of 10s`,
    `.regions.short.tiers[2].shared.loadTimeout.soft: expected a soft load timeout below the hard one and the lease: received 30s`,
    `.regions.short.tiers[3].disk: expected one of the fields "memory" or "shared": received an unknown field`,
    `.regions.short.tiers[4]: expected an object with one of the fields "memory" or "shared": received 7`,
    `.regions.short.tears: expected one of the fields "tiers": received an unknown field`,
    `.regions.long.tiers: expected a list: received nothing`,
    `.regions.none: expected an object: received null`,
    `.backends.main.memory.capacity: expected a positive whole number: received 0`,
    `.backends.far.reddis: expected one of the fields "memory" or "null": received an unknown field`,
    `.backends["a:b"]: expected a name of 1 to 64 characters without ":": received "a:b"`,
    `.region: expected one of the fields "regions" or "backends": received an unknown field`,
  ]);
});

Deno.test("what is no configuration at all is one mistake", () => {
  for (const [config, received] of [[undefined, "nothing"], [null, "null"], ["{}", `"{}"`], [[], "a list"], [7, "7"]]) {
    assertEquals(mistakes(config), [`regions: expected an object: received ${received}`]);
  }
  assertEquals(mistakes({}), [".regions: expected an object: received nothing"]);
  assertEquals(regions({ regions: {} })._tag, "Right");
});

Deno.test("D28 what a layer refuses is reported with its path: grace, leases, load timeouts, refreshes, waits", () => {
  const ends = `expected a text like "250ms", "60s", "10m", "24h" or "7d": received "forever"`;
  const share = "expected a number between 0 and 1, without them: received";
  for (const kind of ["memory", "shared"] as const) {
    assertEquals(ofTier(kind, {}), []);
    assertEquals(ofTier(kind, { ttl: undefined, grace: "1h" }).map((text) => text.slice(0, 5)), [".ttl:"]);
    assertEquals(ofTier(kind, { ttl: "forever", grace: "1h" }).map((text) => text.slice(0, 7)), [".grace:"]);
    assertEquals(ofTier(kind, { lease: "6s", loadTimeout: { hard: "7s" } }), [
      ".loadTimeout.hard: expected a lease of at least the hard load timeout: received a lease of 6s",
    ]);
    assertEquals(ofTier(kind, { loadTimeout: { soft: "3s", hard: "2s" } }).length, 1);
    for (const ahead of [0, 1, -1, 2]) {
      assertEquals(ofTier(kind, { refresh: { ahead } }), [`.refresh.ahead: ${share} ${ahead}`]);
    }
    assertEquals(ofTier(kind, { refresh: { ahead: 0.5, xfetch: 1 } }), [
      `.refresh: expected an object with one of the fields "ahead" or "xfetch": received "ahead" and "xfetch"`,
    ]);
    assertEquals(ofTier(kind, { onBusy: { wait: "forever" } }), [`.onBusy.wait: ${ends}`]);
    assertEquals(ofTier(kind, { onBusy: "never" }), [
      `.onBusy: expected "wait" or "bypass" or an object: received "never"`,
    ]);
    assertEquals(ofTier(kind, { lease: "forever", backOff: "forever" }), [`.lease: ${ends}`, `.backOff: ${ends}`]);
    assertEquals(ofTier(kind, { jitter: 1 }), [".jitter: expected a number from 0 up to but without 1: received 1"]);
  }
});

Deno.test("the limits of a shared tier are checked too, and a secret is never shown", () => {
  assertEquals(ofTier("shared", { shards: 257 }), [
    ".shards: expected a whole number from 0 to 256 or an object: received 257",
  ]);
  assertEquals(ofTier("shared", { shards: { now: 2, before: -1 } }).length, 1);
  assertEquals(ofTier("shared", { maxBytes: 2, version: 70_000 }).length, 1);
  assertEquals(ofTier("shared", { maxBytes: 2 }).map((text) => text.slice(0, 10)), [".maxBytes:"]);
  assertEquals(ofTier("shared", { compress: { above: 5_000_000_000 } }).map((text) => text.slice(0, 10)), [
    ".compress:",
  ]);
  const secret = ofTier("shared", { secret: "hunter2", scret: "hunter2hunter2hunter2" });
  assertEquals([secret.length, JSON.stringify(secret).includes("hunter2")], [2, false]);
  assertEquals(ofTier("shared", { epoch: { lease: "forever" } }).length, 1);
  assertEquals(ofTier("shared", { switch: { poll: "forever" } }).length, 1);
  assertEquals(ofTier("shared", { switch: {}, epoch: "none" }).map((text) => text.slice(0, 8)), [".switch:"]);
  assertEquals(
    ofTier("shared", { shards: 0, epoch: "every read", secret: "hunter2hunter2hunter2", level: "strict" }),
    [],
  );
});

Deno.test("what a backend's factory refuses stands beside the other mistakes, and what was made is closed", () => {
  const closed: Array<number> = [];
  const mine = (options: { readonly size: number }) => {
    if (!(options.size > 0)) {
      throw new RangeError(`Cannot make mine: expected a positive size: received ${options.size}`);
    }
    const backend = memoryBackend<Uint8Array>({ capacity: options.size });
    return { ...backend, close: () => (closed.push(options.size), backend.close()) };
  };
  const strange = () => {
    throw "no reason";
  };
  const config = {
    backends: {
      good: { mine: { size: 3 } },
      bad: { mine: { size: 0 } },
      odd: { strange: {} },
      none: { mine: "small" },
      far: { redis: { url: "http://user:hunter2@host" } },
    },
    regions: { r: { tiers: [{ memory: { capacity: 0, ttl: "1m" } }] } },
  };
  const found = mistakes(config, { backends: { mine, strange, redis: redisBackend } });
  assertEquals(found, [
    ".regions.r.tiers[0].memory.capacity: expected a positive whole number: received 0",
    ".backends.none.mine: expected an object: received something else",
    ".backends.bad.mine: expected a positive size: received 0",
    ".backends.odd.strange: expected options that can be used: received a refusal: no reason",
    `.backends.far.redis: expected a url like redis://host:6379: received "http://…@host"`,
  ]);
  assertEquals(closed, [3]);
});

Deno.test("a mistake is data with its path", () => {
  const found: ReadonlyArray<Mistake> = left(regions({ regions: { "two words": { tiers: [{}] } } }));
  assertEquals(found, [{
    path: ["regions", "two words", "tiers", 0],
    expected: `an object with one of the fields "memory" or "shared"`,
    received: "an object without",
  }]);
  assertEquals(showMistake(found[0]!).startsWith(`Cannot configure .regions["two words"].tiers[0]: expected`), true);
});

Deno.test("no name that objects know by themselves is taken for a region, a backend or a kind", () => {
  const config = JSON.parse(
    `{"backends":{"__proto__":{"toString":{}}},"regions":{"constructor":{"tiers":[{"shared":{"backend":"valueOf","ttl":"1m"}}]}}}`,
  );
  assertEquals(mistakes(config), [
    `.regions.constructor.tiers[0].shared.backend: expected "__proto__": received "valueOf"`,
    `.backends.__proto__.toString: expected one of the fields "memory" or "null": received an unknown field`,
  ]);
});
