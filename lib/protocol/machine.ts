/**
 * A Moore machine as a table: the state is the pending effect, its reply chooses the next state, and a name that is no
 * state of the table is an end. `Replies` lists what each state's effect may be answered with, so that a missing cell
 * does not compile.
 */
export type Table<Replies, End extends string> = {
  readonly [State in keyof Replies & string]: {
    readonly [Reply in Replies[State] & string]: (keyof Replies & string) | End;
  };
};

/** A table as the interpreters read it. */
export type AnyTable = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** One step of a machine: a state, what its effect was answered, and where that led. */
export type Transition = {
  readonly from: string;
  readonly reply: string;
  readonly to: string;
};

/**
 * Whether a name is an end of the machine: no effect is pending.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isEnd, reading } from "@lamina/cache/protocol";
 *
 * assertEquals(["Claiming", "Filled"].map((state) => isEnd(reading, state)), [false, true]);
 * ```
 */
export function isEnd(table: AnyTable, state: string): boolean {
  return table[state] === undefined;
}

/**
 * The next state. A reply that the table does not know is a fault of the caller's effects, which the types rule out.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { reading, step } from "@lamina/cache/protocol";
 *
 * assertEquals(step(reading, "Claiming", "Mine"), "Loading");
 * assertEquals(step(reading, "Claiming", "Guarded"), "Bypassing"); // nobody waits for a writer
 * ```
 */
export function step(table: AnyTable, state: string, reply: string): string {
  const next = table[state]?.[reply];
  if (next === undefined) throw new TypeError(`Cannot step from ${state}: no such reply: received ${reply}`);
  return next;
}

/**
 * Runs one machine from a state to its end: performs the pending effect, steps by its reply, and so on.
 *
 * @example A miss that fills
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { reading, type ReadingEnd, type ReadingState, run } from "@lamina/cache/protocol";
 *
 * const replies: Partial<Record<ReadingState, string>> = { Claiming: "Mine", Loading: "Loaded", Filling: "Filled" };
 * const passed: Array<string> = [];
 * const end = await run<ReadingState, ReadingEnd>(
 *   reading,
 *   "Claiming",
 *   (state) => replies[state]!,
 *   ({ from }) => passed.push(from),
 * );
 * assertEquals([...passed, end], ["Claiming", "Loading", "Filling", "Filled"]);
 * ```
 */
export async function run<State extends string, End extends string>(
  table: AnyTable,
  start: State,
  perform: (state: State) => Promise<string> | string,
  seen?: (transition: Transition) => void,
): Promise<End> {
  let state: string = start;
  while (table[state] !== undefined) {
    const pending = perform(state as State);
    const reply = typeof pending === "string" ? pending : await pending;
    const next = step(table, state, reply);
    seen?.({ from: state, reply, to: next });
    state = next;
  }
  return state as End;
}

/**
 * Runs one machine for as long as its effects are answered at once, and answers its end, or the state whose effect is
 * still pending: then `perform` answered nothing, and whoever hears its reply goes on from there with it.
 *
 * @example A load that takes its time
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { advance, reading, type ReadingState } from "@lamina/cache/protocol";
 *
 * const replies: Partial<Record<ReadingState, string>> = { Claiming: "Mine", Filling: "Filled" };
 * const perform = (state: ReadingState) => replies[state];
 * assertEquals(advance(reading, "Claiming", undefined, perform, undefined), "Loading");
 * assertEquals(advance(reading, "Loading", "Loaded", perform, undefined), "Filled");
 * ```
 */
export function advance<State extends string, Context>(
  table: AnyTable,
  start: string,
  answered: string | undefined,
  perform: (state: State, context: Context) => string | undefined,
  context: Context,
  seen?: (transition: Transition) => void,
): string {
  let state = start;
  let reply = answered;
  while (table[state] !== undefined) {
    reply ??= perform(state as State, context);
    if (reply === undefined) break;
    const next = step(table, state, reply);
    seen?.({ from: state, reply, to: next });
    state = next;
    reply = undefined;
  }
  return state;
}

/**
 * Runs many machines in lock step: all that are in the earliest pending phase share one call of `perform`.
 *
 * The order of the phases is what keeps batches from waiting on each other: what a batch owns is loaded and filled
 * before the batch does anything else.
 *
 * `perform` gets the positions and their states, and answers a reply for each.
 *
 * @example Two misses and a hit share a load
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { reading, type ReadingEnd, readingPhases, type ReadingState, runMany } from "@lamina/cache/protocol";
 *
 * const calls: Array<string> = [];
 * const ends = await runMany<ReadingState, ReadingEnd>(
 *   reading,
 *   ["Claiming", "Claiming", "Claiming"],
 *   readingPhases,
 *   async (positions, states) => {
 *     calls.push(`${states[0]} of ${positions.length}`);
 *     if (states[0] === "Claiming") return positions.map((position) => position === 1 ? "Fresh" : "Mine");
 *     return positions.map(() => states[0] === "Loading" ? "Loaded" : "Filled");
 *   },
 * );
 * assertEquals(calls, ["Claiming of 3", "Loading of 2", "Filling of 2"]);
 * assertEquals(ends, ["Filled", "Hit", "Filled"]);
 * ```
 */
export async function runMany<State extends string, End extends string>(
  table: AnyTable,
  starts: ReadonlyArray<State>,
  phases: Readonly<Record<State, number>>,
  perform: (positions: ReadonlyArray<number>, states: ReadonlyArray<State>) => Promise<ReadonlyArray<string>>,
  seen?: (transition: Transition, position: number) => void,
): Promise<ReadonlyArray<End>> {
  const states: Array<string> = [...starts];
  for (;;) {
    const pending = earliest(table, states, phases);
    if (pending.length === 0) return states as unknown as ReadonlyArray<End>;
    const replies = await perform(pending, pending.map((position) => states[position] as State));
    for (let i = 0; i < pending.length; i++) {
      const position = pending[i]!;
      const from = states[position]!;
      const to = step(table, from, replies[i]!);
      seen?.({ from, reply: replies[i]!, to }, position);
      states[position] = to;
    }
  }
}

function earliest(
  table: AnyTable,
  states: ReadonlyArray<string>,
  phases: Readonly<Record<string, number>>,
): ReadonlyArray<number> {
  let phase = Infinity;
  let positions: Array<number> = [];
  for (let i = 0; i < states.length; i++) {
    const state = states[i]!;
    if (table[state] === undefined) continue;
    const own = phases[state]!;
    if (own < phase) {
      phase = own;
      positions = [i];
    } else if (own === phase) positions.push(i);
  }
  return positions;
}
