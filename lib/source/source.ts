import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError } from "../cache_error.ts";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import type { Deadline, OwnDeadline } from "../deadline.ts";
import { cancelled, deadlineAt, late, orCancelled, orLate } from "../deadline.ts";
import type { Duration, DurationLike } from "../duration.ts";
import { duration } from "../duration.ts";
import { tick } from "../sequence.ts";
import type { Change, Entry, ReadOptions, Save, Store, Verbs, Verdict } from "../store.ts";
import { fromVerbs } from "../store.ts";
import type { OutcomeOf } from "../write.ts";
import { alwaysUnknown, judge, runGuarded } from "../write.ts";
import type { Answer, Load, LoadContext, LoadedValue, LoadRows } from "./loader.ts";
import { idOf, loadAligned, loadRows, settle } from "./loader.ts";

/** What every source may be given. */
export interface SourceOptions<K, V> {
  /** Saves changes; without it the source is read-only, and writes go through `mutate`. */
  readonly save?: (changes: ReadonlyArray<Change<K, V>>, within: Deadline) => Answer<void>;
  /** Tells from an error whether a write was certainly not applied; without it every error leaves that open. */
  readonly outcomeOf?: OutcomeOf;
  /** How long a commit may take, 5 s by default: half the default lease of a lock. */
  readonly commit?: DurationLike;
  /** How long a load may take, 30 s by default, as long as the usual HTTP client waits. */
  readonly loadTimeout?: DurationLike;
  /** The time, {@linkcode systemClock} by default. */
  readonly clock?: Clock;
}

/** A source that loads values aligned with their keys. */
export interface AlignedSource<K, V> extends SourceOptions<K, V> {
  /** Loads values aligned with their keys. */
  readonly load: Load<K, V>;
}

/** A source that loads rows in any order, and says which key a row has. */
export interface RowSource<K, V> extends SourceOptions<K, V> {
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
    load: "load" in options
      ? (keys, context) => loadAligned(options.load, keys, context)
      : (keys, context) => loadRows(options.rows, options.keyOf, keys, context),
    clock: options.clock ?? systemClock,
    loadTimeout: duration(options.loadTimeout ?? "30s"),
    commit: duration(options.commit ?? "5s"),
    outcomeOf: options.outcomeOf ?? alwaysUnknown,
    underWay: new Set(),
    closed: false,
  };
  return fromVerbs<K, V>({
    entries: (keys, read) => () => entriesOf(origin, keys, read),
    mutate: mutateOf(origin),
    transact: () => () => Promise.resolve(E.left({ outcome: "aborted", error: noTransactions })),
    peek: () => O.none,
    save: options.save === undefined ? O.none : O.some(saveOf(origin, options.save)),
    commit: origin.commit,
    tiers: 0,
    close: async () => {
      origin.closed = true;
      await orLate(origin.clock, closing, Promise.all(origin.underWay));
    },
  });
}

interface Origin<K, V> {
  readonly load: (keys: ReadonlyArray<K>, context: LoadContext) => Promise<ReadonlyArray<LoadedValue<V>>>;
  readonly clock: Clock;
  readonly loadTimeout: Duration;
  readonly commit: Duration;
  readonly outcomeOf: OutcomeOf;
  readonly underWay: Set<Promise<unknown>>;
  closed: boolean;
}

/** How long closing waits for what is under way, in milliseconds: as long as the default commit may take. */
const closing = 5_000;

const noTransactions: CacheError = {
  _tag: "Unsupported",
  operation: "transact",
  instead: "its source has no transactions; use mutate around the write",
};

const closedError: CacheError = { _tag: "Closed", what: "the source" };

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

function entryOf<V>(value: O.Option<V>, age: Duration, asOf: number): Entry<V> {
  return { value, age, fresh: forever, until: forever, verdict: loadedVerdict, asOf };
}

const forever = Infinity as Duration;
const loadedVerdict: Verdict = { _tag: "Loaded", tier: "source", level: "pinned" };

/** The signal is made when the loader asks for it, and most do not. */
function contextOf(deadline: OwnDeadline, signal: AbortSignal | undefined): LoadContext {
  return {
    get signal() {
      return signal === undefined ? deadline.signal : AbortSignal.any([deadline.signal, signal]);
    },
  };
}

function mutateOf<K, V>(origin: Origin<K, V>): Verbs<K, V>["mutate"] {
  return (_keys, write, options) => async () => {
    if (origin.closed) return E.left({ outcome: "aborted", error: closedError });
    const deadline = deadlineAt(origin.clock, origin.clock.now() + origin.commit, options?.within);
    const done = await during(origin, runGuarded(origin.clock, write, deadline, origin.outcomeOf));
    deadline.dispose();
    return done;
  };
}

function saveOf<K, V>(origin: Origin<K, V>, save: NonNullable<SourceOptions<K, V>["save"]>): Save<K, V> {
  return (changes, within) => async () => {
    const saved = await settle(() => save(changes, within));
    if (saved._tag === "Right") return E.right(undefined);
    const outcome = judge(origin.outcomeOf, saved.left);
    return E.left({ outcome, error: { _tag: "SourceFailed", cause: saved.left } });
  };
}

function during<K, V, A>(origin: Origin<K, V>, promise: Promise<A>): Promise<A> {
  origin.underWay.add(promise);
  promise.then(() => origin.underWay.delete(promise));
  return promise;
}

function fail<K>(keys: ReadonlyArray<K>, error: CacheError): ReadonlyArray<E.Either<CacheError, never>> {
  const failed = E.left(error);
  return keys.map(() => failed);
}
