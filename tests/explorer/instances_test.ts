/** A tier in each process, above a shared one, as `deno task prove` explores it: what it promises, and what it does not. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { explore, narrate, shipped, type WorldOptions } from "../../lib/testing/explorer.ts";
import type { Result } from "../../lib/task/prove/result.ts";
import { runRow } from "../../lib/task/prove/result.ts";
import { instanceRows } from "../../lib/task/prove/instance_rows.ts";
import { instanceTable } from "../../lib/task/prove/instance_table.ts";

const known = new Map<string, ReadonlyArray<Result>>();

function resultsOf(variant: string): ReadonlyArray<Result> {
  const results = known.get(variant) ?? instanceRows.filter((each) => each.variant === variant).map(runRow);
  known.set(variant, results);
  assertEquals(results.flatMap(({ complaint }) => complaint ?? []), []);
  return results;
}

/** The cells of a variant's row in the README's table, each under what it is about. */
function rowOf(variant: string, fault: string): Readonly<Record<string, string>> {
  const [head, rows] = instanceTable(resultsOf(variant));
  const row = rows.find(([name, under]) => name === variant && under === fault)!;
  return Object.fromEntries(head.map((title, i) => [title, row[i]!]));
}

Deno.test("I1 X02 hold with tracking under every single fault but a silent connection, and I2 within a process", () => {
  const faults = new Set(resultsOf("tracking").map(({ faults: [fault] }) => fault ?? "no fault"));
  assertEquals(faults.size, 16);
  for (const fault of faults) {
    const { I1, X02, "I2 own": own } = rowOf("tracking", fault);
    assertEquals([I1 === "holds", X02 === "holds", own], [fault !== "halfOpen", fault !== "halfOpen", "holds"], fault);
  }
});

Deno.test("I2 I3 do not hold towards other processes before word of a write was delivered", () => {
  for (const variant of ["tracking", "tracking + lease", "ttl only"]) {
    const { I2, I3, "I2 own": own } = rowOf(variant, "no fault");
    assert(I2!.endsWith(" steps") && I3!.endsWith(" steps"), variant);
    assertEquals(own, "holds", variant);
  }
});

Deno.test("I1 X03 a lost connection, even a silent one, delays word of a write by the lease at most, where there is one", () => {
  for (const fault of ["no fault", "connectionLost", "halfOpen"]) {
    const { I1, X03 } = rowOf("tracking + lease", fault);
    assertEquals([I1, X03], ["holds", "holds"], fault);
  }
  for (const variant of ["tracking", "ttl only"]) {
    assert(rowOf(variant, "no fault")["X03"]!.endsWith(" steps"), variant);
  }
});

Deno.test("every kind of word reaches every kind of slot, and both machines of a process take their steps", () => {
  const met = new Set(resultsOf("tracking").flatMap(({ exploration }) => [...exploration.met.keys()]));
  const wanted = [
    ...["Absent", "Claimed", "Locked", "Held"].map((slot) => `hears of a change → ${slot}`),
    ...["Claiming → Fresh", "Claiming → Busy", "Claiming → Guarded", "Filling → Filled", "Filling → Refused"]
      .map((each) => `reading above ${each}`),
    ...["Loading → Unstorable", "Loading → Failed", "Passing → Refused"].map((each) => `reading above ${each}`),
    ...["Writing → Committed", "Writing → Aborted", "Writing → Unknown"].map((each) => `writing above ${each}`),
    ...["connectionLost", "halfOpen"],
  ];
  assertEquals(wanted.filter((each) => !met.has(each)), []);
  const leased = new Set(resultsOf("tracking + lease").flatMap(({ exploration }) => [...exploration.met.keys()]));
  assert(leased.has("reading above Claiming → Unreachable"));
});

Deno.test("I1 breaks without a lease where a connection goes silent before it told of a write", () => {
  const world: WorldOptions = { processes: 2, readers: 1, writers: 1, faults: ["halfOpen"], invariants: ["I1"] };
  const { broken: [counterexample] } = explore(world);
  const steps = narrate(counterexample!).split("\n");
  assertEquals(steps.length, 19);
  assertEquals(steps.slice(10), [
    "11. reader 1 looks by a tracked read: it hits v0; the answer is on its way",
    "12. writer A locks: locked",
    "13. writer A commits v1",
    "14. writer A unlocks, publishing v1: published",
    "15. writer A unlocks in process 2: the slot is empty; the write ends acknowledged",
    "16. process 1 hears an answer: reader 1 hears it hits v0; process 1 has it",
    "17. reader 1 fills in process 1: stored; the read returns v0",
    "18. the connection of process 1 goes silent",
    "I1: v0 stays in process 1 until its ttl, the source has v1",
  ]);
  assertEquals(explore({ ...world, hearing: "tracking, leased" }).verdict, "holds");
});

Deno.test("X02 does not rest on marking locks contended in a process, which publishes nothing", () => {
  const protocol = { instances: { ...shipped.instances, hears: "no locks" } } as const;
  const world: WorldOptions = { processes: 2, writers: 1, invariants: ["I1", "X02", "I6"] };
  const { verdict, met } = explore({ ...world, protocol });
  assertEquals(verdict, "holds");
  assert(met.has("hears of a change → Locked"));
});

Deno.test("processes with several keys, waiting reads or transactions, and places that are none, are refused", () => {
  for (const options of [{ keys: 2 }, { patience: 1 }, { joiners: 1 }, { transactions: [[[0], [0]]] }]) {
    assertThrows(() => explore({ processes: 2, ...options }), RangeError, "expected, with processes, one key");
  }
  for (const places of [[], [2], [-1], [0.5]]) {
    assertThrows(() => explore({ processes: 2, places }), RangeError, "expected places from 0 to 1");
  }
});
