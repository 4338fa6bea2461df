import * as O from "fp-ts/lib/Option.js";
import * as E from "fp-ts/lib/Either.js";
import type { CacheError } from "../cache_error.ts";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import type { Store, Write } from "../store.ts";
import { fromVerbs } from "../store.ts";
import { entriesByName, isNamed } from "./alias/reads.ts";
import { transactNamed } from "./alias/transact.ts";
import { writeNamed } from "./alias/writes.ts";

/** What is known of other names of values. */
export interface AliasOptions<N, K, V> {
  /** Which key a name stands for; it may have tiers of its own. */
  readonly keys: Store<N, K>;
  /** All names of a value, as they are asked for. */
  readonly namesOf: (value: V) => ReadonlyArray<N>;
  /** The time, {@linkcode systemClock} by default. */
  readonly clock?: Clock;
}

/** A store whose values have names beside their keys. */
export interface Aliased<N, K, V> {
  /** The store by key; its writes guard the names that a value had and those that it gets. */
  readonly byKey: Store<K, V>;
  /** The store by name, to read from: name → key → value. */
  readonly byName: Store<N, V>;
}

/**
 * Other keys: a value is looked up by a name, which stands for its key.
 *
 * A write by key reads the names that the value has while it holds the key's lock, and guards them and the new ones
 * around the write; where nobody says what is written, the new names are read back and cleared before it is
 * acknowledged. A transaction reads both in itself, and guards them before its commit. A name that led to a value of another name is asked for once more, so that what two writers left behind
 * who renamed at once is not believed. No tier may stand on `byName`: it would not hear of writes by key.
 *
 * @example A user who is renamed
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { alias, memory, promises, source } from "@lamina/cache";
 *
 * const rows = new Map([[1, { name: "ada" }]]);
 * const users = memory({ capacity: 100, ttl: "1m" })(source({
 *   load: async (ids: ReadonlyArray<number>) => ids.map((id) => rows.get(id)),
 *   save: async (changes) => changes.forEach(({ key, value }) => value._tag === "Some" && rows.set(key, value.value)),
 * }));
 * const keys = memory({ capacity: 100, ttl: "1m" })(source({
 *   load: async (names: ReadonlyArray<string>) => names.map((name) => [...rows].find(([, row]) => row.name === name)?.[0]),
 * }));
 *
 * const { byKey, byName } = alias({ keys, namesOf: (user: { readonly name: string }) => [user.name] })(users);
 * assertEquals(await promises(byName).get("ada"), { name: "ada" });
 * await promises(byKey).put(1, { name: "grace" });
 * assertEquals(await promises(byName).get("ada"), undefined);
 * assertEquals(await promises(byName).get("grace"), { name: "grace" });
 * ```
 */
export function alias<N, K, V>(options: AliasOptions<N, K, V>): (self: Store<K, V>) => Aliased<N, K, V> {
  const { keys, clock = systemClock } = options;
  return (self) => {
    const names = { self, keys, namesOf: options.namesOf, clock };
    const byKey = fromVerbs<K, V>({
      ...self,
      mutate: (keys, write, options) => writeNamed(names, keys, write, options),
      transact: (body, options) => transactNamed(names, body, options),
    });
    const byName = fromVerbs<N, V>({
      entries: (wanted, options) => () => entriesByName(names, wanted, options),
      mutate: () => refused("write by name", "write by key"),
      transact: () => refused("run a transaction", "write by key"),
      invalidateAll: () => refused("invalidate names", "invalidate both stores that it was made of"),
      peek: (name) => {
        const key = keys.peek(name);
        if (key._tag === "None" || key.value._tag === "None") return key._tag === "None" ? key : O.some(O.none);
        const value = self.peek(key.value.value);
        return value._tag === "Some" && isNamed(names, value.value, name) ? value : O.none;
      },
      save: O.none,
      commit: self.commit,
      tiers: Math.max(1, self.tiers),
      close: keys.close,
    });
    return { byKey, byName };
  };
}

function refused(operation: string, instead: string): Write<never> {
  const error: CacheError = { _tag: "Unsupported", operation, instead };
  return () => Promise.resolve(E.left({ outcome: "aborted", error }));
}
