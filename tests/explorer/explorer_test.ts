import { assert, assertEquals, assertThrows } from "@std/assert";
import { apply } from "../../lib/protocol/apply.ts";
import { reading } from "../../lib/protocol/reading.ts";
import { writing } from "../../lib/protocol/writing.ts";
import { explore, faults, narrate } from "../../lib/testing/explorer.ts";
import type { WorldOptions } from "../../lib/testing/explorer.ts";
import { keyOf } from "../../lib/testing/explorer/key.ts";
import { successors } from "../../lib/testing/explorer/search.ts";
import { settle } from "../../lib/testing/explorer/setting.ts";
import { momentsOf, renumber } from "../../lib/testing/explorer/time.ts";
import type { World } from "../../lib/testing/explorer/world.ts";
import { begin } from "../../lib/testing/explorer/world.ts";
import { survey } from "./battery.ts";
import { controls } from "./controls.ts";
import { reached } from "./reached.ts";

Deno.test("every reply, every transition of both tables and every fault is met, and worlds reach as far as known", () => {
  const { met, reaches } = survey();
  const cells = [["reading", reading], ["writing", writing]] as const;
  const transitions = cells.flatMap(([name, table]) =>
    Object.entries(table).flatMap(([state, row]) => Object.keys(row).map((reply) => `${name} ${state} → ${reply}`))
  );
  const replies = [
    ...["look → Vacant", "look → Pass", "look → Busy", "look → Guarded", "look → Hit"],
    ...["claim → Mine", "claim → Pass", "claim → Busy", "claim → Guarded", "claim → Hit"],
    ...["refresh → Mine", "refresh → Pass", "refresh → Busy", "refresh → Guarded", "refresh → Hit"],
    ...["fill → Filled", "fill → Refused", "release → Released", "release → Refused", "lock → Locked"],
    ...["unlock → Published", "unlock → Cleared", "unlock → Shared", "unlock → Foreign", "unlock → Lost"],
  ];
  const wanted = [...transitions, ...replies, ...faults, "unreadable", "unstorable", "sourceUnconfirmed"];
  assertEquals(wanted.filter((each) => !met.has(each)), []);
  assertEquals(reaches.map((each, i) => reached[i] === undefined ? undefined : each), reached);
});

const similar: ReadonlyArray<WorldOptions> = [
  { faults: ["appliedTwice"] },
  { faults: ["expire"], starts: ["Looking", "Forcing"] },
  { faults: ["failover"], replicas: "waited for", source: "fenced" },
  { faults: ["evict"], level: "probation" },
  { keys: 2, writers: 2, readers: 1, faults: ["crash"] },
  { joiners: 2, faults: ["crash"] },
  { patience: 2, readers: 3, writers: 1, written: "not said" },
  { keys: 2, readers: 1, transactions: [[[0], [0, 1]], [[0]]], faults: ["appliedTwice"] },
  { processes: 2, places: [0], writers: 1, invariants: ["I1", "I3 own"] },
  { processes: 2, readers: 1, writers: 1, hearing: "tracking, leased", invariants: ["I2", "X02", "X03"] },
  { patience: 1, starts: ["Claiming", "Waiting"], entries: "expired", renewal: "awaited", faults: ["crash"] },
  { patience: 1, entries: "expiring", ahead: "sometimes", renewal: "awaited", writers: 1, faults: ["sourceAborted"] },
];

for (const options of similar) {
  Deno.test(`states that count as one have the same future (${JSON.stringify(options)})`, () => {
    const setting = settle(options);
    const future = (world: World): string =>
      [
        ...new Set(
          successors(world, setting).map(({ world: next, broke = [] }) =>
            `${keyOf(next, momentsOf(next), setting)} ${broke.map(({ invariant }) => invariant)}`
          ),
        ),
      ].sort().join("\n");
    const known = new Map<string, string>();
    let merged = 0;
    let layer = [begin(setting)];
    while (layer.length > 0) {
      const next: Array<World> = [];
      for (const { world } of layer.flatMap((each) => successors(each, setting))) {
        const moments = momentsOf(world);
        const key = keyOf(world, moments, setting);
        const renumbered = renumber(world, moments);
        const before = known.get(key);
        if (before === undefined) {
          known.set(key, future(renumbered));
          next.push(renumbered);
        } else if (merged++ % 5 === 0) assertEquals(future(world), before);
      }
      layer = next;
    }
    assert(merged > 0);
  });
}

Deno.test("a search that meets its bound is unfinished, and says how far it came", () => {
  const { verdict, complete, broken, states } = explore({ bound: 100 });
  assertEquals([verdict, complete, broken], ["unfinished", false, []]);
  assert(states > 100 && states < 200, `${states} states`);
});

