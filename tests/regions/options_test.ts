import { assertEquals, assertThrows } from "@std/assert";
import { type MemoryTierConfig, regions, type SharedTierConfig, source } from "../../mod.ts";
import { left, right } from "../support/results.ts";

/** A value of every option that JSON can say; an option that a tier gets and is not here does not compile. */
const everyMemoryOption: Readonly<Record<keyof MemoryTierConfig, unknown>> = {
  capacity: 10,
  maxBytes: 1_000,
  values: "shared",
  invalidations: { lease: "1s" },
  name: "near",
  lease: "20s",
  ttl: "1m",
  grace: "1h",
  negativeTtl: "5s",
  jitter: 0.1,
  onBusy: { wait: "1s" },
  onStale: "wait",
  onFailure: "fail",
  refresh: { ahead: 0.2 },
  loadTimeout: { soft: "100ms", hard: "1s" },
  backOff: "2s",
};

const everySharedOption: Readonly<Record<keyof SharedTierConfig, unknown>> = {
  backend: "main",
  name: "far",
  codec: "json",
  lease: "20s",
  timeout: "500ms",
  shards: { now: 2, before: 1 },
  level: "probation",
  probe: "look",
  onUnconfirmed: "fail",
  epoch: { lease: "100ms" },
  switch: { poll: "500ms" },
  secret: "a text that is long enough",
  version: 3,
  maxBytes: 10_000,
  maxInflated: 100_000,
  compress: { above: 100, algorithm: "gzip" },
  ttl: "1m",
  grace: "1h",
  negativeTtl: "5s",
  jitter: 0.1,
  onBusy: "bypass",
  onStale: "serve",
  onFailure: "serve",
  refresh: { xfetch: 1.5 },
  loadTimeout: { soft: "100ms" },
  backOff: "0ms",
};

const tiers = { memory: everyMemoryOption, shared: everySharedOption };

const configOf = (kind: "memory" | "shared", options: object) => ({
  backends: { main: { memory: { capacity: 10 } } },
  regions: { r: { tiers: [{ [kind]: options }] } },
});

Deno.test("D28 every option of a tier that JSON can say can be configured", () => {
  for (const kind of ["memory", "shared"] as const) right(regions(configOf(kind, tiers[kind])));
});

Deno.test("D28 a wrong value of any option is reported at its path, and is the only mistake", () => {
  for (const kind of ["memory", "shared"] as const) {
    for (const option of Object.keys(tiers[kind])) {
      const mistakes = left(regions(configOf(kind, { ...tiers[kind], [option]: ["wrong"] })));
      assertEquals(mistakes.map(({ path }) => path), [["regions", "r", "tiers", 0, kind, option]]);
      const known = !mistakes[0]!.received.includes("unknown");
      assertEquals(known, true, option);
    }
  }
});

Deno.test("D28 invalidations without a lease above zero, or over what cannot tell, are refused", () => {
  const mistakes = left(regions(configOf("memory", { ...everyMemoryOption, invalidations: { lease: "0ms" } })));
  assertEquals(mistakes.map(({ path, received }) => [path.at(-1), received]), [["invalidations", "0ms"]]);
  const made = right(regions(configOf("memory", everyMemoryOption)));
  const store = source({ load: (keys: ReadonlyArray<string>) => Promise.resolve(keys) });
  assertThrows(() => made.layer("r")(store), RangeError, "Cannot use the region r: Cannot build the tier near with");
});
