import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import type { Duration, DurationLike } from "../duration.ts";
import { duration } from "../duration.ts";

/** What bounds the waits for a lock. */
export interface LockOptions {
  /**
   * How long `acquire` waits at most: 30 s unless told. A lock is held for milliseconds, or for as long as a source
   * takes, which gets 5 s: who waits longer than a few of those waits for somebody who hangs.
   */
  readonly within?: DurationLike;
  /** The most callers of this process that wait for one lock; one more is refused as `Full`. 1,000 unless told. */
  readonly maxWaiting?: number;
  /** What waiting goes by. */
  readonly clock?: Clock;
}

/** Options that were checked. */
export interface LockSettings {
  readonly within: Duration;
  readonly maxWaiting: number;
  readonly clock: Clock;
}

/** Checks options; throws a RangeError that says what was expected. */
export function readLockOptions(what: string, options: LockOptions): LockSettings {
  const { within = "30s", maxWaiting = 1_000, clock = systemClock } = options;
  if (!(Number.isInteger(maxWaiting) && maxWaiting >= 0)) {
    throw refused(what, "a whole number of waiting callers", maxWaiting);
  }
  return { within: finite(what, within), maxWaiting, clock };
}

/** A duration above zero and below forever; anything else is refused. */
export function finite(what: string, like: DurationLike): Duration {
  const length = duration(like);
  if (!(length > 0 && length < Infinity)) throw refused(what, "a duration above zero and below forever", like);
  return length;
}

/** The error of an option that is out of range. */
export function refused(what: string, wanted: string, received: unknown): RangeError {
  return new RangeError(`Cannot make ${what}: expected ${wanted}: received ${JSON.stringify(received)}`);
}
