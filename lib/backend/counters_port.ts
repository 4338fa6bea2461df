import type { Option } from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { BackendFailed } from "../cache_error.ts";

/** By how much a counter goes up. */
export interface Delta {
  /** The counter's name in its set. */
  readonly name: string;
  /** A whole number from 0 to {@linkcode mostCounted}. */
  readonly by: number;
}

/** What one counter has. */
export interface Count {
  /** The counter's name in its set. */
  readonly name: string;
  /** A whole number from 0 to {@linkcode mostCounted}. */
  readonly count: number;
}

/** Counts that were taken out of the running ones and wait to be added to the totals, once. */
export interface Batch {
  /** The set that they are of. */
  readonly set: string;
  /** What no other batch is called, of any set, before or after a loss of data. */
  readonly id: string;
  /** Those above zero, in the order of their names. */
  readonly counts: ReadonlyArray<Count>;
}

/** What a set of counters knows at one moment. */
export interface Standing {
  /** The running counts, aligned with the names that were asked for; 0 where there is none. */
  readonly running: ReadonlyArray<number>;
  /** The batch that waits, if one does, with its counts aligned in the same way. */
  readonly pending: Option<{ readonly id: string; readonly counts: ReadonlyArray<number> }>;
  /** The batch that was acknowledged last; none if there was none, or nobody remembers. */
  readonly acknowledged: Option<string>;
}

/** Tells a call from others, so that it counts once however often it is sent. */
export interface Once {
  /** Its name. */
  readonly id: string;
  /** For how many milliseconds it is remembered. */
  readonly milliseconds: number;
}

/**
 * What became of an increment. `Counted`; `Repeated`: it was counted before; `TooLarge`: a counter would pass
 * {@linkcode mostCounted}; `Full`: the set would get more counters than it may have. Only the first changed anything.
 */
export type Incremented = "Counted" | "Repeated" | "TooLarge" | "Full";

/** The largest count and delta: the last whole number that a double tells from its neighbours. */
export const mostCounted: number = Number.MAX_SAFE_INTEGER;

/**
 * An injected effect: sets of named counters. Each step is atomic, and touches one set.
 *
 * Each set has at most one batch that waits, so that what waits is bounded by the set, and that a batch left by somebody
 * who crashed is the first that the next one gets. A step that fails may have taken effect, or take effect later; nothing
 * is sent twice.
 */
export interface CountersPort extends AsyncDisposable {
  /** What it is, for errors and events. */
  readonly name: string;
  /** Adds to many counters, all or none; `most` is how many counters the set may have. */
  readonly increment: (
    set: string,
    deltas: ReadonlyArray<Delta>,
    most: number,
    once?: Once,
  ) => TaskEither<BackendFailed, Incremented>;
  /** What the set knows of some counters, all as of one moment. */
  readonly look: (set: string, names: ReadonlyArray<string>) => TaskEither<BackendFailed, Standing>;
  /** Answers with running counts, aligned, and zeroes them. */
  readonly pop: (set: string, names: ReadonlyArray<string>) => TaskEither<BackendFailed, ReadonlyArray<number>>;
  /**
   * The batch that waits; if none does, all running counts become one, whose id begins with `nonce`. None if there is
   * nothing to take either.
   */
  readonly take: (set: string, nonce: string) => TaskEither<BackendFailed, Option<Batch>>;
  /** Removes the batch that waits; false, and nothing is changed, if it is another one, or none. */
  readonly acknowledge: (set: string, id: string) => TaskEither<BackendFailed, boolean>;
  /** Removes some counters, from what waits as well. */
  readonly reset: (set: string, names: ReadonlyArray<string>) => TaskEither<BackendFailed, void>;
  /** Ends what the port holds; afterwards every step fails, because closed. */
  readonly close: () => Promise<void>;
}
