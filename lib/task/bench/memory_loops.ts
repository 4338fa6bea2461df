/**
 * The loops of the memory case. Each comparison loads this module anew: in code that they shared, the compiler would see
 * the stores and keys of all of them at one place, which a program seldom has, and which is slower.
 */
import type { Store } from "../../../mod.ts";
import type { Contender } from "./comparison.ts";
import type { MemoryPeer } from "./memory_peers.ts";

/** What is cached. */
export interface Row {
  readonly n: number;
}

/** The floor of a read without a promise. */
export function mapGet<K>(map: ReadonlyMap<K, Row>, keys: ReadonlyArray<K>): Contender["run"] {
  return (count) => {
    let sum = 0;
    for (let i = 0, at = 0; i < count; i++) {
      sum += map.get(keys[at]!)!.n;
      if (++at === keys.length) at = 0;
    }
    return sum;
  };
}

/** A read without a promise. */
export function peek<K>(store: Store<K, Row>, keys: ReadonlyArray<K>): Contender["run"] {
  return (count) => {
    let sum = 0;
    for (let i = 0, at = 0; i < count; i++) {
      const found = store.peek(keys[at]!);
      if (found._tag === "Some" && found.value._tag === "Some") sum += found.value.value.n;
      else sum = NaN;
      if (++at === keys.length) at = 0;
    }
    return sum;
  };
}

/** The floor of a read with a promise. */
export function awaitMapGet<K>(map: ReadonlyMap<K, Row>, keys: ReadonlyArray<K>): Contender["run"] {
  return async (count) => {
    let sum = 0;
    for (let i = 0, at = 0; i < count; i++) {
      sum += (await Promise.resolve(map.get(keys[at]!)))!.n;
      if (++at === keys.length) at = 0;
    }
    return sum;
  };
}

/** A read with a promise. */
export function awaitGet<K>(store: Store<K, Row>, keys: ReadonlyArray<K>): Contender["run"] {
  return async (count) => {
    let sum = 0;
    for (let i = 0, at = 0; i < count; i++) {
      const found = await store.get(keys[at]!)();
      if (found._tag === "Right" && found.right._tag === "Some") sum += found.right.value.n;
      else sum = NaN;
      if (++at === keys.length) at = 0;
    }
    return sum;
  };
}

/** A read without a promise from an LRU whose entries have a ttl: what others keep in memory stands on it. */
export function lruGet<K>(lru: Lru<K>, keys: ReadonlyArray<K>): Contender["run"] {
  return (count) => {
    let sum = 0;
    for (let i = 0, at = 0; i < count; i++) {
      sum += lru.get(keys[at]!)!.n;
      if (++at === keys.length) at = 0;
    }
    return sum;
  };
}

/** What is measured of it. */
export interface Lru<K> {
  readonly get: (key: K) => Row | undefined;
}

/** A read of another library. */
export function awaitPeer(peer: MemoryPeer, keys: ReadonlyArray<string>): Contender["run"] {
  return async (count) => {
    let sum = 0;
    for (let i = 0, at = 0; i < count; i++) {
      sum += (await peer.get(keys[at]!))!.n;
      if (++at === keys.length) at = 0;
    }
    return sum;
  };
}
