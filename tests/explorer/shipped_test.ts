/** What the levels promise, each world as `deno task prove` explores it: what may break breaks, and nothing else does. */
import { assert, assertEquals } from "@std/assert";
import type { Result } from "../../lib/task/prove/result.ts";
import { runRow } from "../../lib/task/prove/result.ts";
import type { Row } from "../../lib/task/prove/row.ts";
import { levels, others as all, renewals, singles } from "../../lib/task/prove/rows.ts";

const known = new Map<Row, Result>();

function runOnce(row: Row): Result {
  const result = known.get(row) ?? runRow(row);
  known.set(row, result);
  return result;
}

function runAll(rows: ReadonlyArray<Row>): ReadonlyArray<Result> {
  const results = rows.map(runOnce);
  const complaints = results.filter(({ complaint }) => complaint !== undefined);
  assertEquals(complaints.map(({ variant, faults, complaint }) => `${variant}, ${faults}: ${complaint}`), []);
  return results;
}

function statesOf(results: ReadonlyArray<Result>): number {
  return results.reduce((sum, { exploration }) => sum + exploration.states, 0);
}

// Transactions that are begun anew, and tiers in processes, are in files of their own.
const single = all.filter(({ world }) => world.transactions === undefined && world.processes === undefined);

/** The worlds without waiting readers and expired entries. */
const others = single.filter(({ world: { patience = 0, entries = "fresh", ahead = "never" } }) =>
  patience === 0 && entries === "fresh" && ahead === "never"
);

const renewing = single.filter((row) => !others.includes(row));

const fromFailover = ({ faults: [fault, more] }: Row) => fault === "failover" && more === undefined;
const flushed = ({ faults }: Row) => faults.includes("flush");

for (const { name } of levels) {
  Deno.test(`I1 I2 I3 I4 I5 I6 hold as the level ${name} promises, without a fault and under each alone`, () => {
    const results = runAll(singles.filter((row) => row.variant === name && !fromFailover(row)));
    assertEquals(results.length, 13);
  });
}

Deno.test("I1 I2 hold at every level when an older copy takes over, and I3 where its locks were waited for", () => {
  runAll([...singles, ...others].filter(fromFailover));
});

Deno.test("I1 I2 I3 I4 I5 I6 hold for more readers and writers, joined reads, writes of two keys, other beginnings", () => {
  runAll(others.filter((row) => !fromFailover(row) && !flushed(row)));
});

Deno.test("I1 X14 a flush, even with a crash, leaves nothing old where locks are on probation", () => {
  const rows = [...singles, ...others].filter((row) => flushed(row) && !row.variant.startsWith("pinned"));
  for (const { exploration } of runAll(rows)) {
    assert(exploration.broken.every(({ invariant }) => invariant === "I3"));
    assert(exploration.met.has("flush"));
  }
});

Deno.test("I1 a flush and a crash of a writer leave an old entry where nothing is on probation", () => {
  const rows = others.filter((row) => flushed(row) && row.variant.startsWith("pinned"));
  assertEquals(rows.length, 1);
  runAll(rows);
});

Deno.test("I1 X04 two writers at once end with the slot that the source has, or none", () => {
  const [{ exploration }] = runAll(singles.slice(0, 1)) as [Result];
  for (const each of ["Shared", "Published", "Cleared"]) assert(exploration.met.has(`unlock → ${each}`), each);
});

Deno.test("I1 I6 S19 a crash at any point leaves a slot that is unusable until the leases end, and then recovers", () => {
  const results = runAll(singles.filter(({ faults: [fault] }) => fault === "crash"));
  assertEquals(results.map(({ exploration }) => exploration.verdict), levels.map(() => "holds"));
});

Deno.test("I1 I2 S18 the locks of a write of unknown outcome outlast it, wherever it ended and if it is still to come", () => {
  const unknown = ["sourceUnknownNotApplied", "sourceUnknownApplied", "sourceAppliedLate"];
  const results = runAll(singles.filter(({ faults: [fault] }) => unknown.includes(fault ?? "")));
  for (const { exploration } of results) assert(exploration.met.has("writing Writing → Unknown"));
});

for (const { name } of renewals) {
  Deno.test(`I1 I2 I3 I4 I5 I6 hold as the level pinned promises, and D05, with ${name}`, () => {
    const rows = renewing.filter(({ variant }) => variant === name);
    const met = new Set(runAll(rows).flatMap(({ exploration }) => [...exploration.met.keys()]));
    const wanted = name === "waiting readers" ? ["Waiting → Shared", "Waiting → Failed"] : [
      ...["Claiming → Kept", "Refreshing → Guarded", "Refreshing → Marked", "Renewing → Slow"],
      ...["Retreating → Released", "Retreating → Refused"],
    ];
    assertEquals(wanted.filter((each) => !met.has(`reading ${each}`)), []);
  });
}

Deno.test("I1 I2 I3 I4 I5 I6 hold, and D05, with renewal ahead, more readers, earlier and longer waits, reported failures", () => {
  const named = new Set(renewals.map(({ name }) => name));
  runAll(renewing.filter(({ variant, world }) => !named.has(variant) && world.level === undefined));
});

Deno.test("I1 I2 I3 I4 I5 I6 hold, and D05, when a client that renews an entry crashes, at any level", () => {
  const rows = renewing.filter(({ variant, faults: [fault] }) =>
    fault === "crash" && variant.startsWith("expired, served:")
  );
  assertEquals(runAll(rows).map(({ exploration }) => exploration.verdict), ["holds", "holds"]);
});

Deno.test("the worlds of every run together have more than 380,000 states", () => {
  assert(statesOf([...singles, ...others].map(runOnce)) > 380_000);
});
