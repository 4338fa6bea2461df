import type { Either } from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { Task } from "fp-ts/lib/Task.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { CacheError } from "./cache_error.ts";
import type { Changes } from "./changes.ts";
import type { Deadline } from "./deadline.ts";
import type { Duration } from "./duration.ts";
import type { Seat } from "./joint.ts";
import type { Blocked } from "./protocol/reading.ts";
import type { Level } from "./protocol/slot.ts";

export type { Changes, Listener, SlotChanges, World, WorldListener } from "./changes.ts";
export { fromVerbs } from "./from_verbs.ts";

/** What became of a write: `committed`, `aborted` (certainly not applied), or `unknown`. */
export type Outcome = "committed" | "aborted" | "unknown";

/** Why a write did not succeed. `unconfirmed` means committed, while a tier may hold the old value until its lease ends. */
export interface WriteFailure<E> {
  /** What became of the write. */
  readonly outcome: "aborted" | "unknown" | "unconfirmed";
  /** What went wrong: an error of the cache, or the write's own. */
  readonly error: CacheError | E;
}

/** A write: lazy, never rejecting, and clear about what became of it. */
export type Write<A, E = never> = TaskEither<WriteFailure<E>, A>;

/** How a read was answered, by the tier that answered it or that is next to the source. */
export interface Verdict {
  /**
   * `HitMemory`, `HitShared`: from a tier; `Stale`: from one, in its grace; `Waited`: for another read's load, and had
   * its value. The others loaded: `Loaded` without any tier; `Filled`, and cached;
   * `Overtaken` by a writer, `Unfilled` since the backend did not say, `Withheld` since the tier does not take it, and
   * `Bypassed` because of what `because` says: not cached.
   */
  readonly _tag:
    | "HitMemory"
    | "HitShared"
    | "Stale"
    | "Waited"
    | "Filled"
    | "Overtaken"
    | "Unfilled"
    | "Withheld"
    | "Bypassed"
    | "Loaded";
  /** The name of the tier. */
  readonly tier: string;
  /** The level that is in force in the tier. */
  readonly level: Level;
  /** Why the tier was bypassed. */
  readonly because?: Blocked;
}

/** A value with what is known about it. Durations, never wall-clock times, cross a boundary. */
export interface Entry<V> {
  /** The value; none: no such key. */
  readonly value: Option<V>;
  /** Since its load began. */
  readonly age: Duration;
  /** For how long it is fresh. */
  readonly fresh: Duration;
  /** For how long a tier above may keep it. */
  readonly until: Duration;
  /** How it was answered. */
  readonly verdict: Verdict;
  /** The value was the current one at some moment after this number of {@linkcode tick}. */
  readonly asOf: number;
  /** Whether word comes when the tier that answered it holds it no more (see {@linkcode Changes}). */
  readonly watched?: boolean;
}

/** What a caller may ask of a read. */
export interface ReadOptions {
  /** Ends the caller's wait with `Cancelled`. */
  readonly signal?: AbortSignal;
  /** Ends the caller's wait with `TimedOut`. */
  readonly deadline?: Duration;
  /** Loads even where a tier has a value, and fills the tiers anew. */
  readonly force?: boolean;
}

/** What a caller may say of a write. */
export interface MutateOptions<K, V, A> {
  /** The deadline of a write around this one; the smaller wins. */
  readonly within?: Deadline;
  /** What a read would now return, aligned with the keys, if it is known: it may be published. */
  readonly written?: (result: A) => ReadonlyArray<Option<V>>;
  /** Keys that are known only afterwards (generated ids): cleared before the write is acknowledged. */
  readonly alsoWritten?: (result: A) => ReadonlyArray<K>;
  /** What is going to be written, aligned with the keys: refused before any effect if a tier cannot carry it. */
  readonly intended?: ReadonlyArray<Option<V>>;
}

/** How a whole tier is invalidated. */
export interface InvalidateAllOptions {
  /** `hard` (default): nothing of before is used any more; `soft`: it may be served while it is renewed. */
  readonly mode?: "hard" | "soft";
}

