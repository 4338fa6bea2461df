/** The ways through a table, as what a client owes besides the invariants is judged by. */
import type { AnyTable } from "../../lib/protocol/machine.ts";
import { goingOn } from "../../lib/protocol/reading.ts";

/** One way through a table: its states with their replies, and its end. */
export interface Way {
  readonly steps: ReadonlyArray<readonly [state: string, reply: string]>;
  readonly end: string;
  /** After how many steps the caller was answered; undefined if with the end. */
  readonly answered?: number;
}

/** Something that has to be true of each way. */
export type Rule = readonly [name: string, holds: (way: Way) => boolean];

/** How often a way is woken at most: once shows how it goes on. It passes no state more often than that and once more. */
const mostWakes = 1;

const behind: ReadonlyMap<string, string> = new Map(Object.entries(goingOn));

/** Every way from a state to an end. */
export function* ways(
  table: AnyTable,
  state: string,
  { steps, answered }: Omit<Way, "end"> = { steps: [] },
): Generator<Way> {
  const so = answered === undefined ? {} : { answered };
  const cells = table[state];
  const goesOn = answered === undefined ? behind.get(state) : undefined;
  if (goesOn !== undefined) return yield* ways(table, goesOn, { steps, answered: steps.length });
  if (cells === undefined) return yield { steps, end: state, ...so };
  if (steps.filter(([before]) => before === state).length > mostWakes) return yield { steps, end: "never", ...so };
  const woken = steps.filter(([, reply]) => reply === "Woken").length;
  for (const [reply, next] of Object.entries(cells)) {
    // Patience is limited, and a caller is answered once.
    if (reply === "Woken" && woken === mostWakes || reply === "Slow" && answered !== undefined) continue;
    yield* ways(table, next, { steps: [...steps, [state, reply]], ...so });
  }
}