Deno.test("a counterexample is a shortest one, and tells who did what", () => {
  const { broken: [counterexample] } = explore({ faults: ["flush"], invariants: ["I3"] });
  assertEquals(
    narrate(counterexample!),
    `1. writer A locks: locked
2. reader 1 claims: a lock is there
3. the backend is flushed
4. reader 2 claims: the claim is its own
5. reader 2 loads v0
6. reader 2 fills with v0: stored; the read returns v0
7. writer A commits v1
8. reader 1 loads v1; the read returns v1
9. reader 1 claims: it hits v0; the read returns v0
I3: a read returned v0, but v1 had been read before it began`,
  );
});

Deno.test("only the invariants that are asked for are checked, and each gets a counterexample of its own", () => {
  assertEquals(explore({ faults: ["flush"], invariants: ["I1", "I2", "I4", "I5", "I6"] }).verdict, "holds");
  const { broken, complete } = explore({ faults: ["laggingReplica"], until: "each" });
  assertEquals(broken.map(({ invariant }) => invariant).sort(), ["I1", "I2", "I3"]);
  assert(complete);
});

Deno.test("I5 breaks with a table that leads back to a state it has been in, unless each time costs patience", () => {
  const circular = { ...reading, Looking: { ...reading.Looking, Busy: "Looking" } };
  const { broken } = explore({ starts: ["Looking"], protocol: { reading: circular } });
  assertEquals(broken.map(({ invariant, steps }) => [invariant, steps]), [["I5", ["Looking", "Looking"]]]);
  const patientFor = (patience: number) => explore({ patience, invariants: ["I5"] });
  assertEquals([0, 1, 2].map((patience) => patientFor(patience).verdict), ["holds", "holds", "holds"]);
  const impatient = { ...reading, Waiting: { ...reading.Waiting, Spent: "Claiming" } };
  const never = explore({ protocol: { reading: impatient }, invariants: ["I5"] });
  assertEquals(never.broken.map(({ steps }) => steps), [["Claiming", "Anticipating", "Waiting", "Claiming"]]);
});

Deno.test("I6 breaks with a slot that forgets every fill", () => {
  const { broken } = explore({
    writers: 0,
    protocol: { apply: (slot, operation) => [slot, { _tag: operation._tag === "lock" ? "Crowded" : "Busy" }] },
  });
  assertEquals(broken.map(({ invariant }) => invariant), ["I6"]);
});

Deno.test("I4 breaks with a slot that makes values up", () => {
  const { broken } = explore({
    protocol: {
      apply: (slot, operation, at) =>
        operation._tag === "claim"
          ? [slot, { _tag: "Hit", found: { payload: 7, age: 0, fresh: at.lease, until: at.lease } }]
          : [slot, { _tag: "Refused" }],
    },
  });
  assertEquals(broken.map(({ invariant }) => invariant), ["I4"]);
});

Deno.test("numbers that are no counts are refused by name", () => {
  const message = "Cannot explore a world: expected a whole number of";
  assertThrows(() => explore({ readers: 1.5 }), RangeError, `${message} readers: received 1.5`);
  assertThrows(() => explore({ keys: 0 }), RangeError, `${message} keys: received 0`);
  assertThrows(() => explore({ patience: -1 }), RangeError, `${message} patience: received -1`);
  assertThrows(() => explore({ bound: -1 }), RangeError, `${message} bound: received -1`);
});

Deno.test("I2 holds for reads that wait for others, of which some may share what was loaded and some may not", () => {
  const { verdict, met } = explore({ patience: 1, starts: ["Claiming", "Waiting"] });
  assertEquals(verdict, "holds");
  assert(met.has("reading Waiting → Shared") && met.has("reading Waiting → Spent"));
});

Deno.test("I6 breaks with entries that are never fresh again", () => {
  const { broken } = explore({
    entries: "expired",
    writers: 0,
    protocol: {
      apply: (slot, operation, at) =>
        apply(
          slot,
          operation._tag !== "fill" ? operation : { ...operation, stored: { ...operation.stored, fresh: 0 } },
          at,
        ),
    },
  });
  assertEquals(broken.map(({ invariant }) => invariant), ["I6"]);
});

Deno.test("D05 breaks alone where an expired entry is served although the slot was seen locked", () => {
  const control = controls.find(({ name }) => name === "an expired entry served, though a writer has the slot")!;
  const { broken: [counterexample, ...others] } = explore({ ...control.world, until: "each" });
  assertEquals(others, []);
  assertEquals(
    narrate(counterexample!),
    `1. reader 1 claims: the claim is its own
2. reader 1 loads v0
3. reader 1 fills with v0: stored; the read returns v0
4. reader 1 claims: it hits v0
5. writer A locks: locked
6. writer A commits v1
7. writer A unlocks, publishing v1: published; the write ends acknowledged
8. writer B locks: locked
9. reader 1 asks to renew: a lock is there; the read returns v0
D05: a read returned an old value, but a newer one had been acknowledged when the slot last answered it`,
  );
});

Deno.test("I2 holds for callers that wait for a read under way, of which some may share it and some may not", () => {
  const { verdict, met } = explore({ joiners: 1 });
  assertEquals(verdict, "holds");
  assert(met.has("a waiting caller shares a read") && met.has("a waiting caller may not share a read"));
});
