import * as E from "fp-ts/lib/Either.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { SourceFailed } from "../cache_error.ts";
import type { AcquireOptions, Held, Lock } from "./lock.ts";
import type { LockError } from "./lock_error.ts";

/** What bounds the wait for a lock around a body, and who hears that it could not be released. */
export interface WithLockOptions extends AcquireOptions {
  /**
   * Told that the lock was lost meanwhile (`NotHeld`), or that nobody knows whether it was released (`BackendFailed`): it
   * then ends with its lease. The body's result is what it is all the same. What it throws is ignored.
   */
  readonly onUnreleased?: (error: LockError) => void;
}

/**
 * Runs a body while a lock is held. It is released however the body ends; a body that throws or rejects is
 * `SourceFailed`.
 *
 * With a lock that can be lost the body should look at `held.lost`, and give `held.fence` along where it writes.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { mutex, withLock } from "@lamina/cache/lock";
 * import { right } from "fp-ts/lib/Either.js";
 * import * as TE from "fp-ts/lib/TaskEither.js";
 *
 * const lock = mutex();
 * assertEquals(await withLock(lock)(() => TE.right(42))(), right(42));
 *
 * const failed = await withLock(lock)(() => () => Promise.reject(new Error("no disk")))();
 * assert(failed._tag === "Left" && failed.left._tag === "SourceFailed");
 * assertEquals(await withLock(lock)(() => TE.right("free again"))(), right("free again"));
 * ```
 */
export function withLock<H extends Held>(
  lock: Lock<H>,
  options: WithLockOptions = {},
): <A, Err = never>(body: (held: H) => TaskEither<Err, A>) => TaskEither<Err | LockError | SourceFailed, A> {
  return (body) => async () => {
    const acquired = await lock.acquire(options)();
    if (acquired._tag === "Left") return acquired;
    const result = await attempt(() => body(acquired.right));
    const released = await acquired.right.release();
    if (released._tag === "Left") report(options, released.left);
    return result;
  };
}

/** Runs what may throw or reject, as nothing of ours does. */
export async function attempt<Err, A>(make: () => TaskEither<Err, A>): Promise<E.Either<Err | SourceFailed, A>> {
  try {
    return await make()();
  } catch (cause) {
    return E.left({ _tag: "SourceFailed", cause });
  }
}

/** Tells that a lock was not released. */
export function report({ onUnreleased }: WithLockOptions, error: LockError): void {
  try {
    onUnreleased?.(error);
  } catch {
    // A listener's failure is not the body's.
  }
}
