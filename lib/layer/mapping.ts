import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import * as RA from "fp-ts/lib/ReadonlyArray.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import type * as t from "io-ts";
import type { CacheError } from "../cache_error.ts";
import type { Changes, Entry, ReadOptions, Save, Store } from "../store.ts";
import { fromVerbs } from "../store.ts";

/**
 * Asks a store with other keys, each of which stands for one of its own.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { contramapKey, promises, source } from "@lamina/cache";
 *
 * const squares = source({ load: async (keys: ReadonlyArray<number>) => keys.map((key) => key * key) });
 * const byText = contramapKey((text: string) => Number(text))(squares);
 * assertEquals(await promises(byText).get("12"), 144);
 * ```
 */
export function contramapKey<J, K>(keyOf: (key: J) => K): <V>(self: Store<K, V>) => Store<J, V> {
  return (self) => contramapped(keyOf, self);
}

function contramapped<J, K, V>(keyOf: (key: J) => K, self: Store<K, V>): Store<J, V> {
  const toKey = guardedKey(keyOf);
  return fromVerbs<J, V>({
    ...self,
    entries: (keys, options) => () => contramapEntries(toKey, self, keys, options),
    mutate: (keys, write, options = {}) => {
      const { alsoWritten, ...rest } = options;
      const inner = E.traverseArray(toKey)(keys);
      if (inner._tag === "Left") return () => Promise.resolve(E.left({ outcome: "aborted", error: inner.left }));
      return self.mutate(inner.right, write, {
        ...rest,
        ...(alsoWritten === undefined ? {} : { alsoWritten: (result) => alsoWritten(result).map(keyOf) }),
      });
    },
    transact: (body, options) =>
      self.transact((tx) =>
        body({
          get: (key) => TE.flatMap(tx.get)(TE.fromEither(toKey(key))),
          put: (key, value) => TE.flatMap((inner: K) => tx.put(inner, value))(TE.fromEither(toKey(key))),
          remove: (key) => TE.flatMap(tx.remove)(TE.fromEither(toKey(key))),
        }), options),
    peek: (key) => {
      const inner = toKey(key);
      return inner._tag === "Left" ? O.none : self.peek(inner.right);
    },
    save: O.isNone(self.save) ? O.none : O.some(contramapSave(keyOf, self.save.value)),
    changes: contramapChanges(toKey, self.changes),
  });
}

function guardedKey<J, K>(keyOf: (key: J) => K): (key: J) => E.Either<CacheError, K> {
  return (key) => {
    try {
      return E.right(keyOf(key));
    } catch {
      return E.left({ _tag: "KeyRefused", reason: "the function given to contramapKey threw" });
    }
  };
}

async function contramapEntries<J, K, V>(
  toKey: (key: J) => E.Either<CacheError, K>,
  self: Store<K, V>,
  keys: ReadonlyArray<J>,
  options: ReadOptions | undefined,
): Promise<ReadonlyArray<E.Either<CacheError, Entry<V>>>> {
  const inner = keys.map(toKey);
  const entries = await self.entries(RA.rights(inner), options)();
  let next = 0;
  return inner.map((key) => key._tag === "Left" ? key : entries[next++]!);
}

function contramapChanges<J, K>(
  toKey: (key: J) => E.Either<CacheError, K>,
  changes: Changes<K> | undefined,
): Changes<J> | undefined {
  if (changes?.slots === undefined) return changes as Changes<J> | undefined;
  const { of, listen } = changes.slots;
  const slots = {
    listen,
    of: (key: J) => {
      const inner = toKey(key);
      return inner._tag === "Left" ? [] : of(inner.right);
    },
  };
  return { world: changes.world, slots };
}

function contramapSave<J, K, V>(keyOf: (key: J) => K, save: Save<K, V>): Save<J, V> {
  return (changes, within) => save(changes.map(({ key, value }) => ({ key: keyOf(key), value })), within);
}

