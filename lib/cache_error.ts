import type { Duration } from "./duration.ts";
import { showDuration } from "./duration.ts";

/**
 * What can go wrong, one member for each party at fault, with the data to act on. Values never stand in an error;
 * keys only where the caller gave or may see them.
 */
export type CacheError =
  | SourceFailed
  | LoaderFault
  | BackendFailed
  | LockNotPlaced
  | LeaseTooShort
  | TimedOut
  | Cancelled
  | KeyRefused
  | ValueRefused
  | TooManyKeys
  | Unsupported
  | Closed;

/** The source reported a failure; `cause` is what it reported. */
export type SourceFailed = {
  readonly _tag: "SourceFailed";
  readonly cause: unknown;
};

/** The loader broke its contract: another number of results than keys, or keys that were not asked for. */
export type LoaderFault = {
  readonly _tag: "LoaderFault";
  readonly reason: string;
  readonly keys: ReadonlyArray<unknown>;
};

/** A backend did not do what it was asked, or nobody knows whether it did. */
export type BackendFailed = {
  readonly _tag: "BackendFailed";
  readonly backend: string;
  readonly reason: string;
  readonly cause?: unknown;
};

/** A write was not begun, because a tier did not grant its lock. */
export type LockNotPlaced = {
  readonly _tag: "LockNotPlaced";
  readonly tier: string;
  readonly reason: string;
  readonly cause?: BackendFailed;
};

/** A write was not begun, because less of its lease was left than the source's commit may take. */
export type LeaseTooShort = {
  readonly _tag: "LeaseTooShort";
  readonly left: Duration;
  readonly needed: Duration;
};

/** A deadline passed; what was under way may still take effect. */
export type TimedOut = {
  readonly _tag: "TimedOut";
  readonly waitingFor: string;
};

/** The caller's own signal was aborted. */
export type Cancelled = {
  readonly _tag: "Cancelled";
};

/** The key has no encoding (NaN, a cycle, a function …). */
export type KeyRefused = {
  readonly _tag: "KeyRefused";
  readonly reason: string;
};

/** The codec, a hook or a limit refuses the value. */
export type ValueRefused = {
  readonly _tag: "ValueRefused";
  readonly tier: string;
  readonly reason: string;
};

/** A transaction was going to write more keys than it may, and was rolled back. */
export type TooManyKeys = {
  readonly _tag: "TooManyKeys";
  readonly limit: number;
};

/** The store cannot do this; `instead` says what can. */
export type Unsupported = {
  readonly _tag: "Unsupported";
  readonly operation: string;
  readonly instead: string;
};

/** The store or backend was closed. */
export type Closed = {
  readonly _tag: "Closed";
  readonly what: string;
};

/**
 * Says a {@linkcode CacheError} in a sentence, without values.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { showCacheError } from "@lamina/cache";
 *
 * assertEquals(showCacheError({ _tag: "TimedOut", waitingFor: "the source" }), "The deadline passed while waiting for the source");
 * ```
 */
export function showCacheError(error: CacheError): string {
  switch (error._tag) {
    case "SourceFailed":
      return `The source failed: ${showCause(error.cause)}`;
    case "LoaderFault":
      return `The loader broke its contract: ${error.reason}`;
    case "BackendFailed":
      return `The backend ${error.backend} failed: ${error.reason}`;
    case "LockNotPlaced":
      return `Cannot write through ${error.tier}: a lock was not placed: ${error.reason}`;
    case "LeaseTooShort":
      return `Cannot begin a write: expected ${showDuration(error.needed)} of its lease for the commit: received ${
        Math.floor(error.left)
      }ms`;
    case "TimedOut":
      return `The deadline passed while waiting for ${error.waitingFor}`;
    case "Cancelled":
      return "The caller's signal was aborted";
    case "KeyRefused":
      return `Cannot encode the key: ${error.reason}`;
    case "ValueRefused":
      return `Cannot store the value in ${error.tier}: ${error.reason}`;
    case "TooManyKeys":
      return `Cannot go on with the transaction: expected at most ${error.limit} written keys: received more`;
    case "Unsupported":
      return `Cannot ${error.operation} in this store: ${error.instead}`;
    case "Closed":
      return `Cannot use ${error.what}: it is closed`;
  }
}

function showCause(cause: unknown): string {
  try {
    return cause instanceof Error ? cause.message : String(cause);
  } catch {
    return "with something that has no text";
  }
}
