import { assert, assertEquals } from "@std/assert";
import * as t from "io-ts";
import { keySlot } from "../../lib/backend/redis/key_slot.ts";
import { encodeKey, namespace, type Shards, shared, type Store } from "../../mod.ts";
import { fleetLease, type Member, runFleet } from "../support/fleet.ts";
import { found, right } from "../support/results.ts";
import { sharedTexts, type World, world } from "../support/stack.ts";

/** How many slots of each state there are. */
function slotsOf({ faulty }: World, tag: string): number {
  return faulty.slots().filter(([, slot]) => slot._tag === tag).length;
}

Deno.test("S30 a read uses one shard at random, 20 reads populate several, and a write locks all of them", async () => {
  const here = world();
  const texts = sharedTexts(here, { shards: 8 });
  for (let i = 0; i < 20; i++) {
    const before = here.faulty.calls.length;
    assertEquals(found(await texts.get(1)()), "one");
    const asked = here.faulty.calls.slice(before).flat().map(({ slot }) => slot);
    assertEquals(new Set(asked).size, 1);
  }
  const populated = slotsOf(here, "Held");
  // All 20 in one of eight is once in 10^17 runs.
  assert(populated > 1 && populated <= 8, `${populated}`);
  here.texts.hold("saves");
  const writing = texts.put(1, "uno")();
  await here.clock.advance(1);
  assertEquals([slotsOf(here, "Locked"), slotsOf(here, "Held")], [8, 0]);
  await here.texts.saves[0]!.commit();
  right(await writing);
  const loads = here.texts.loads.length;
  for (let i = 0; i < 20; i++) assertEquals(found(await texts.get(1)()), "uno");
  // What was written is published in every shard.
  assertEquals([slotsOf(here, "Held"), here.texts.loads.length], [8, loads]);
});

Deno.test("S30 the shards of a key lie on all nodes of a cluster, also of a key with braces", () => {
  const { slotName } = namespace({ namespace: "page" });
  for (const key of ["hot", "{user}", { page: 1 }, [{ a: {} }], "}{", "a".repeat(100)]) {
    const names = Array.from({ length: 256 }, (_, shard) => slotName(right(encodeKey(key)), shard));
    assertEquals(new Set(names).size, 256);
    const nodes = names.map((name) => Math.floor(keySlot(name) / (16_384 / 3)));
    for (const node of [0, 1, 2]) assert(nodes.filter((each) => each === node).length > 40, JSON.stringify(key));
  }
});

Deno.test("S31 the count is capped at 256, and 300 shards are a RangeError", async () => {
  const here = world();
  const texts = sharedTexts(here, { shards: 256 });
  right(await texts.put(1, "uno")());
  assertEquals([slotsOf(here, "Held"), found(await texts.get(1)())], [256, "uno"]);
  for (const shards of [300, { now: 1, before: 300 }] as const) {
    try {
      sharedTexts(here, { shards });
      assert(false, "expected a RangeError");
    } catch (error) {
      assert(error instanceof RangeError);
      assertEquals(error.message, "Cannot build the tier text: expected 0 to 256 shards: received 300");
    }
  }
});

Deno.test("S31 with 0 shards nothing is ever cached, by readers or writers, and writers lock for others", async () => {
  const here = world();
  const never = sharedTexts(here, { shards: 0 });
  const others = sharedTexts(here);
  right(await never.put(1, "uno")());
  for (let i = 1; i <= 3; i++) {
    assertEquals(found(await never.get(1)()), "uno");
    assertEquals([here.texts.loads.length, slotsOf(here, "Held")], [i, 0]);
  }
  await others.get(1)();
  right(await never.put(1, "un")());
  assertEquals(found(await others.get(1)()), "un");
});

/** A process of a deployment that declares its shards so. */
function deployed(shards: Shards): (member: Member) => Store<string, string> {
  return ({ backend, clock, source }) =>
    shared({ backend, clock, name: "fleet", codec: t.string, ttl: "1h", lease: `${fleetLease}ms`, shards })(source);
}

/** Steps of deployments that run side by side: from one count to another by way of both. */
const steps: ReadonlyArray<readonly [Shards, Shards]> = [1, 2, 3, 4, 0].flatMap((before) =>
  [1, 2, 3, 4, 0].filter((now) => now !== before).flatMap((now): Array<readonly [Shards, Shards]> => [
    [before, { now, before }],
    [{ now, before }, now],
  ])
);

Deno.test("S31 two deployments with different declarations side by side never read what is stale", async () => {
  let hits = 0;
  for (const [index, [one, other]] of steps.entries()) {
    for (const seed of [1, 2]) {
      const members = [deployed(one), deployed(other), deployed(one), deployed(other)];
      const { violations, verdicts } = await runFleet({ seed: 100 * index + seed, members, lasts: 6_000 });
      assertEquals(violations, [], JSON.stringify({ one, other, seed }));
      hits += verdicts.get("HitShared") ?? 0;
    }
  }
  assert(hits > 1_000, `${hits}`);
});

Deno.test("S31 without the step of both numbers the larger deployment reads what is stale: the check would say so", async () => {
  for (let seed = 1;; seed++) {
    assert(seed < 20, "expected a stale read");
    const { violations } = await runFleet({ seed, members: [deployed(1), deployed(4), deployed(4)], lasts: 6_000 });
    if (violations.length > 0) break;
  }
});

Deno.test("S31 a count that shrank grows again without stale reads once everything of before was invalidated", async () => {
  const here = world();
  const at = (shards: Shards) => sharedTexts(here, { shards, epoch: "every read" });
  for (let i = 0; i < 100; i++) await at(4).get(1)();
  right(await at({ now: 1, before: 4 }).put(2, "dos")());
  right(await at(1).put(1, "uno")());
  const growing = at({ now: 4, before: 1 });
  right(await growing.invalidateAll()());
  for (const store of [growing, at(4)]) {
    for (let i = 0; i < 100; i++) assertEquals(found(await store.get(1)()), "uno");
  }
});
