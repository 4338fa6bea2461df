import type { Option } from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { Duration } from "../duration.ts";
import type { LockError } from "./lock_error.ts";

/**
 * What at most one holds at a time, or, on the reading side of a guard, any number of readers.
 *
 * It is not re-entrant: who holds it and acquires it again waits for himself, until his deadline.
 */
export interface Lock<H extends Held = Held> {
  /** What tells it from the other locks of its {@linkcode Locker}: two with one name exclude each other. */
  readonly name: string;
  /** Waits for it, in the order of the callers of this process, until a deadline or a signal. */
  readonly acquire: (options?: AcquireOptions) => TaskEither<LockError, H>;
  /** Takes it if it is free now, and never waits for a holder. None: somebody has it, or is about to. */
  readonly tryAcquire: TaskEither<LockError, Option<H>>;
}

/** What bounds a wait. */
export interface AcquireOptions {
  /** How long to wait at most; a lock's own `within` if that is shorter. */
  readonly deadline?: Duration;
  /** Ends the wait with `Cancelled`; once the lock is held it does nothing. */
  readonly signal?: AbortSignal;
}

/** A lock that is held. `await using` releases it at the end of the block. */
export interface Held extends AsyncDisposable {
  /** The lock's name. */
  readonly name: string;
  /** Lets go. `NotHeld` if that was done before, or if the lock was lost. */
  readonly release: TaskEither<LockError, void>;
  /** How long it is still ours for certain, if nothing is done: forever, but for leases. */
  readonly left: () => Duration;
  /** Aborts when the lock is lost before it was released: only leases are. */
  readonly lost: AbortSignal;
}

/** Gives locks by name; where they are kept makes no difference to who uses them. */
export interface Locker<H extends Held = Held> {
  /** The lock of a name. Nothing is taken or kept until it is acquired. */
  readonly lock: (name: string) => Lock<H>;
}

/**
 * Many may read, or one may write. New readers wait while a writer waits, so that readers who follow each other do not
 * keep a writer out for ever.
 */
export interface Guard {
  /** Held by any number at once, while nobody writes. */
  readonly read: Lock;
  /** Held by one, while nobody reads. */
  readonly write: Lock;
}

/** Gives guards by name. A guard and a lock of the same name are independent of each other. */
export interface Guards {
  /** The guard of a name. Nothing is taken or kept until one of its sides is acquired. */
  readonly guard: (name: string) => Guard;
}
