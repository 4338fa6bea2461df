import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError } from "./cache_error.ts";
import type { Entries, Entry, Store, Verbs, Write } from "./store.ts";

/**
 * Makes a store of its verbs.
 *
 * @example A layer that counts the keys that are read
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fromVerbs, type Layer, promises, source } from "@lamina/cache";
 *
 * let read = 0;
 * const counted: Layer<string, number> = (below) =>
 *   fromVerbs({
 *     ...below,
 *     entries: (keys, options) => () => {
 *       read += keys.length;
 *       return below.entries(keys, options)();
 *     },
 *   });
 *
 * await using cache = promises(counted(source({ load: async (keys: ReadonlyArray<string>) => keys.map((key) => key.length) })));
 * assertEquals(await cache.getMany(["a", "bc"]), [1, 2]);
 * assertEquals(read, 2);
 * ```
 */
export function fromVerbs<K, V>(verbs: Verbs<K, V>): Store<K, V> {
  const { entries, mutate, transact, invalidateAll, peek, save, commit, tiers, changes, close } = verbs;
  return {
    entries,
    mutate,
    transact,
    invalidateAll,
    peek,
    save,
    commit,
    tiers,
    changes,
    close,
    get: entries.one === undefined ? gettingBy(entries) : gettingOneBy(entries.one),
    getMany: (keys, options) => async () => allValues(await entries(keys, options)()),
    put: (key, value) => saving(verbs, "put", key, O.some(value)),
    remove: (key) => saving(verbs, "remove", key, O.none),
    invalidate: (keys) => mutate(keys, () => nothing),
    [Symbol.asyncDispose]: close,
  };
}

function gettingBy<K, V>(entries: Entries<K, V>): Store<K, V>["get"] {
  return (key, options) => async () => valueOf((await entries([key], options)())[0]!);
}

function gettingOneBy<K, V>(one: NonNullable<Entries<K, V>["one"]>): Store<K, V>["get"] {
  return (key, options = {}) => () => new Promise((resolve) => one(key, options, (entry) => resolve(valueOf(entry))));
}

function valueOf<V>(entry: Either<CacheError, Entry<V>>): Either<CacheError, Option<V>> {
  return entry._tag === "Left" ? entry : E.right(entry.right.value);
}

const nothing: Write<void> = () => Promise.resolve(E.right(undefined));

function allValues<V>(
  entries: ReadonlyArray<Either<CacheError, Entry<V>>>,
): Either<CacheError, ReadonlyArray<Option<V>>> {
  const values: Array<Option<V>> = [];
  for (const entry of entries) {
    if (entry._tag === "Left") return entry;
    values.push(entry.right.value);
  }
  return E.right(values);
}

function saving<K, V>(verbs: Verbs<K, V>, operation: string, key: K, value: Option<V>): Write<void> {
  if (O.isNone(verbs.save)) {
    const error: CacheError = {
      _tag: "Unsupported",
      operation,
      instead: "its source is read-only; use mutate around the write, or give the source a save",
    };
    return () => Promise.resolve(E.left({ outcome: "aborted", error }));
  }
  const save = verbs.save.value;
  const written = [value];
  return verbs.mutate([key], (within) => save([{ key, value }], within), {
    written: () => written,
    intended: written,
  });
}
