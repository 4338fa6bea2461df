import type { AnyTable } from "../../protocol/machine.ts";
import type { Setting } from "./setting.ts";

/**
 * I5 of the machines themselves: a way through a table that comes back to a state it has been in. Without one, each
 * operation ends after as many of its own steps as its table has states, at most.
 */
export function cycleOf({ protocol, starts }: Setting): ReadonlyArray<string> | undefined {
  return [...starts.map((start) => walk(protocol.reading, start, [])), walk(protocol.writing, "Locking", [])]
    .find((cycle) => cycle !== undefined);
}

function walk(table: AnyTable, state: string, before: ReadonlyArray<string>): ReadonlyArray<string> | undefined {
  const way = [...before, state];
  if (before.includes(state)) return way;
  for (const next of new Set(Object.values(table[state] ?? {}))) {
    const cycle = walk(table, next, way);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
