import * as O from "fp-ts/lib/Option.js";
import type { Duration } from "../duration.ts";
import type { Entry, Verdict } from "../store.ts";

/** A result with what is known about it. Durations, never wall-clock times, cross a boundary. */
export interface CachedEntry<R> {
  /** The result. */
  readonly value: R;
  /** Since its load began. */
  readonly age: Duration;
  /** For how long it is fresh; 0 once it is stale. */
  readonly fresh: Duration;
  /** For how long it may be used. */
  readonly until: Duration;
  /** How it was answered, and by which tier. */
  readonly verdict: Verdict;
}

/** The entry of a call; the tiers hold none where the function's result was undefined. */
export function entryOf<R>({ value, age, fresh, until, verdict }: Entry<Exclude<R, undefined>>): CachedEntry<R> {
  return { value: O.toUndefined(value) as R, age, fresh, until, verdict };
}
