import type { CacheError } from "../cache_error.ts";
import type { LockError } from "../lock/lock_error.ts";

/** Why a step of counting, queueing or a job did not succeed; one member for each party at fault. */
export type AggregateError = CacheError | LockError;

/** What an operator has to know, because it is lost, dead, late or in doubt; never silent, and no caller's error. */
export type AggregateEvent =
  | DeadLetter
  | FlushFailed
  | FoldFailed
  | MayCountTwice
  | Diverged
  | Unacknowledged
  | Unreleased;

/** A queued key whose value was gone when it should have been written: what was put last for it is lost. */
export type DeadLetter = {
  /** Tells it from other events. */
  readonly _tag: "DeadLetter";
  /** The name of the write-behind. */
  readonly queue: string;
  /** The bucket, as the port knows it. */
  readonly bucket: string;
  /** The key, as `encodeKey` writes it. */
  readonly key: string;
  /** Why there is nothing to write. */
  readonly reason: "the value is gone" | "the value cannot be read";
};

/** A batch was not written; its keys went back into their queue, or wait as they are. Nothing is lost. */
export type FlushFailed = {
  /** Tells it from other events. */
  readonly _tag: "FlushFailed";
  /** The name of the write-behind. */
  readonly queue: string;
  /** The bucket, as the port knows it. */
  readonly bucket: string;
  /** How many keys it has; 0 if it was not even taken. */
  readonly keys: number;
  /** What went wrong. */
  readonly error: AggregateError;
};

/** A batch of counts was not added to the totals, as far as is known; it waits. Nothing is lost. */
export type FoldFailed = {
  /** Tells it from other events. */
  readonly _tag: "FoldFailed";
  /** The set of counters. */
  readonly set: string;
  /** The id of the batch. */
  readonly batch: string;
  /** What went wrong. */
  readonly error: AggregateError;
};

/** A batch is folded that somebody else had begun to fold, into totals that do not remember batches. */
export type MayCountTwice = {
  /** Tells it from other events. */
  readonly _tag: "MayCountTwice";
  /** The set of counters. */
  readonly set: string;
  /** The id of the batch. */
  readonly batch: string;
};

/** The totals and the counters name different batches as the last one, and it is no fold under way: one has lost data. */
export type Diverged = {
  /** Tells it from other events. */
  readonly _tag: "Diverged";
  /** The set of counters. */
  readonly set: string;
  /** The batch that the totals have last. */
  readonly folded: string | undefined;
  /** The batch that the counters had acknowledged last. */
  readonly acknowledged: string | undefined;
};

/** What was written or folded could not be acknowledged, so that it is going to be done once more. */
export type Unacknowledged = {
  /** Tells it from other events. */
  readonly _tag: "Unacknowledged";
  /** The set of counters, or the write-behind. */
  readonly of: string;
  /** The id of the batch. */
  readonly batch: string;
  /** What went wrong; undefined if the batch did not wait any more. */
  readonly error: AggregateError | undefined;
};

/** A job's lease could not be released, or was lost while it ran. */
export type Unreleased = {
  /** Tells it from other events. */
  readonly _tag: "Unreleased";
  /** The name of its lock. */
  readonly job: string;
  /** What went wrong. */
  readonly error: AggregateError;
};
