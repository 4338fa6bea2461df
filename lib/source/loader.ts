import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { CacheError } from "../cache_error.ts";
import { identify } from "../key.ts";

/** What a foreign function answers with: a promise, which may reject, or a TaskEither. */
export type Answer<A> = PromiseLike<A> | TaskEither<unknown, A>;

/** What a loader is told besides its keys. */
export interface LoadContext {
  /** Aborts when nobody waits for the load any more. */
  readonly signal: AbortSignal;
}

/**
 * Loads values aligned with their keys: `undefined` is "no such key", an Error in a value's place says that this key
 * alone failed.
 */
export type Load<K, V> = (
  keys: ReadonlyArray<K>,
  context: LoadContext,
) => Answer<ReadonlyArray<V | undefined | Error>>;

/** Loads rows in any order; a key without a row is absent. */
export type LoadRows<K, V> = (keys: ReadonlyArray<K>, context: LoadContext) => Answer<ReadonlyArray<V>>;

/** Loads the value of one key: `undefined` is "no such key", and an Error fails it as one that is thrown does. */
export type LoadOne<K, V> = (key: K, context: LoadContext) => Answer<V | undefined | Error>;

/** A value, none if there is no such key, or why this key was not loaded. */
export type LoadedValue<V> = E.Either<CacheError, O.Option<V>>;

/** Calls a foreign function once and makes everything it can do, a throw included, an Either. */
export async function settle<A>(call: () => Answer<A>): Promise<E.Either<unknown, A>> {
  try {
    const answer = call();
    return typeof answer === "function" ? await answer() : E.right(await answer);
  } catch (cause) {
    return E.left(cause);
  }
}

/** Every key's result of an aligned load. */
export async function loadAligned<K, V>(
  load: Load<K, V>,
  keys: ReadonlyArray<K>,
  context: LoadContext,
): Promise<ReadonlyArray<LoadedValue<V>>> {
  const settled = await settle(() => load(keys, context));
  if (settled._tag === "Left") return all(keys, { _tag: "SourceFailed", cause: settled.left });
  const values: unknown = settled.right;
  if (!Array.isArray(values)) return all(keys, fault("expected an array of values", typeof values, keys));
  if (values.length !== keys.length) {
    return all(keys, fault(`expected ${keys.length} results, one for each key`, String(values.length), keys));
  }
  // Not map: it would leave the holes of an array in which not every row was set.
  return Array.from(values, (value: V | undefined | Error) => loadedOf(value));
}

function loadedOf<V>(value: V | undefined | Error): LoadedValue<V> {
  if (value instanceof Error) return E.left({ _tag: "SourceFailed", cause: value });
  return E.right(value === undefined ? O.none : O.some(value));
}

/** A key's result of a load of its own; where rows have keys, it has to be the row that was asked for. */
export async function loadSingle<K, V>(
  loadOne: LoadOne<K, V>,
  keyOf: ((row: V) => K) | undefined,
  key: K,
  context: LoadContext,
): Promise<LoadedValue<V>> {
  const settled = await settle(() => loadOne(key, context));
  if (settled._tag === "Left") return E.left({ _tag: "SourceFailed", cause: settled.left });
  const loaded = loadedOf(settled.right);
  if (keyOf === undefined || loaded._tag === "Left" || O.isNone(loaded.right)) return loaded;
  try {
    const own = keyOf(loaded.right.value);
    return idOf(own) === idOf(key)
      ? loaded
      : E.left(fault("expected the row of the key asked for", "a row of another key", [own]));
  } catch (cause) {
    return E.left({ _tag: "SourceFailed", cause });
  }
}

/** Every key's result of a load of rows. */
export async function loadRows<K, V>(
  rows: LoadRows<K, V>,
  keyOf: (row: V) => K,
  keys: ReadonlyArray<K>,
  context: LoadContext,
): Promise<ReadonlyArray<LoadedValue<V>>> {
  const settled = await settle(() => rows(keys, context));
  if (settled._tag === "Left") return all(keys, { _tag: "SourceFailed", cause: settled.left });
  const found: unknown = settled.right;
  if (!Array.isArray(found)) return all(keys, fault("expected an array of rows", typeof found, keys));
  const byKey = new Map<unknown, V>();
  const asked = new Set<unknown>(keys.map(idOf));
  for (const row of found as ReadonlyArray<V>) {
    let key: K;
    try {
      key = keyOf(row);
    } catch (cause) {
      return all(keys, { _tag: "SourceFailed", cause });
    }
    const id = idOf(key);
    if (!asked.has(id)) return all(keys, fault("expected rows of the keys asked for", "a row of another key", [key]));
    if (byKey.has(id)) return all(keys, fault("expected one row a key", "two rows of one key", [key]));
    byKey.set(id, row);
  }
  return keys.map((key) => {
    const id = idOf(key);
    return E.right(byKey.has(id) ? O.some(byKey.get(id) as V) : O.none);
  });
}

/** A key's identity; a key without one, which no tier lets through, is itself. */
export function idOf(key: unknown): unknown {
  const id = identify(key);
  return id._tag === "Left" ? key : id.right;
}

function fault(expected: string, received: string, keys: ReadonlyArray<unknown>): CacheError {
  return { _tag: "LoaderFault", reason: `${expected}: received ${received}`, keys };
}

function all<K, V>(keys: ReadonlyArray<K>, error: CacheError): ReadonlyArray<LoadedValue<V>> {
  const failed = E.left(error);
  return keys.map(() => failed);
}
