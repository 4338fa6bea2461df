import type { Monoid } from "fp-ts/lib/Monoid.js";
import type { Store } from "./store.ts";

/** Stands in front of a store and makes another. */
export type Layer<K, V> = (below: Store<K, V>) => Store<K, V>;

/**
 * The layer that changes nothing: the unit of {@linkcode compose}.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { identity, source } from "@lamina/cache";
 *
 * const lengths = source({ load: async (keys: ReadonlyArray<string>) => keys.map((key) => key.length) });
 * assert(identity(lengths) === lengths);
 * ```
 */
export function identity<K, V>(below: Store<K, V>): Store<K, V> {
  return below;
}

/**
 * Stacks layers, the first next to the source.
 *
 * @example Two layers are one
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { batch, compose, memory, promises, source } from "@lamina/cache";
 *
 * const tiers = compose(memory({ capacity: 100, ttl: "1m" }), batch({ maxSize: 50 }));
 * await using lengths = promises(tiers(source({ load: async (keys: ReadonlyArray<string>) => keys.map((key) => key.length) })));
 * assertEquals(await lengths.get("four"), 4);
 * ```
 */
export function compose(...layers: ReadonlyArray<<K, V>(below: Store<K, V>) => Store<K, V>>): <K, V>(
  below: Store<K, V>,
) => Store<K, V>;
/** Stacks layers of one type of values. */
export function compose<V>(
  ...layers: ReadonlyArray<<K>(below: Store<K, V>) => Store<K, V>>
): <K>(below: Store<K, V>) => Store<K, V>;
/** Stacks layers of one type of keys and values. */
export function compose<K, V>(...layers: ReadonlyArray<Layer<K, V>>): Layer<K, V>;
export function compose<K, V>(...layers: ReadonlyArray<Layer<K, V>>): Layer<K, V> {
  return (below) => layers.reduce((store, layer) => layer(store), below);
}

/**
 * Layers under {@linkcode compose}.
 *
 * @example Layers in a list are one layer
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { batch, getMonoid, memory, promises, source } from "@lamina/cache";
 * import { concatAll } from "fp-ts/lib/Monoid.js";
 *
 * const layers = [memory({ capacity: 100, ttl: "1m" })<string, number>, batch({ maxSize: 50 })<string, number>];
 * const tiers = concatAll(getMonoid<string, number>())(layers);
 * await using lengths = promises(tiers(source({ load: async (keys) => keys.map((key) => key.length) })));
 * assertEquals(await lengths.get("four"), 4);
 * ```
 */
export function getMonoid<K, V>(): Monoid<Layer<K, V>> {
  return { concat: (first, second) => (below) => second(first(below)), empty: identity };
}
