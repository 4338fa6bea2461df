import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import type { CacheError } from "../cache_error.ts";
import type { Entry, Save, Store, WriteFailure } from "../store.ts";
import { fromVerbs } from "../store.ts";

/** What happens to values on their way to the source, and from wherever they were read. */
export interface Hooks<V, W> {
  /** The value as it is stored, or why it must not be: nothing has happened then. */
  readonly beforeStore: (value: W) => Either<string, V>;
  /** The value as readers get it: a new one, since the one it is made of may belong to others as well. */
  readonly afterLoad: (value: V) => W;
}

/**
 * Normalises or refuses values before they are stored, and completes them after each read, cached or fresh.
 *
 * It stands above all tiers and scopes, so that none of them keeps what `afterLoad` adds; `beforeStore` takes it off
 * again. Both run at once, without promises, and once for each `put`. What a `mutate` says it has `written` is not
 * published, since what is stored may be another value.
 *
 * @example A name without spaces around it, and its length, which nobody stores
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { hooks, promises, source } from "@lamina/cache";
 * import { left, right } from "fp-ts/lib/Either.js";
 *
 * interface Name {
 *   readonly text: string;
 *   readonly length: number;
 * }
 * const rows = new Map<number, string>();
 * const texts = source({
 *   load: async (ids: ReadonlyArray<number>) => ids.map((id) => rows.get(id)),
 *   save: async (changes) => changes.forEach(({ key, value }) => value._tag === "Some" && rows.set(key, value.value)),
 * });
 * const names = promises(hooks({
 *   beforeStore: ({ text }: Name) => text.trim() === "" ? left("a name is empty") : right(text.trim()),
 *   afterLoad: (text: string): Name => ({ text, length: text.length }),
 * })(texts));
 *
 * await names.put(1, { text: " Ada ", length: 0 });
 * assertEquals(rows.get(1), "Ada");
 * assertEquals(await names.get(1), { text: "Ada", length: 3 });
 * ```
 */
export function hooks<V, W>(hooks: Hooks<V, W>): <K>(below: Store<K, V>) => Store<K, W>;
/** Hooks that leave the type of values as it is: one of them, or both. */
export function hooks<V>(hooks: Partial<Hooks<V, V>>): <K>(below: Store<K, V>) => Store<K, V>;
export function hooks<V>({ beforeStore = E.right, afterLoad = same }: Partial<Hooks<V, V>>): <K>(
  below: Store<K, V>,
) => Store<K, V> {
  return (below) => hooked({ beforeStore, afterLoad }, below);
}

function same<V>(value: V): V {
  return value;
}

function hooked<K, V, W>(hooks: Hooks<V, W>, below: Store<K, V>): Store<K, W> {
  const store = fromVerbs<K, W>({
    ...below,
    entries: (keys, options) => async () =>
      (await below.entries(keys, options)()).map((entry) =>
        entry._tag === "Left" ? entry : completedEntry(hooks, entry.right)
      ),
    mutate: (keys, write, options = {}) => () => {
      const { written: _, intended, ...rest } = options;
      const stored = intended === undefined ? undefined : E.traverseArray(storedOf(hooks))(intended);
      if (stored?._tag === "Left") return Promise.resolve(aborted(stored.left));
      return below.mutate(keys, write, stored === undefined ? rest : { ...rest, intended: stored.right })();
    },
    transact: (body, options) =>
      below.transact((tx) =>
        body({
          get: (key) => TE.flatMapEither(completed(hooks))(tx.get(key)),
          put: (key, value) => TE.flatMap((stored: V) => tx.put(key, stored))(TE.fromEither(prepared(hooks, value))),
          remove: tx.remove,
        }), options),
    peek: (key) => {
      const known = below.peek(key);
      return known._tag === "None" ? known : O.fromEither(completed(hooks)(known.value));
    },
    save: O.map(savingOf<K, V, W>(hooks))(below.save),
  });
  return {
    ...store,
    // Once for each: a hook that adds the time must not say two different ones.
    put: (key, value) => () => {
      const stored = prepared(hooks, value);
      return stored._tag === "Left" ? Promise.resolve(aborted(stored.left)) : below.put(key, stored.right)();
    },
  };
}

function savingOf<K, V, W>(hooks: Hooks<V, W>): (save: Save<K, V>) => Save<K, W> {
  return (save) => (changes, within) => () => {
    const stored = E.traverseArray(storedOf(hooks))(changes.map(({ value }) => value));
    if (stored._tag === "Left") return Promise.resolve(aborted(stored.left));
    return save(changes.map(({ key }, i) => ({ key, value: stored.right[i]! })), within)();
  };
}

function storedOf<V, W>(hooks: Hooks<V, W>): (value: Option<W>) => Either<CacheError, Option<V>> {
  return (value) => {
    if (value._tag === "None") return E.right(O.none);
    const stored = prepared(hooks, value.value);
    return stored._tag === "Left" ? stored : E.right(O.some(stored.right));
  };
}

function prepared<V, W>({ beforeStore }: Hooks<V, W>, value: W): Either<CacheError, V> {
  try {
    const stored = beforeStore(value);
    return stored._tag === "Left" ? refused(stored.left) : stored;
  } catch {
    // What was thrown may quote the value.
    return refused("the beforeStore hook threw");
  }
}

function completed<V, W>({ afterLoad }: Hooks<V, W>): (value: Option<V>) => Either<CacheError, Option<W>> {
  return (value) => {
    if (value._tag === "None") return E.right(O.none);
    try {
      return E.right(O.some(afterLoad(value.value)));
    } catch {
      return refused("the afterLoad hook threw");
    }
  };
}

function completedEntry<V, W>(hooks: Hooks<V, W>, entry: Entry<V>): Either<CacheError, Entry<W>> {
  const value = completed(hooks)(entry.value);
  return value._tag === "Left" ? value : E.right({ ...entry, value: value.right });
}

function refused(reason: string): Either<CacheError, never> {
  return E.left({ _tag: "ValueRefused", tier: "hooks", reason });
}

function aborted(error: CacheError): Either<WriteFailure<never>, never> {
  return E.left({ outcome: "aborted", error });
}
