import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { SourceFailed } from "../cache_error.ts";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import { milliseconds } from "../duration.ts";
import type { Held, Lock, Locker } from "./lock.ts";
import type { LockError } from "./lock_error.ts";
import { attempt, report, type WithLockOptions } from "./with_lock.ts";

/** What bounds the wait for several locks. */
export interface WithAllOptions extends WithLockOptions {
  /** What `deadline` goes by, which is that of all the locks together. */
  readonly clock?: Clock;
}

/**
 * Runs a body while the locks of several names are held: all of them, or the body does not run.
 *
 * They are taken in the order of their locks' names, whatever the order asked for, so that two batches that overlap
 * never wait for each other in a circle. Names of one lock (twice the same, or of one stripe of a
 * {@linkcode fileLocks}) are taken once. A body that takes further locks leaves that order, and only their deadline
 * then ends a circle.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { localLocks, withAll } from "@lamina/cache/lock";
 * import { right } from "fp-ts/lib/Either.js";
 * import * as TE from "fp-ts/lib/TaskEither.js";
 *
 * const locks = localLocks();
 * const names = withAll(locks, ["b", "a", "b"])((held) => TE.right(held.map(({ name }) => name)));
 * assertEquals(await names(), right(["a", "b"]));
 * ```
 */
export function withAll<H extends Held>(
  locker: Locker<H>,
  names: ReadonlyArray<string>,
  options: WithAllOptions = {},
): <A, Err = never>(
  body: (held: ReadonlyArray<H>) => TaskEither<Err, A>,
) => TaskEither<Err | LockError | SourceFailed, A> {
  return (body) => async () => {
    const held: H[] = [];
    const acquired = await acquireAll(inOrder(names.map(locker.lock)), options, held);
    const result = acquired._tag === "Left" ? acquired : await attempt(() => body(held));
    for (const each of held.reverse()) {
      const released = await each.release();
      if (released._tag === "Left") report(options, released.left);
    }
    return result;
  };
}

/** Each lock once, in one order for all processes: that of UTF-16 units, which no locale changes. */
function inOrder<H extends Held>(locks: ReadonlyArray<Lock<H>>): ReadonlyArray<Lock<H>> {
  const byName = new Map(locks.map((lock) => [lock.name, lock]));
  return [...byName.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

async function acquireAll<H extends Held>(
  locks: ReadonlyArray<Lock<H>>,
  options: WithAllOptions,
  held: H[],
): Promise<Either<LockError, void>> {
  const { clock = systemClock, deadline, signal } = options;
  const end = deadline === undefined ? undefined : clock.now() + deadline;
  for (const lock of locks) {
    const acquired = await lock.acquire({
      ...(end === undefined ? {} : { deadline: milliseconds(Math.max(0, end - clock.now())) }),
      ...(signal === undefined ? {} : { signal }),
    })();
    if (acquired._tag === "Left") return acquired;
    held.push(acquired.right);
  }
  return E.right(undefined);
}
