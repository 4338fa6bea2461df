import * as E from "fp-ts/lib/Either.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { Deadline } from "../deadline.ts";
import type { DurationLike } from "../duration.ts";
import type { Answer } from "../source/loader.ts";
import { settle } from "../source/loader.ts";
import { finite, named, refused } from "./ask.ts";
import type { AggregateError } from "./event.ts";
import { alone, type Busy, commit, type JobOptions, readJob } from "./job.ts";

/** What one counter showed at the moment of a snapshot. */
export interface SnapshotRow {
  /** The set of counters. */
  readonly set: string;
  /** The counter. */
  readonly name: string;
  /** What it showed. */
  readonly count: number;
}

/** The counters of everything that lives, at one time. */
export interface Snapshot {
  /** Milliseconds since 1970, a whole number of periods: two snapshots of one period are one. */
  readonly at: number;
  /** All rows; the datastore gets them as one batch. */
  readonly rows: ReadonlyArray<SnapshotRow>;
}

/** What is recorded, where, and how often at most. */
export interface SnapshotOptions extends JobOptions {
  /** Tells these snapshots from others. */
  readonly name: string;
  /** The period: runs within one are the same snapshot. `"1h"`, say. */
  readonly every: DurationLike;
  /** What the counters of all that lives show now. */
  readonly rows: () => Answer<ReadonlyArray<SnapshotRow>>;
  /**
   * Appends all rows in one transaction, or nothing if there are rows of that time; `sqliteSnapshots` does. True if it
   * appended. It must not commit after the deadline.
   */
  readonly append: (snapshot: Snapshot, within: Deadline) => Answer<boolean>;
}

/** What became of a snapshot: `Appended` now, or there had been one in the same period. */
export type Snapshotted = { readonly _tag: "Appended"; readonly rows: number } | { readonly _tag: "Repeated" };

/**
 * A job that appends what all counters show to the datastore, with a timestamp, once a period however often it is run.
 * It is given the time, and reads no clock.
 *
 * Throws a RangeError if an option is out of range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type Snapshot, snapshotCounts } from "@lamina/cache/aggregate";
 * import { right } from "fp-ts/lib/Either.js";
 *
 * const stored = new Map<number, Snapshot>();
 * const snapshot = snapshotCounts({
 *   name: "votes",
 *   every: "1h",
 *   rows: async () => [{ set: "votes", name: "tea", count: 3 }],
 *   append: async (taken) => stored.size < stored.set(taken.at, stored.get(taken.at) ?? taken).size,
 * });
 * assertEquals(await snapshot(new Date("2024-05-01T10:12:13Z"))(), right({ _tag: "Appended", rows: 1 }));
 * assertEquals(await snapshot(new Date("2024-05-01T10:59:59Z"))(), right({ _tag: "Repeated" }));
 * assertEquals([...stored.keys()].map((at) => new Date(at).toISOString()), ["2024-05-01T10:00:00.000Z"]);
 * ```
 */
export function snapshotCounts(
  options: SnapshotOptions,
): (now: Date) => TaskEither<AggregateError, Snapshotted | Busy> {
  const { name, every, rows, append } = options;
  const job = readJob(`snapshot:${named("a snapshot job", name)}`, options);
  const period = finite("a snapshot job", every);
  if (!Number.isInteger(period)) throw refused("a snapshot job", "a period of whole milliseconds", every);
  return (now) => {
    const at = Math.floor(now.getTime() / period) * period;
    if (!Number.isSafeInteger(at)) return () => Promise.resolve(E.left(badTime));
    return alone(job, async (held) => {
      const read = await settle(rows);
      if (read._tag === "Left") return E.left({ _tag: "SourceFailed", cause: read.left });
      const all = read.right;
      const appended = await commit(
        job,
        held,
        "the datastore of snapshots",
        (within) => append({ at, rows: all }, within),
      );
      return E.map((isNew: boolean): Snapshotted =>
        isNew ? { _tag: "Appended", rows: all.length } : { _tag: "Repeated" }
      )(
        appended,
      );
    });
  };
}

const badTime: AggregateError = {
  _tag: "ValueRefused",
  tier: "snapshots",
  reason: "expected a valid date",
};
