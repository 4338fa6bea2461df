import type { InvalidateAllOptions } from "../store.ts";
import type { Answer } from "../source/loader.ts";
import { settle } from "../source/loader.ts";
import { promises } from "../promises.ts";
import type { CallLayer, CallOptions } from "./calls.ts";
import { callsOf } from "./calls.ts";
import type { CachedEntry } from "./entry.ts";
import { entryOf } from "./entry.ts";
import type { OperationOptions } from "./operations.ts";
import { operationsOf } from "./operations.ts";

export type { CallKey, CallLayer, CallOptions } from "./calls.ts";
export type { CachedEntry } from "./entry.ts";
export type { OperationOptions } from "./operations.ts";

/** What a cached function is made with. */
export interface CachedOptions<A extends ReadonlyArray<unknown>, R> extends CallOptions, OperationOptions {
  /** What stands in front of the function: a tier, a region's layer, or several, the first next to the function. */
  readonly layer: CallLayer<Exclude<R, undefined>>;
  /**
   * What tells calls apart, where the arguments cannot or should not: a method's object, a database session. Calls of
   * one key get one result; which of them is asked for it makes no difference.
   */
  readonly keyOf?: (...args: A) => unknown;
}

/** A function behind tiers: the same arguments, and a promise of the same result. */
export interface Cached<A extends ReadonlyArray<unknown>, R> extends AsyncDisposable {
  /** The cached result, or that of the function; rejects with a `CacheReadError` whose `cause` the function threw. */
  (...args: A): Promise<R>;
  /** What is cached, stale or not, without a call of the function; undefined if nothing is. */
  readonly get: (...args: A) => Promise<R | undefined>;
  /** The result with its age, its freshness and the tier that it came from. */
  readonly entry: (...args: A) => Promise<CachedEntry<R>>;
  /** Puts a result in the tier next to the function; those above are cleared. Rejects with a `CacheWriteError`. */
  readonly set: (args: A, value: R) => Promise<void>;
  /** Forgets a result in every tier; one that is being loaded meanwhile is not kept. Rejects with a `CacheWriteError`. */
  readonly invalidate: (...args: A) => Promise<void>;
  /** Forgets the results of all calls, where the tiers have an epoch. */
  readonly invalidateAll: (options?: InvalidateAllOptions) => Promise<void>;
  /** Calls the function whatever is cached, and caches its result. */
  readonly refresh: (...args: A) => Promise<R>;
  /** The function itself. */
  readonly original: (...args: A) => R | Answer<R>;
  /** Drains what is under way; afterwards every call rejects. */
  readonly close: () => Promise<void>;
}

/**
 * A function behind tiers, as dogpile's decorator makes it: concurrent equal calls are one call, in this process and,
 * behind a shared tier, in all.
 *
 * The function returns a value, a promise or a `TaskEither`; undefined means that there is no such thing, which is
 * cached too. Arguments tell calls apart by value: the order of an object's fields makes no difference, types do (1 and
 * "1" are two). Those that have no value to go by (functions, symbols, instances of classes) are refused, unless `keyOf`
 * says what to go by.
 *
 * The function is called without `this`: for a method, write `(id) => users.load(id)`.
 *
 * A function may call itself, or other cached functions, for other keys. Behind a `batch` the calls of one turn end
 * together, so there a call must not wait for another of the same turn: it would until `loadTimeout`.
 *
 * Throws a RangeError on options out of range.
 *
 * @example Ten callers, one call
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { cached, memory } from "@lamina/cache";
 *
 * let calls = 0;
 * const loadUser = async (id: number, fields: { readonly lang: string }) => {
 *   calls += 1;
 *   return { id, greeting: fields.lang === "de" ? "Hallo" : "Hello" };
 * };
 * await using user = cached(loadUser, { layer: memory({ capacity: 1_000, ttl: "60s" }) });
 *
 * const found = await Promise.all(Array.from({ length: 10 }, () => user(42, { lang: "de" })));
 * assertEquals([found[9], calls], [{ id: 42, greeting: "Hallo" }, 1]);
 *
 * assertEquals(await user.get(43, { lang: "de" }), undefined);
 * await user.set([43, { lang: "de" }], { id: 43, greeting: "Moin" });
 * assertEquals((await user(43, { lang: "de" })).greeting, "Moin");
 *
 * await user.invalidate(42, { lang: "de" });
 * await user(42, { lang: "de" });
 * assertEquals(calls, 2);
 * ```
 *
 * @example A key of one's own
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { cached, memory } from "@lamina/cache";
 *
 * const database = { query: (id: number) => Promise.resolve(`row ${id}`) };
 * const load = (session: typeof database, id: number) => session.query(id);
 * await using row = cached(load, { layer: memory({ capacity: 10, ttl: "1m" }), keyOf: (_session, id) => id });
 * assertEquals(await row(database, 7), "row 7");
 * ```
 */
export function cached<A extends ReadonlyArray<unknown>, R>(
  fn: (...args: A) => R | Answer<R>,
  options: CachedOptions<A, R>,
): Cached<A, R> {
  type V = Exclude<R, undefined>;
  // A plain value is awaited as well, and what is not undefined is of the type without it.
  const call = (args: A) => settle(() => fn(...args) as Answer<V | undefined>);
  const calls = callsOf<A, V>((list) => Promise.all(list.map(call)), options.keyOf, options.layer, options);
  const { value, entries, look, refresh, set, invalidate } = operationsOf(calls, options);
  const { invalidateAll, close } = promises(calls.store);
  // The tiers hold none where the function returned undefined.
  const result = (found: V | undefined): R => found as R;
  return Object.assign((...args: A): Promise<R> => value(args).then(result), {
    get: async (...args: A) => (await look([args]))[0],
    entry: async (...args: A) => entryOf<R>((await entries([args]))[0]!),
    set: (args: A, value: R) => set([[args, value as V | undefined]]),
    invalidate: (...args: A) => invalidate([args]),
    invalidateAll,
    refresh: async (...args: A) => result((await refresh([args]))[0]),
    original: fn,
    close,
    [Symbol.asyncDispose]: close,
  });
}
