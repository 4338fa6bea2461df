import type { AnyTable } from "../../protocol/machine.ts";
import { patient } from "../../protocol/reading.ts";
import type { Setting } from "./setting.ts";

/**
 * I5 of the machines themselves: a way through a table that comes back to a state it has been in, and spent no patience
 * in between. Without one, each operation ends after as many of its own steps as its table has states, at most, and as
 * many again each time that it waited.
 */
export function cycleOf({ protocol, starts }: Setting): ReadonlyArray<string> | undefined {
  const { reading, writing } = protocol;
  const woken = [...patient].flatMap((state) => Object.values(patientCells(reading[state] ?? {})));
  return [
    ...[...starts, ...woken].map((start) => walk(reading, start, [], new Set())),
    walk(writing, "Locking", [], new Set()),
  ].find((cycle) => cycle !== undefined);
}

/** The cells of a state of patience that spend some: all but the one that says that there is none left. */
function patientCells({ Spent: _, ...cells }: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return cells;
}

function walk(
  table: AnyTable,
  state: string,
  before: ReadonlyArray<string>,
  known: Set<string>,
): ReadonlyArray<string> | undefined {
  const way = [...before, state];
  if (before.includes(state)) return way;
  if (known.has(state)) return undefined;
  const cells = table[state] ?? {};
  const costs = patient.has(state) ? Object.keys(patientCells(cells)) : [];
  for (
    const next of new Set(Object.keys(cells).filter((reply) => !costs.includes(reply)).map((each) => cells[each]!))
  ) {
    const cycle = walk(table, next, way, known);
    if (cycle !== undefined) return cycle;
  }
  known.add(state);
  return undefined;
}
