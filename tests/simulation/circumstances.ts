import type { Row } from "../../lib/task/prove/row.ts";
import { doubles, others, singles } from "../../lib/task/prove/rows.ts";
import type { Circumstances, Fault, Invariant } from "../../lib/testing/mod.ts";
import { faults, invariants } from "../../lib/testing/mod.ts";

const simulated: ReadonlyArray<Fault> = [...faults, "laggingReplica", "unreadable"];

/** What a row of the table of levels says of its world: what is not named as breaking is promised. */
export function circumstancesOf({ variant, world, faults, breaks }: Row): Circumstances {
  const { level = "pinned", source = "unfenced", replicas = "not waited for" } = world;
  const promised = invariants.filter((each) => !breaks.includes(each));
  return { name: variant, level, source, replicas, faults, promised };
}

/** The rows that can be simulated: not those of another slot function, nor of what only a tier can do to itself. */
const rows: ReadonlyArray<Row> = [...singles, ...others, ...doubles].filter(({ world, faults }) =>
  world.protocol === undefined && faults.every((fault) => simulated.includes(fault))
);

/** The circumstances of every row. */
export const promises: ReadonlyArray<Circumstances> = rows.map(circumstancesOf);

/** The circumstances of a row with some invariants asserted, promised or not. */
export function asserting(
  asserted: ReadonlyArray<Invariant>,
  variant: string,
  ...under: ReadonlyArray<Fault>
): Circumstances {
  const row = rows.find((each) => each.variant === variant && `${each.faults}` === `${under}`);
  if (row === undefined) throw new TypeError(`Cannot find the row ${variant}: ${under}`);
  return { ...circumstancesOf(row), promised: asserted };
}
