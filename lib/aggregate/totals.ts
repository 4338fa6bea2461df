import type { Batch } from "../backend/counters_port.ts";
import type { Deadline } from "../deadline.ts";
import type { Answer } from "../source/loader.ts";

/** What the totals have of some counters, read in one snapshot. */
export interface Persisted {
  /** Aligned with the names; 0 where there is none. */
  readonly counts: ReadonlyArray<number>;
  /** The batch that was folded last into this set; undefined if none was, or if nobody remembers. */
  readonly folded: string | undefined;
}

/** Where counts end up: a table of the caller's, say, as two functions. `sqliteTotals` is one that is ready. */
export interface Totals {
  /**
   * Adds the counts of a batch, in one transaction. If it remembers batches, it adds nothing for an id that it has seen,
   * and that is no error. It must not commit after the deadline.
   */
  readonly fold: (batch: Batch, within: Deadline) => Answer<void>;
  /** Reads counts, and the last batch, in one snapshot. */
  readonly read: (set: string, names: ReadonlyArray<string>) => Answer<Persisted>;
  /**
   * `"batches"`: the ids of folded batches stay with the totals, all of them for at least as long as a folder may be
   * paused (a day, say); then every count is folded exactly once. `"nothing"`: at least once. A batch whose folder crashed,
   * or was not answered, is folded again, and {@linkcode MayCountTwice} says so.
   */
  readonly remembers: "batches" | "nothing";
}
