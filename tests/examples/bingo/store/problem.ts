import type { AggregateError } from "../../../../lib/aggregate/mod.ts";
import type { CacheError, WriteFailure } from "../../../../mod.ts";
import type { Refusal } from "../domain/refusal.ts";

/** The service cannot do it now; to ask again is right, and safe. */
export interface Unavailable {
  readonly _tag: "Unavailable";
  /** What became of it: an `unknown` write may have been done, or may be done yet. */
  readonly outcome: WriteFailure<never>["outcome"];
  /** The tag of the error that was in the way; the error itself is for the log. */
  readonly reason: string;
}

/** Why something was not done. */
export type Problem = Refusal | Unavailable;

/** An error of the cache, or of counting and queueing, as a caller of the service gets it. */
export function unavailable(
  error: AggregateError | CacheError,
  outcome: Unavailable["outcome"] = "unknown",
): Unavailable {
  return { _tag: "Unavailable", outcome, reason: error._tag };
}

/** A write that failed: what its body refused stays what it is. */
export function problemOf({ outcome, error }: WriteFailure<Problem>): Problem {
  return "expected" in error || error._tag === "Unavailable" ? error : unavailable(error, outcome);
}
