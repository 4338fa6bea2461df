import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { CacheError } from "../cache_error.ts";
import { identify } from "../key.ts";

/** What a foreign function answers with: a promise, which may reject, or a TaskEither. */
export type Answer<A> = PromiseLike<A> | TaskEither<unknown, A>;

/** What a loader is told besides its keys. Its signal is made when it is asked for: a spread does not, so pass it by name. */
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

/** What a foreign function answers with, as a promise; what a TaskEither failed with is as if it had been thrown. */
export function promiseOf<A>(answer: Answer<A>): Promise<A> {
  if (typeof answer !== "function") return Promise.resolve(answer);
  return Promise.resolve(answer()).then((said) => said._tag === "Right" ? said.right : Promise.reject(said.left));
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
  const misfit = misfitOf(values, keys);
  if (misfit !== undefined) return all(keys, misfit);
  // Not map: it would leave the holes of an array in which not every row was set.
  return Array.from(values as ReadonlyArray<V | undefined | Error>, loadedOf);
}

/** The result of an aligned load of one key. */
export function alignedOne<K, V>(values: unknown, key: K): LoadedValue<V> {
  if (Array.isArray(values) && values.length === 1) return loadedOf<V>(values[0]);
  return E.left(misfitOf(values, [key])!);
}

/** Why values cannot be those of keys. */
function misfitOf(values: unknown, keys: ReadonlyArray<unknown>): CacheError | undefined {
  if (!Array.isArray(values)) return fault("expected an array of values", typeof values, keys);
  if (values.length === keys.length) return undefined;
  return fault(`expected ${keys.length} results, one for each key`, String(values.length), keys);
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
  return settled._tag === "Left"
    ? E.left({ _tag: "SourceFailed", cause: settled.left })
    : singleOne(keyOf, settled.right, key);
}

/** The result of a key's load of its own. */
export function singleOne<K, V>(
  keyOf: ((row: V) => K) | undefined,
  answer: V | undefined | Error,
  key: K,
): LoadedValue<V> {
  const loaded = loadedOf(answer);
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
  return settled._tag === "Left"
    ? all(keys, { _tag: "SourceFailed", cause: settled.left })
    : rowsOf(settled.right, keyOf, keys);
}

/** Every key's result of a load of rows. */
export function rowsOf<K, V>(
  found: unknown,
  keyOf: (row: V) => K,
  keys: ReadonlyArray<K>,
): ReadonlyArray<LoadedValue<V>> {
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
