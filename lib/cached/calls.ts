import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError } from "../cache_error.ts";
import { fromVerbs } from "../from_verbs.ts";
import type { Layer } from "../layer.ts";
import { compose } from "../layer.ts";
import type { SourceOptions } from "../source/source.ts";
import { source } from "../source/source.ts";
import type { Entry, ReadOptions, Store } from "../store.ts";

/**
 * The key of a call of a cached function: its arguments, or what `keyOf` makes of them as the only one. Arguments that
 * are undefined are left out at the end.
 */
export type CallKey = ReadonlyArray<unknown>;

/** A layer in front of calls, or several, the first next to the function. */
export type CallLayer<V> = Layer<CallKey, V> | ReadonlyArray<Layer<CallKey, V>>;

/** What became of a call: its result, undefined for "no such thing", or what the function threw. */
export type Called<V> = E.Either<unknown, V | undefined>;

/** Calls the function for each list of arguments, or for all of them together. */
export type LoadCalls<A, V> = (calls: ReadonlyArray<A>) => Promise<ReadonlyArray<Called<V>>>;

/** What the source of a cached function may be told. */
export type CallOptions = Pick<SourceOptions<never, never>, "commit" | "loadTimeout" | "clock">;

/** A function's calls as a store, with the keys to read it by. */
export interface Calls<A, V> {
  /** The calls behind their tiers. */
  readonly store: Store<CallKey, V>;
  /** A key that loads what is not cached. */
  readonly load: (args: A) => E.Either<CacheError, CallKey>;
  /** A key of the same identity that never does. */
  readonly look: (args: A) => E.Either<CacheError, CallKey>;
}

/** What a key stands for. */
interface Call<A> {
  readonly args: A;
  readonly mayLoad: boolean;
}

/**
 * The store of a function's calls behind a layer.
 *
 * Tiers tell keys apart by value, and hand the very key that a reader gave them down to the source. So what only this
 * reader knows of it (the arguments behind a `keyOf`, whether it may load at all) is noted beside the key.
 */
export function callsOf<A extends ReadonlyArray<unknown>, V>(
  load: LoadCalls<A, V>,
  keyOf: ((...args: A) => unknown) | undefined,
  layer: CallLayer<V>,
  options: CallOptions,
): Calls<A, V> {
  const calls = new WeakMap<CallKey, Call<A>>();
  const origin = source<CallKey, Called<V>>({
    ...options,
    load: (keys) => load(keys.map((key) => calls.get(key)!.args)),
  });
  const key = (mayLoad: boolean) => (args: A): E.Either<CacheError, CallKey> => {
    const made = keyed(keyOf, args);
    if (made._tag === "Right") calls.set(made.right, { args, mayLoad });
    return made;
  };
  const layers = typeof layer === "function" ? layer : compose<CallKey, V>(...layer);
  return { store: layers(callSource(origin, calls)), load: key(true), look: key(false) };
}

function keyed<A extends ReadonlyArray<unknown>>(
  keyOf: ((...args: A) => unknown) | undefined,
  args: A,
): E.Either<CacheError, CallKey> {
  if (keyOf === undefined) return E.right(args.slice(0, args.findLastIndex((each) => each !== undefined) + 1));
  try {
    return E.right([keyOf(...args)]);
  } catch {
    return E.left({ _tag: "KeyRefused", reason: "the keyOf of a cached function threw" });
  }
}

/**
 * What a read is answered that may not load, and finds nothing cached. To the tiers it is a caller who left: the next
 * reader loads at once, nobody shares the failure, and no back-off begins.
 */
const notCached: CacheError = { _tag: "Cancelled" };

function callSource<A, V>(
  origin: Store<CallKey, Called<V>>,
  calls: WeakMap<CallKey, Call<A>>,
): Store<CallKey, V> {
  return fromVerbs<CallKey, V>({
    ...origin,
    entries: (keys, options) => async () => {
      const wanted = keys.filter((key) => calls.get(key)?.mayLoad === true);
      const loaded = await loadedOf(origin, wanted, options);
      let next = 0;
      return keys.map((key) => {
        const call = calls.get(key);
        if (call === undefined) return E.left(foreignKey);
        return call.mayLoad ? resultOf(loaded[next++]!) : E.left(notCached);
      });
    },
    mutate: (keys, write, { within } = {}) => origin.mutate(keys, write, within === undefined ? {} : { within }),
    transact: () => () => Promise.resolve(E.left({ outcome: "aborted", error: noTransactions })),
    peek: () => O.none,
    save: O.none,
  });
}

function loadedOf<V>(
  origin: Store<CallKey, Called<V>>,
  keys: ReadonlyArray<CallKey>,
  options: ReadOptions | undefined,
): Promise<ReadonlyArray<E.Either<CacheError, Entry<Called<V>>>>> {
  return keys.length === 0 ? Promise.resolve([]) : origin.entries(keys, options)();
}

function resultOf<V>(entry: E.Either<CacheError, Entry<Called<V>>>): E.Either<CacheError, Entry<V>> {
  if (entry._tag === "Left") return entry;
  const { value } = entry.right;
  const called = value._tag === "Some" ? value.value : nothing;
  if (called._tag === "Left") return E.left({ _tag: "SourceFailed", cause: called.left });
  return E.right({ ...entry.right, value: called.right === undefined ? O.none : O.some(called.right) });
}

const nothing = E.right(undefined);

const foreignKey: CacheError = {
  _tag: "LoaderFault",
  reason: "expected the key of a call: received one that a layer made",
  keys: [],
};

const noTransactions: CacheError = {
  _tag: "Unsupported",
  operation: "transact",
  instead: "a function has no transactions",
};
