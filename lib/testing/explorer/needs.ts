import type { AnyTable } from "../../protocol/machine.ts";
import { patient } from "../../protocol/reading.ts";

/**
 * In which states a read needs what it knows. What it does not need any more is forgotten: two worlds that differ in
 * nothing else are one.
 */
export interface Needs {
  /** Where it may still wait. */
  readonly patience: ReadonlySet<string>;
  /** Where it may still return the value that it found before. */
  readonly found: ReadonlySet<string>;
}

/** The ends that return what was found in the slot. */
export const returning: ReadonlySet<string> = new Set(["Hit", "Stale", "Answered"]);

/** The replies that come with a value found. */
const finding: ReadonlySet<string> = new Set(["Fresh", "Due", "Stale", "Kept", "Awaited", "Marked"]);

/** Reads from a table what its states need. */
export function needsOf(table: AnyTable): Needs {
  const waits = statesBefore(table, (_, next) => patient.has(next));
  return {
    patience: new Set([...waits, ...patient]),
    found: statesBefore(table, (reply, next) => !finding.has(reply) && returning.has(next), finding),
  };
}

/** The states from which a step can be met, on ways without some replies. */
function statesBefore(
  table: AnyTable,
  isMet: (reply: string, next: string) => boolean,
  without: ReadonlySet<string> = new Set(),
): ReadonlySet<string> {
  const known = new Set<string>();
  for (let before = -1; before < known.size;) {
    before = known.size;
    for (const [state, cells] of Object.entries(table)) {
      const leads = ([reply, next]: readonly [string, string]) =>
        isMet(reply, next) || known.has(next) && !without.has(reply);
      if (Object.entries(cells).some(leads)) known.add(state);
    }
  }
  return known;
}
