import type { Option } from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { QueuePort } from "../backend/queue_port.ts";
import type { CodecLike } from "../codec.ts";
import type { Deadline } from "../deadline.ts";
import type { DurationLike } from "../duration.ts";
import type { Answer } from "../source/loader.ts";
import type { Change, Store } from "../store.ts";
import type { AggregateError } from "./event.ts";
import type { Busy, JobOptions } from "./job.ts";

/** A change on its way to the source. */
export interface QueuedChange<K, V> extends Change<K, V> {
  /** A number above that of every earlier change of the key: a source that keeps it can refuse an older one. */
  readonly version: number;
}

/** What a save is told besides its changes. */
export interface SaveContext {
  /** It must not commit after this. */
  readonly within: Deadline;
  /** The flusher's fencing number, where its lock has one: a source may refuse one below what it has seen. */
  readonly fence: number | undefined;
}

/** What is written behind, where, and within which bounds. */
export interface WriteBehindOptions<K, V> extends JobOptions {
  /** Where values are held until they are written: `memoryQueue()`, `redisQueue(…)`, `sqliteQueue(…)`. */
  readonly port: QueuePort;
  /** Tells it from others at the same place, 1 to 200 characters. */
  readonly name: string;
  /** How values become bytes: an io-ts type, or a codec. */
  readonly codec: CodecLike<V>;
  /** Writes changes, each key once, in one transaction. It may be given changes again that it has written. */
  readonly save: (changes: ReadonlyArray<QueuedChange<K, V>>, context: SaveContext) => Answer<void>;
  /** How many buckets, 51 unless told: the same in all processes. */
  readonly buckets?: number;
  /** How many keys in a bucket make it flush, 51 unless told. */
  readonly threshold?: number;
  /** The most keys that a bucket has, queued or being flushed: ten times the threshold unless told. */
  readonly maxQueued?: number;
  /**
   * What a full bucket does to a writer: it waits for a flush, at most `within` (`"wait"`, unless told), or writes to the
   * source itself (`"write through"`).
   */
  readonly onFull?: "wait" | "write through";
  /** How long a writer waits at most, for the port or for room: 5 s unless told. */
  readonly within?: DurationLike;
}

/** What a flush did. */
export interface Flushed {
  /** Tells it from {@linkcode Busy}. */
  readonly _tag: "Flushed";
  /** How many keys were written. */
  readonly written: number;
  /** How many keys had lost their values. */
  readonly dead: number;
  /** How many keys could not be written, and wait. */
  readonly failed: number;
}

/** Values that are acknowledged when the shared tier holds them, and written to the source later, in batches. */
export interface WriteBehind<K, V> extends AsyncDisposable {
  /** Holds a value and queues its key; none removes the key. */
  readonly put: (key: K, value: Option<V>) => TaskEither<AggregateError, void>;
  /** The latest changes that are not written yet, aligned: none if there is none, some(none) for a removal. */
  readonly latest: (keys: ReadonlyArray<K>) => TaskEither<AggregateError, ReadonlyArray<Option<Option<V>>>>;
  /** The periodic job: writes what all buckets have. */
  readonly flush: TaskEither<AggregateError, Flushed | Busy>;
  /** A layer for the top of the source: reads see what is queued, and a `put` through the stack is queued. */
  readonly layer: (below: Store<K, V>) => Store<K, V>;
  /** Waits for the flushes under way, at most `commit` and `within`; what is queued stays queued. */
  readonly close: () => Promise<void>;
}
