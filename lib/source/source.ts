import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError } from "../cache_error.ts";
import type { Clock } from "../clock.ts";
import { coarse, systemClock } from "../clock.ts";
import type { Deadline, OwnDeadline } from "../deadline.ts";
import { cancelled, deadlineAt, late, orCancelled, orLate } from "../deadline.ts";
import type { Duration, DurationLike } from "../duration.ts";
import { duration } from "../duration.ts";
import { tick } from "../sequence.ts";
import type { Change, Entries, Entry, ReadOptions, Store } from "../store.ts";
import { fromVerbs } from "../store.ts";
import type { OutcomeOf } from "../write.ts";
import { alwaysUnknown } from "../write.ts";
import type { Answer, Load, LoadContext, LoadOne, LoadRows } from "./loader.ts";
import { idOf, loadAligned, loadRows, loadSingle } from "./loader.ts";
import type { Single } from "./one.ts";
import { entryOf, readAlone, singleOf } from "./one.ts";
import type { Origin } from "./origin.ts";
import { closedError, closingOf, during } from "./origin.ts";
import type { TransactionOptions } from "./transaction.ts";
import { mutateOf, transactionsOf } from "./writes.ts";

/** What every source may be given. */
export interface SourceOptions<K, V> {
  /** Saves changes; without it the source is read-only, and writes go through `mutate`. */
  readonly save?: (changes: ReadonlyArray<Change<K, V>>, within: Deadline) => Answer<void>;
  /** Tells from an error whether a write was certainly not applied; without it every error leaves that open. */
  readonly outcomeOf?: OutcomeOf;
  /** How long a commit may take, or a transaction with its body, 5 s by default: half the default lease of a lock. */
  readonly commit?: DurationLike;
  /** How long a load may take, 30 s by default, as long as the usual HTTP client waits. */
  readonly loadTimeout?: DurationLike;
  /** The time, {@linkcode systemClock} by default. */
  readonly clock?: Clock;
  /** Closes what the source holds, when nothing is under way any more. */
  readonly close?: () => Answer<void>;
}

/** What a source may be given beside its loader. */
export interface WritableSource<K, V> extends SourceOptions<K, V> {
  /**
   * Loads a single key, where that is quicker than to load many. Reads of one key that meet no other use it, reads of
   * several the other one: what the one answers, the other must answer too.
   */
  readonly loadOne?: LoadOne<K, V> | undefined;
  /** Runs transactions; without it `transact` is refused. Without `save`, changes are saved by it as well. */
  readonly transaction?: TransactionOptions<K, V>;
}

/** A source that loads values aligned with their keys. */
export interface AlignedSource<K, V> extends WritableSource<K, V> {
  /** Loads values aligned with their keys. */
  readonly load: Load<K, V>;
}

/** A source that loads rows in any order, and says which key a row has. */
export interface RowSource<K, V> extends WritableSource<K, V> {
  /** Loads rows in any order. */
  readonly rows: LoadRows<K, V>;
  /** The key of a row. */
  readonly keyOf: (row: V) => K;
}

/**
 * The store of a source of truth, to stack tiers on.
 *
 * @example Rows in any order; a key without a row is absent
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { promises, source } from "@lamina/cache";
 *
 * const users = source({
 *   rows: async (_ids: ReadonlyArray<number>) => [{ id: 1, name: "Ada" }],
 *   keyOf: (user) => user.id,
 * });
 * assertEquals(await promises(users).getMany([1, 2]), [{ id: 1, name: "Ada" }, undefined]);
 * ```
 */
export function source<K, V>(options: RowSource<K, V>): Store<K, V>;
/** The store of a source whose loader answers in the order of its keys. */
export function source<K, V>(options: AlignedSource<K, V>): Store<K, V>;
export function source<K, V>(options: AlignedSource<K, V> | RowSource<K, V>): Store<K, V> {
  const origin: Origin<K, V> = {
    load: loadingOf(options),
    clock: options.clock ?? systemClock,
    loadTimeout: duration(options.loadTimeout ?? "30s"),
    commit: duration(options.commit ?? "5s"),
    outcomeOf: options.outcomeOf ?? alwaysUnknown,
    underWay: new Set(),
    open: 0,
    whenIdle: [],
    turn: coarse(options.clock ?? systemClock),
    closed: false,
  };
  return fromVerbs<K, V>({
    entries: readerOf(origin, singleOf(options)),
    mutate: mutateOf(origin),
    ...transactionsOf(origin, options),
    peek: () => O.none,
    commit: origin.commit,
    tiers: 0,
    invalidateAll: () => () =>
      Promise.resolve(origin.closed ? E.left({ outcome: "aborted", error: closedError }) : E.right(undefined)),
    close: closingOf(origin, options.close),
  });
}

