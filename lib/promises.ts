import * as O from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { CacheError } from "./cache_error.ts";
import { showCacheError } from "./cache_error.ts";
import type { Deadline } from "./deadline.ts";
import type { InvalidateAllOptions, MutateOptions, ReadOptions, Store, Write, WriteFailure } from "./store.ts";
import { writing } from "./write.ts";
import type { OutcomeOf } from "./write.ts";

/** A store for code that uses promises and exceptions: `undefined` for absent, errors as classes with their `cause`. */
export interface Promises<K, V> extends AsyncDisposable {
  /** Rejects with a {@linkcode CacheReadError}. */
  readonly get: (key: K, options?: ReadOptions) => Promise<V | undefined>;
  /** Rejects with a {@linkcode CacheReadError} if a key fails. */
  readonly getMany: (keys: ReadonlyArray<K>, options?: ReadOptions) => Promise<ReadonlyArray<V | undefined>>;
  /** What is known in this process; `found` tells "no such key" from "don't know". */
  readonly peek: (key: K) => { readonly found: boolean; readonly value: V | undefined };
  /** The writes reject with a {@linkcode CacheWriteError}, whose `outcome` says what became of the write. */
  readonly put: (key: K, value: V) => Promise<void>;
  /** Removes a key from the source, guarded. */
  readonly remove: (key: K) => Promise<void>;
  /** Empties the slots of keys in every tier. */
  readonly invalidate: (keys: ReadonlyArray<K>) => Promise<void>;
  /** Invalidates all that every tier holds. */
  readonly invalidateAll: (options?: InvalidateAllOptions) => Promise<void>;
  /** Runs `write` while the keys are guarded; its rejection is of unknown outcome unless `outcomeOf` tells. */
  readonly mutate: <A>(
    keys: ReadonlyArray<K>,
    write: (within: Deadline) => Promise<A>,
    options?: MutateOptions<K, V, A> & { readonly outcomeOf?: OutcomeOf },
  ) => Promise<A>;
  /** Drains what is under way; afterwards every operation rejects. */
  readonly close: () => Promise<void>;
}

/** Why a read failed. */
export class CacheReadError extends Error {
  /** The class, as messages show it. */
  override readonly name: string = "CacheReadError";
  /** What went wrong, to act on. */
  readonly error: CacheError;
  /** Says the error in a sentence. */
  constructor(error: CacheError) {
    super(showCacheError(error), "cause" in error ? { cause: error.cause } : {});
    this.error = error;
  }
}

/** Why a write failed, and what became of it. */
export class CacheWriteError extends Error {
  /** The class, as messages show it. */
  override readonly name: string = "CacheWriteError";
  /** What became of the write. */
  readonly outcome: WriteFailure<never>["outcome"];
  /** What went wrong, to act on. */
  readonly error: CacheError;
  /** Says the error and the outcome in a sentence. */
  constructor({ outcome, error }: WriteFailure<never>) {
    super(`${showCacheError(error)} (${outcome})`, "cause" in error ? { cause: error.cause } : {});
    this.outcome = outcome;
    this.error = error;
  }
}

/**
 * A store as promises.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memory, promises, source } from "@lamina/cache";
 *
 * const load = async (ids: ReadonlyArray<number>) => ids.map((id) => id === 7 ? undefined : `user ${id}`);
 * await using users = promises(memory({ capacity: 100, ttl: "1m" })(source({ load })));
 * assertEquals(await users.get(42), "user 42");
 * assertEquals(await users.get(7), undefined);
 * ```
 */
export function promises<K, V>(store: Store<K, V>): Promises<K, V> {
  return {
    get: (key, options) => store.get(key, options)().then((found) => O.toUndefined(reading(found))),
    getMany: (keys, options) => store.getMany(keys, options)().then((found) => reading(found).map(O.toUndefined)),
    peek: (key) => {
      const known = store.peek(key);
      return known._tag === "None"
        ? { found: false, value: undefined }
        : { found: true, value: O.toUndefined(known.value) };
    },
    put: (key, value) => committed(store.put(key, value)),
    remove: (key) => committed(store.remove(key)),
    invalidate: (keys) => committed(store.invalidate(keys)),
    invalidateAll: (options) => committed(store.invalidateAll(options)),
    mutate: (keys, write, options = {}) => {
      const { outcomeOf, ...rest } = options;
      return committed(store.mutate(keys, writing(write, outcomeOf), rest));
    },
    close: store.close,
    [Symbol.asyncDispose]: store.close,
  };
}

function reading<A>(result: Awaited<ReturnType<TaskEither<CacheError, A>>>): A {
  if (result._tag === "Left") throw new CacheReadError(result.left);
  return result.right;
}

async function committed<A>(write: Write<A>): Promise<A> {
  const done = await write();
  if (done._tag === "Left") throw new CacheWriteError(done.left);
  return done.right;
}
