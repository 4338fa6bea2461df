import { asPromises, bodyOf, committed } from "../promised.ts";
import type { PromisedTransaction, Promises } from "../promises.ts";
import type { Transaction } from "../store.ts";
import type { SomeStores } from "./transaction.ts";
import { transaction } from "./transaction.ts";

/** A store of any keys and values, as promises. */
// deno-lint-ignore no-explicit-any -- a store is invariant in its keys and values, so that nothing else covers all stores
export type AnyPromises = Promises<any, any>;

/** What the body of {@linkcode promisedTransaction} works with: for each store its own, in their order. */
export type PromisedTransactions<S> = {
  readonly [I in keyof S]: S[I] extends Promises<infer K, infer V> ? PromisedTransaction<K, V> : never;
};

/**
 * {@linkcode transaction} for stores as {@linkcode Promises}: what the body rejects with rolls everything back, and is
 * the `cause` of the error.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { promisedTransaction, promises } from "@lamina/cache";
 * import { denoKvSource } from "@lamina/cache/deno-kv";
 *
 * const kv = await Deno.openKv(":memory:");
 * const accounts = promises(denoKvSource<string, number>({ kv, at: (name) => ["account", name] }));
 * const orders = promises(denoKvSource<number, string>({ kv, at: (id) => ["order", id] }));
 * await accounts.put("ada", 9);
 *
 * await promisedTransaction([accounts, orders], async ([account, order]) => {
 *   await account.put("ada", (await account.get("ada") ?? 0) - 4);
 *   await order.put(7, "tea");
 * });
 * assertEquals([await accounts.get("ada"), await orders.get(7)], [5, "tea"]);
 * kv.close();
 * ```
 */
export async function promisedTransaction<const S extends readonly [AnyPromises, ...ReadonlyArray<AnyPromises>], A>(
  stores: S,
  body: (transactions: PromisedTransactions<S>) => Promise<A>,
): Promise<A> {
  const below = stores.map(({ store }) => store) as unknown as SomeStores;
  return await committed(transaction(below, (each) => {
    const transactions: ReadonlyArray<Transaction<unknown, unknown>> = each;
    // One transaction a store, in their order.
    return bodyOf(() => body(transactions.map(asPromises) as unknown as PromisedTransactions<S>));
  }));
}