/**
 * Turns a store's values into others by an io-ts type between them: what is read is decoded, what is written encoded. A
 * value that does not decode is an error of that key alone.
 *
 * @example Rows with a date as text
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mapValue, promises, source } from "@lamina/cache";
 * import * as t from "io-ts";
 *
 * const DateFromText = new t.Type<Date, string, unknown>(
 *   "DateFromText",
 *   (value): value is Date => value instanceof Date,
 *   (text, context) => typeof text === "string" ? t.success(new Date(text)) : t.failure(text, context),
 *   (date) => date.toISOString(),
 * );
 * const texts = source({ load: async (keys: ReadonlyArray<number>) => keys.map(() => "2026-01-02T00:00:00.000Z") });
 * const dates = mapValue(DateFromText)(texts);
 * assertEquals((await promises(dates).get(1))?.getUTCDate(), 2);
 * ```
 */
export function mapValue<A, B>(type: t.Type<A, B, unknown>): <K>(self: Store<K, B>) => Store<K, A> {
  return (self) => mapped(type, self);
}

function mapped<K, A, B>(type: t.Type<A, B, unknown>, self: Store<K, B>): Store<K, A> {
  const encode = O.map(type.encode);
  return fromVerbs<K, A>({
    ...self,
    entries: (keys, options) => async () =>
      (await self.entries(keys, options)()).map((entry) =>
        entry._tag === "Left" ? entry : decodedEntry(type, entry.right)
      ),
    mutate: (keys, write, options = {}) => {
      const { written, intended, ...rest } = options;
      const encoded = intended === undefined ? undefined : encodedAll(type, intended);
      if (encoded?._tag === "Left") return () => Promise.resolve(E.left({ outcome: "aborted", error: encoded.left }));
      return self.mutate(keys, write, {
        ...rest,
        ...(written === undefined ? {} : { written: (result) => written(result).map(encode) }),
        ...(encoded === undefined ? {} : { intended: encoded.right }),
      });
    },
    transact: (body, options) =>
      self.transact((tx) =>
        body({
          get: (key) => TE.flatMapEither((value: Option<B>) => decoded(type, value))(tx.get(key)),
          put: (key, value) => {
            const encoded = encodedAll(type, [O.some(value)]);
            if (encoded._tag === "Left") return TE.left(encoded.left);
            return tx.put(key, (encoded.right[0] as O.Some<B>).value);
          },
          remove: tx.remove,
        }), options),
    peek: (key) => {
      const known = self.peek(key);
      if (known._tag === "None") return O.none;
      const value = decoded(type, known.value);
      return value._tag === "Left" ? O.none : O.some(value.right);
    },
    save: O.isNone(self.save) ? O.none : O.some(mapSave(type, self.save.value)),
  });
}

function mapSave<K, A, B>(type: t.Type<A, B, unknown>, save: Save<K, B>): Save<K, A> {
  const encode = O.map(type.encode);
  return (changes, within) => save(changes.map(({ key, value }) => ({ key, value: encode(value) })), within);
}

function decodedEntry<A, B>(type: t.Type<A, B, unknown>, entry: Entry<B>): E.Either<CacheError, Entry<A>> {
  const value = decoded(type, entry.value);
  return value._tag === "Left" ? value : E.right({ ...entry, value: value.right });
}

function decoded<A, B>(type: t.Type<A, B, unknown>, value: Option<B>): E.Either<CacheError, Option<A>> {
  if (value._tag === "None") return E.right(O.none);
  try {
    const result = type.decode(value.value);
    return result._tag === "Right" ? E.right(O.some(result.right)) : refused(`expected ${type.name}`);
  } catch {
    return refused(`the decode of ${type.name} threw`);
  }
}

function encodedAll<A, B>(
  type: t.Type<A, B, unknown>,
  values: ReadonlyArray<Option<A>>,
): E.Either<CacheError, ReadonlyArray<Option<B>>> {
  try {
    return E.right(values.map(O.map(type.encode)));
  } catch {
    // What was thrown may quote the value.
    return refused(`the encode of ${type.name} threw`);
  }
}

function refused(reason: string): E.Either<CacheError, never> {
  return E.left({ _tag: "ValueRefused", tier: "mapValue", reason });
}
