import type { BackendFailed, Cancelled, TimedOut } from "../cache_error.ts";
import { showCacheError } from "../cache_error.ts";

/** Why a lock was not acquired, renewed or released; one member for each party at fault. */
export type LockError = TimedOut | Cancelled | BackendFailed | Full | NotHeld;

/** A bound was reached, and nothing was queued: `limit` is what may be there at once. */
export type Full = {
  /** Tells it from other errors. */
  readonly _tag: "Full";
  /** What is full. */
  readonly what: string;
  /** The most that it takes. */
  readonly limit: number;
};

/** What was to be released or renewed is not held: it was released before, or it was lost and may be another's. */
export type NotHeld = {
  /** Tells it from other errors. */
  readonly _tag: "NotHeld";
  /** The name of the lock. */
  readonly lock: string;
  /** What became of it before. */
  readonly reason: "released" | "lost";
};

/**
 * Says a {@linkcode LockError} in a sentence.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { showLockError } from "@lamina/cache/lock";
 *
 * const said = showLockError({ _tag: "NotHeld", lock: "report", reason: "released" });
 * assertEquals(said, "Cannot use the lock report: it is not held: it was released");
 * ```
 */
export function showLockError(error: LockError): string {
  switch (error._tag) {
    case "Full":
      return `Cannot wait: ${error.what} is full: expected at most ${error.limit}`;
    case "NotHeld":
      return `Cannot use the lock ${error.lock}: it is not held: it was ${error.reason}`;
    default:
      return showCacheError(error);
  }
}
