import * as O from "fp-ts/lib/Option.js";
import type { Deadline } from "./deadline.ts";
import type { PromisedTransaction } from "./promised.ts";
import { asPromises, bodyOf, committed, reading } from "./promised.ts";
import type { InvalidateAllOptions, MutateOptions, ReadOptions, Store } from "./store.ts";
import { writing } from "./write.ts";
import type { OutcomeOf } from "./write.ts";

export { CacheReadError, CacheWriteError, type PromisedTransaction } from "./promised.ts";

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
  /**
   * Runs a body in a transaction of the source. What the body rejects with rolls it back and is the error's `cause`; it
   * may run more than once.
   */
  readonly transact: <A>(body: (tx: PromisedTransaction<K, V>) => Promise<A>) => Promise<A>;
  /** The store that it was made of. */
  readonly store: Store<K, V>;
  /** Drains what is under way; afterwards every operation rejects. */
  readonly close: () => Promise<void>;
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
    transact: (body) => committed(store.transact((tx) => bodyOf(() => body(asPromises(tx))))),
    store,
    close: store.close,
    [Symbol.asyncDispose]: store.close,
  };
}
