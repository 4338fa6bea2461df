import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Task } from "fp-ts/lib/Task.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { SourceFailed } from "../cache_error.ts";
import type { AcquireOptions, Guard, Lock } from "./lock.ts";
import type { LockError } from "./lock_error.ts";
import { attempt, withLock } from "./with_lock.ts";

/** `missing`: there is nothing to read. `expired`: what there is may be read while somebody makes it anew. */
export type Condition = "fresh" | "expired" | "missing";

/** A thing that is read in place and made anew now and then: a file, a table. */
export interface Resource<Err, A> {
  /** How it is now; asked without any lock. */
  readonly condition: Task<Condition>;
  /** The expensive part, beside readers. */
  readonly make: TaskEither<Err, A>;
  /** The write section: it runs alone, and what it leaves half done in between nobody sees. */
  readonly replace: (made: A) => TaskEither<Err, void>;
}

/** The two locks of a resource. They must not be one: the first is held while the second is taken. */
export interface ResourceLocks {
  /** Held by who makes the resource anew, so that one does. */
  readonly creating: Lock;
  /** Between readers and the write section. */
  readonly guard: Guard;
}

/**
 * Reads a resource under its guard, and makes it anew first if that is due and nobody does it.
 *
 * Readers run together, and together with `make`; `replace` waits until they have left, and new ones wait for it. Who
 * makes the resource holds no read lock meanwhile. With nothing to read, all wait for the one that makes it. The idea
 * is dogpile's write lock against readers.
 *
 * @example A table that its readers never see empty
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { guard, mutex, readResource } from "@lamina/cache/lock";
 * import { right } from "fp-ts/lib/Either.js";
 *
 * const table: number[] = [];
 * const squares = {
 *   condition: async () => table.length === 0 ? "missing" as const : "fresh" as const,
 *   make: async () => right([1, 4, 9]),
 *   replace: (made: ReadonlyArray<number>) => async () => {
 *     table.length = 0;
 *     table.push(...made);
 *     return right(undefined);
 *   },
 * };
 * const read = readResource({ creating: mutex(), guard: guard() }, squares);
 * assertEquals(await read(async () => right(table.at(-1)))(), right(9));
 * ```
 */
export function readResource<Err, A>(
  locks: ResourceLocks,
  resource: Resource<Err, A>,
  options: AcquireOptions = {},
): <B>(read: TaskEither<Err, B>) => TaskEither<Err | LockError | SourceFailed, B> {
  return (read) => async () => {
    const prepared = await prepare(locks, resource, options);
    return prepared._tag === "Left" ? prepared : await withLock(locks.guard.read, options)(() => read)();
  };
}

type Prepared<Err> = Either<Err | LockError | SourceFailed, unknown>;

async function prepare<Err, A>(
  locks: ResourceLocks,
  resource: Resource<Err, A>,
  options: AcquireOptions,
): Promise<Prepared<Err>> {
  const found = await conditionOf(resource);
  if (found._tag === "Left" || found.right === "fresh") return found;
  if (found.right === "missing") {
    return await withLock(locks.creating, options)(() => () => remake(locks, resource, options))();
  }
  const taken = await locks.creating.tryAcquire();
  if (taken._tag === "Left" || taken.right._tag === "None") return taken;
  const remade = await remake(locks, resource, options);
  await taken.right.value.release();
  return remade;
}

/** Somebody else may have made it between the first look and the lock. */
async function remake<Err, A>(
  { guard }: ResourceLocks,
  { condition, make, replace }: Resource<Err, A>,
  options: AcquireOptions,
): Promise<Prepared<Err>> {
  const found = await conditionOf({ condition });
  if (found._tag === "Left" || found.right === "fresh") return found;
  const made = await attempt(() => make);
  if (made._tag === "Left") return made;
  return await withLock(guard.write, options)(() => replace(made.right))();
}

function conditionOf({ condition }: { readonly condition: Task<Condition> }): Promise<Either<SourceFailed, Condition>> {
  return attempt(() => async () => E.right(await condition()));
}
