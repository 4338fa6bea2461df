import type { Either } from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { Task } from "fp-ts/lib/Task.js";
import type { CacheError } from "../cache_error.ts";
import type { Store } from "../store.ts";
import type { RequestScope } from "./request.ts";

/** A store of any keys and values. */
// deno-lint-ignore no-explicit-any -- a store is invariant in its keys and values, so that nothing else covers all stores
export type AnyStore = Store<any, any>;

/** A store, and the keys that are wanted of it. */
export type Wanted<S> = readonly [store: S, keys: ReadonlyArray<S extends Store<infer K, infer _> ? K : never>];

/** What was found of {@linkcode Wanted} keys, in their order. */
export type Prefetched<S> = Either<CacheError, ReadonlyArray<Option<S extends Store<infer _, infer V> ? V : never>>>;

/**
 * Fetches all that a request is going to need, of several stores and value types: what it reads later is there.
 *
 * All reads begin in one turn of the event loop, so that tiers on one Redis are asked in one round trip (in a cluster,
 * one a node). What the request has read already is not asked again, nor is a tier below for what one in this process
 * holds. Each store answers for itself: one that fails does not fail the others.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { prefetch, promises, request, source } from "@lamina/cache";
 *
 * let calls = 0;
 * const counting = <V>(make: (id: number) => V) =>
 *   source({ load: async (ids: ReadonlyArray<number>) => (calls++, ids.map(make)) });
 * const users = counting((id) => ({ name: `user ${id}` }));
 * const orders = counting((id) => [`item ${id}`]);
 *
 * await using page = request();
 * await prefetch(page, [users, [1, 2]], [orders, [7]])();
 * assertEquals(calls, 2);
 * assertEquals(await promises(page.scope(users)).get(2), { name: "user 2" });
 * assertEquals(calls, 2);
 * ```
 */
export function prefetch<const S extends ReadonlyArray<AnyStore>>(
  request: Pick<RequestScope, "scope">,
  ...wanted: { readonly [I in keyof S]: Wanted<S[I]> }
): Task<{ readonly [I in keyof S]: Prefetched<S[I]> }> {
  const pairs: ReadonlyArray<Wanted<AnyStore>> = wanted;
  return async () => {
    const found = await Promise.all(pairs.map(([store, keys]) => request.scope(store).getMany(keys)()));
    // One answer a pair, in their order.
    return found as ReadonlyArray<unknown> as { readonly [I in keyof S]: Prefetched<S[I]> };
  };
}