/** What a transaction's body works with: the source's own transaction, around every tier. */
export interface Transaction<K, V> {
  /** Reads a key in the transaction. */
  readonly get: (key: K) => TaskEither<CacheError, Option<V>>;
  /** Saves a value in the transaction. */
  readonly put: (key: K, value: V) => TaskEither<CacheError, void>;
  /** Removes a key in the transaction. */
  readonly remove: (key: K) => TaskEither<CacheError, void>;
}

/** What a caller may say of a transaction. */
export interface TransactOptions {
  /** Its seat in a transaction of several stores. Only the source looks at it: what stands in front passes it on. */
  readonly seat?: Seat | undefined;
}

/** One change of the source: a key and its new value; none removes it. */
export interface Change<K, V> {
  /** What is changed. */
  readonly key: K;
  /** Its new value. */
  readonly value: Option<V>;
}

/** Saves changes in the source. */
export type Save<K, V> = (changes: ReadonlyArray<Change<K, V>>, within: Deadline) => Write<void>;

/** Reads keys, in their order, duplicates included. */
export interface Entries<K, V> {
  (keys: ReadonlyArray<K>, options?: ReadOptions): Task<ReadonlyArray<Either<CacheError, Entry<V>>>>;
  /**
   * Reads a single key, exactly as a call with that key alone would, where that costs less: it begins at once, and `hear`
   * gets the entry, once, and not before this has returned. No promise is made for it, because for who passes it on that
   * would cost as much as a hit. It belongs to the function and not to the store: a layer that reads by a function of its
   * own has none, unless it makes one as well.
   */
  readonly one?: (key: K, options: ReadOptions, hear: (entry: Either<CacheError, Entry<V>>) => void) => void;
}

/** What a store is made of; everything else is derived. Who writes a layer gives these. */
export interface Verbs<K, V> {
  /** Reads keys, in their order, duplicates included. */
  readonly entries: Entries<K, V>;
  /** Runs `write` while the keys are guarded. */
  readonly mutate: <A, E = never>(
    keys: ReadonlyArray<K>,
    write: (within: Deadline) => Write<A, E>,
    options?: MutateOptions<K, V, A>,
  ) => Write<A, E>;
  /** Runs a body in a transaction of the source, where it has them. */
  readonly transact: <A, E = never>(
    body: (tx: Transaction<K, V>) => TaskEither<E, A>,
    options?: TransactOptions,
  ) => Write<A, E>;
  /**
   * Invalidates all that every tier holds, in all processes that share it; what is being loaded is not kept either.
   * Tiers without a common epoch refuse it, before anything happened.
   */
  readonly invalidateAll: (options?: InvalidateAllOptions) => Write<void>;
  /** What is known in this process, at once and without effects; none: don't know. */
  readonly peek: (key: K) => Option<Option<V>>;
  /** The source's save; none where the source is read-only. */
  readonly save: Option<Save<K, V>>;
  /** How long the source may take to commit a write; a lease must be longer. */
  readonly commit: Duration;
  /** How many remembering tiers stand between here and the source. */
  readonly tiers: number;
  /** What it can tell of other processes, for tiers that stand on it; it may be left out. */
  readonly changes?: Changes<K> | undefined;
  /** Drains what is under way here and below; afterwards every operation answers `Closed`. */
  readonly close: () => Promise<void>;
}

/** What answers: a source, or a source behind layers. */
export interface Store<K, V> extends Verbs<K, V>, AsyncDisposable {
  /** Reads a key; none: no such key below. */
  readonly get: (key: K, options?: ReadOptions) => TaskEither<CacheError, Option<V>>;
  /** Reads keys, in their order; one that fails fails all. */
  readonly getMany: (
    keys: ReadonlyArray<K>,
    options?: ReadOptions,
  ) => TaskEither<CacheError, ReadonlyArray<Option<V>>>;
  /** Saves a value in the source, guarded. */
  readonly put: (key: K, value: V) => Write<void>;
  /** Removes a key from the source, guarded. */
  readonly remove: (key: K) => Write<void>;
  /** Empties the slots of keys in every tier: for changes that were made behind the store's back. */
  readonly invalidate: (keys: ReadonlyArray<K>) => Write<void>;
}
