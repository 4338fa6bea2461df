import type { Answer } from "../source/loader.ts";
import { settle } from "../source/loader.ts";
import { promises } from "../promises.ts";
import type { InvalidateAllOptions } from "../store.ts";
import type { Called, CallLayer, CallOptions } from "./calls.ts";
import { callsOf } from "./calls.ts";
import type { CachedEntry } from "./entry.ts";
import { entryOf } from "./entry.ts";
import type { OperationOptions } from "./operations.ts";
import { operationsOf } from "./operations.ts";

/** What a cached function of many keys is made with. */
export interface CachedManyOptions<V> extends CallOptions, OperationOptions {
  /** What stands in front of the function: a tier, a region's layer, or several, the first next to the function. */
  readonly layer: CallLayer<Exclude<V, undefined>>;
}

/** A function of many keys behind tiers: one call for all that is missing. */
export interface CachedMany<K, V> extends AsyncDisposable {
  /** The results in the order of the keys; rejects with a `CacheReadError` if one of them failed. */
  (keys: ReadonlyArray<K>): Promise<ReadonlyArray<V>>;
  /** What is cached, stale or not, without a call of the function; undefined where nothing is. */
  readonly get: (keys: ReadonlyArray<K>) => Promise<ReadonlyArray<V | undefined>>;
  /** The results with their age, their freshness and the tier that each came from. */
  readonly entries: (keys: ReadonlyArray<K>) => Promise<ReadonlyArray<CachedEntry<V>>>;
  /** Puts results in the tier next to the function; those above are cleared. Rejects with a `CacheWriteError`. */
  readonly set: (results: Iterable<readonly [K, V]>) => Promise<void>;
  /** Forgets results in every tier; what is being loaded meanwhile is not kept. Rejects with a `CacheWriteError`. */
  readonly invalidate: (keys: ReadonlyArray<K>) => Promise<void>;
  /** Forgets the results of all keys, where the tiers have an epoch. */
  readonly invalidateAll: (options?: InvalidateAllOptions) => Promise<void>;
  /** Calls the function for all the keys, whatever is cached, and caches its results. */
  readonly refresh: (keys: ReadonlyArray<K>) => Promise<ReadonlyArray<V>>;
  /** The function itself. */
  readonly original: (keys: ReadonlyArray<K>) => Answer<ReadonlyArray<V | Error>>;
  /** Drains what is under way; afterwards every call rejects. */
  readonly close: () => Promise<void>;
}

/**
 * A function of many keys behind tiers: what is cached is taken from there, and the function is called once, with all
 * that is missing.
 *
 * The function answers in the order of its keys, with undefined where there is no such thing, or with an Error where
 * that key alone failed. Equal keys are asked for once. In a shared tier the entries are those of a function of one
 * key, so that {@linkcode cached} and this one under the same name share them.
 *
 * Throws a RangeError on options out of range.
 *
 * @example One call for what is missing
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { cachedMany, memory } from "@lamina/cache";
 *
 * const asked: Array<ReadonlyArray<number>> = [];
 * const loadNames = async (ids: ReadonlyArray<number>) => {
 *   asked.push(ids);
 *   return ids.map((id) => `user ${id}`);
 * };
 * await using names = cachedMany(loadNames, { layer: memory({ capacity: 1_000, ttl: "60s" }) });
 *
 * assertEquals(await names([1, 2]), ["user 1", "user 2"]);
 * assertEquals(await names([3, 1, 3, 4]), ["user 3", "user 1", "user 3", "user 4"]);
 * assertEquals(asked, [[1, 2], [3, 4]]);
 * ```
 */
export function cachedMany<K, V>(
  fn: (keys: ReadonlyArray<K>) => Answer<ReadonlyArray<V | Error>>,
  options: CachedManyOptions<V>,
): CachedMany<K, V> {
  type Some = Exclude<V, undefined>;
  const load = async (list: ReadonlyArray<readonly [K]>): Promise<ReadonlyArray<Called<Some>>> => {
    const settled = await settle(() => fn(list.map(([key]) => key)));
    if (settled._tag === "Left") return list.map(() => settled);
    const results: unknown = settled.right;
    // What is no list is one of the wrong length, which the source reports.
    return Array.isArray(results) ? Array.from(results, calledOf<Some>) : [];
  };
  const calls = callsOf<readonly [K], Some>(load, undefined, options.layer, options);
  const { values, entries, look, refresh, set, invalidate } = operationsOf(calls, options);
  const { invalidateAll, close } = promises(calls.store);
  const listed = (keys: ReadonlyArray<K>) => keys.map((key) => [key] as const);
  // The tiers hold none where the function answered undefined.
  const results = (found: ReadonlyArray<Some | undefined>) => found as ReadonlyArray<V>;
  return Object.assign((keys: ReadonlyArray<K>): Promise<ReadonlyArray<V>> => values(listed(keys)).then(results), {
    get: (keys: ReadonlyArray<K>) => look(listed(keys)),
    entries: async (keys: ReadonlyArray<K>) => (await entries(listed(keys))).map(entryOf<V>),
    set: (pairs: Iterable<readonly [K, V]>) =>
      set(Array.from(pairs, ([key, value]) => [[key], value as Some | undefined])),
    invalidate: (keys: ReadonlyArray<K>) => invalidate(listed(keys)),
    invalidateAll,
    refresh: (keys: ReadonlyArray<K>) => refresh(listed(keys)).then(results),
    original: fn,
    close,
    [Symbol.asyncDispose]: close,
  });
}

function calledOf<V>(result: V | undefined | Error): Called<V> {
  return result instanceof Error ? { _tag: "Left", left: result } : { _tag: "Right", right: result };
}