function loadingOf<K, V>(options: AlignedSource<K, V> | RowSource<K, V>): Origin<K, V>["load"] {
  const { loadOne } = options;
  const loadAll: Origin<K, V>["load"] = "load" in options
    ? (keys, context) => loadAligned(options.load, keys, context)
    : (keys, context) => loadRows(options.rows, options.keyOf, keys, context);
  if (loadOne === undefined) return loadAll;
  const keyOf = "load" in options ? undefined : options.keyOf;
  return async (keys, context) =>
    keys.length === 1 ? [await loadSingle(loadOne, keyOf, keys[0]!, context)] : await loadAll(keys, context);
}

function readerOf<K, V>(origin: Origin<K, V>, single: Single<K, V>): Entries<K, V> {
  const entries: Entries<K, V> = (keys, options) => () => entriesOf(origin, keys, options);
  const one: Entries<K, V>["one"] = (key, options, hear) => {
    if (!origin.closed && options.signal === undefined) {
      return readAlone(origin, single, key, Math.min(origin.loadTimeout, options.deadline ?? Infinity), hear);
    }
    // Who may leave, or comes too late, goes the way of many.
    const fail = (cause: unknown): void => hear(E.left({ _tag: "SourceFailed", cause }));
    entriesOf(origin, [key], options).then(([each]) => hear(each!), fail);
  };
  return Object.assign(entries, { one });
}

async function entriesOf<K, V>(
  origin: Origin<K, V>,
  keys: ReadonlyArray<K>,
  options?: ReadOptions,
): Promise<ReadonlyArray<E.Either<CacheError, Entry<V>>>> {
  if (origin.closed) return fail(keys, closedError);
  if (options?.signal?.aborted === true) return fail(keys, { _tag: "Cancelled" });
  if (keys.length === 0) return [];
  const { once, places } = distinct(keys);
  const asOf = tick();
  const begun = origin.clock.now();
  const limit = Math.min(origin.loadTimeout, options?.deadline ?? Infinity);
  const deadline = deadlineAt(origin.clock, begun + limit);
  const loading = during(origin, origin.load(once, contextOf(deadline, options?.signal)));
  const loaded = await orCancelled(options?.signal, orLate(origin.clock, limit, loading));
  deadline.dispose();
  if (loaded === cancelled) return fail(keys, { _tag: "Cancelled" });
  if (loaded === late) return fail(keys, { _tag: "TimedOut", waitingFor: "the source's load" });
  const age = (origin.clock.now() - begun) as Duration;
  const entries = loaded.map((each) => each._tag === "Left" ? each : E.right(entryOf(each.right, age, asOf)));
  return places === undefined ? entries : places.map((place) => entries[place]!);
}

/** Each key once, and where the keys stand among them; no places where all are different. */
function distinct<K>(keys: ReadonlyArray<K>): { once: ReadonlyArray<K>; places: ReadonlyArray<number> | undefined } {
  const once: Array<K> = [];
  const seen = new Map<unknown, number>();
  const places = keys.map((key) => {
    const id = idOf(key);
    const known = seen.get(id);
    if (known !== undefined) return known;
    seen.set(id, once.length);
    return once.push(key) - 1;
  });
  return { once, places: once.length === keys.length ? undefined : places };
}

/** The signal is made when the loader asks for it, and most do not. */
function contextOf(deadline: OwnDeadline, signal: AbortSignal | undefined): LoadContext {
  return {
    get signal() {
      return signal === undefined ? deadline.signal : AbortSignal.any([deadline.signal, signal]);
    },
  };
}

function fail<K>(keys: ReadonlyArray<K>, error: CacheError): ReadonlyArray<E.Either<CacheError, never>> {
  const failed = E.left(error);
  return keys.map(() => failed);
}
