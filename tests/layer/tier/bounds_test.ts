import { assert, assertEquals } from "@std/assert";
import * as E from "fp-ts/lib/Either.js";
import type * as O from "fp-ts/lib/Option.js";
import type { Store } from "../../../mod.ts";
import { duration, memoryBackend, source } from "../../../mod.ts";
import { watchers } from "../../../lib/backend/watchers.ts";
import { makeTier, verbsOf } from "../../../lib/layer/tier/make.ts";
import { policyOf } from "../../../lib/layer/tier/policy.ts";
import type { Tier, TierParts } from "../../../lib/layer/tier/tier.ts";
import type { VirtualClock } from "../../../lib/testing/virtual_clock.ts";
import { virtualClock } from "../../../lib/testing/virtual_clock.ts";

const lease = duration("10s");

/** A tier whose insides a test can see. */
function tierOf(
  clock: VirtualClock,
  below: Store<number, string>,
  hit: TierParts<unknown, unknown, unknown, unknown>["hit"] = "HitMemory",
): Tier<number, string, O.Option<string>, number> {
  const backend = memoryBackend<O.Option<string>, number>({ capacity: 1_000, clock });
  const parts: TierParts<number, string, O.Option<string>, number> = {
    name: "bounds",
    hit,
    // Like a backend outside of the process it is asked, and answers later.
    backend: hit === "HitShared" ? { ...backend, run: backend.run.bind(undefined) } : backend,
    clock,
    place: (key) => ({ all: [key], reads: 1 }),
    identify: (key) => key,
    pack: E.right,
    unpack: E.right,
    answers: "packed",
    sealing: undefined,
    asks: undefined,
    keeps: undefined,
    forget: undefined,
    lifetime: () => ({ fresh: 60_000, grace: 0 }),
    policy: policyOf({ backOff: "1m" }, lease),
    lease,
    timeout: duration("forever"),
    level: "pinned",
    probe: "claim",
    onUnconfirmed: "report",
    observer: undefined,
  };
  return makeTier(parts, below);
}

const rounds = 100;
const many = 10_000;
const fewer = 1_000;

Deno.test("X12 a million different keys, read at once by many, leave no flight and no waiter behind", async () => {
  const clock = virtualClock();
  let most = 0;
  const load = (keys: ReadonlyArray<number>): Promise<ReadonlyArray<string>> => {
    most = Math.max(most, tier.flights.size);
    return Promise.resolve(keys.map(String));
  };
  const tier = tierOf(clock, source({ clock, load }));
  const { entries } = verbsOf(tier);
  for (let i = 0; i < rounds; i++) {
    const keys = Array.from({ length: many }, (_, at) => i * many + at);
    await Promise.all([entries(keys)(), entries(keys)()]);
  }
  assertEquals(most, many);
  assertEquals([tier.flights.size, tier.failures.size, tier.underWay.size, tier.open], [0, 0, 0, 0]);
  assertEquals(clock.pending(), 0);
});

Deno.test("X12 nor do a hundred thousand that are read one by one, twice in a turn each, leave a claim that others may hear of", async () => {
  const clock = virtualClock();
  let most = 0;
  const load = (keys: ReadonlyArray<number>): Promise<ReadonlyArray<string>> => Promise.resolve(keys.map(String));
  const tier = tierOf(clock, source({ clock, load }), "HitShared");
  const { entries } = verbsOf(tier);
  for (let i = 0; i < rounds; i++) {
    const reads = Array.from({ length: 2 * fewer }, (_, at) => entries([i * fewer + (at >> 1)])());
    most = Math.max(most, tier.claims.size);
    await Promise.all(reads);
    assertEquals([tier.claims.size, tier.flights.size, tier.underWay.size, tier.open], [0, 0, 0, 0]);
  }
  assertEquals(most, fewer);
  assertEquals(clock.pending(), 0);
});

Deno.test("X12 a million slots that were waited for leave no watch behind", async () => {
  const clock = virtualClock();
  let watched = 0;
  const watches = watchers<number>(clock, () => (watched++, () => void watched--));
  for (let i = 0; i < rounds; i++) {
    const slots = Array.from({ length: many }, (_, at) => i * many + at);
    const waits = slots.map((slot) => watches.wait(slot, 60_000)());
    assertEquals([watches.size(), watched], [many, many]);
    slots.forEach(watches.wake);
    await Promise.all(waits);
  }
  assertEquals([watches.size(), watched, clock.pending()], [0, 0, 0]);
});

Deno.test("X12 X15 keys whose loads fail leave a bounded number of rests", async () => {
  const clock = virtualClock();
  const tier = tierOf(clock, source({ clock, load: () => Promise.reject(new Error("down")) }));
  const { entries } = verbsOf(tier);
  for (let i = 0; i < 5; i++) {
    await entries(Array.from({ length: many }, (_, at) => i * many + at))();
    assert(tier.failures.size <= many);
  }
  assertEquals([tier.flights.size, tier.underWay.size], [0, 0]);
});
