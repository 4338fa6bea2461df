import type { Option } from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { BackendFailed } from "../cache_error.ts";

/** A value on its way to the source. */
export interface Parcel {
  /** The key, as text. */
  readonly key: string;
  /** What is to be written. */
  readonly value: Uint8Array;
}

/** A key of a batch, with the value that it has now. */
export interface TakenParcel {
  /** The key, as text. */
  readonly key: string;
  /** The latest value; none if it is gone. */
  readonly value: Option<Uint8Array>;
  /** A number above that of every earlier value of the key. */
  readonly version: number;
}

/** Keys that were taken out of a bucket and wait until somebody wrote their values. */
export interface TakenBatch {
  /** What no other batch is called. */
  readonly id: string;
  /** Each key once, in the order in which they were first queued. */
  readonly parcels: ReadonlyArray<TakenParcel>;
}

/**
 * What became of values that were to be queued. `Queued`: the bucket now has so many keys in its queue. `Full`: it has no
 * room, and nothing was changed; `version` is above that of every value before.
 */
export type Queued =
  | { readonly _tag: "Queued"; readonly queued: number }
  | { readonly _tag: "Full"; readonly queued: number; readonly version: number };

/**
 * An injected effect: buckets that hold values until they are written, and a queue of the keys whose values are. Each
 * step is atomic, and touches one bucket.
 *
 * A bucket has at most one batch that waits. A step that fails may have taken effect, or take effect later; nothing is
 * sent twice.
 */
export interface QueuePort extends AsyncDisposable {
  /** What it is, for errors and events. */
  readonly name: string;
  /**
   * Holds values and queues their keys, all or none. A key that is queued already keeps its place. `Full` if a key came
   * in and the queue and the batch that waits had more than `most` keys together: what waits may be put back. A key of
   * that batch is queued in any case, because its value must not be written elsewhere.
   */
  readonly hold: (
    bucket: string,
    parcels: ReadonlyArray<Parcel>,
    most: number,
  ) => TaskEither<BackendFailed, Queued>;
  /** The latest values that are held for keys, aligned. */
  readonly read: (
    bucket: string,
    keys: ReadonlyArray<string>,
  ) => TaskEither<BackendFailed, ReadonlyArray<Option<Uint8Array>>>;
  /** The batch that waits; if none does, the whole queue becomes one, whose id begins with `nonce`. None if it is empty. */
  readonly take: (bucket: string, nonce: string) => TaskEither<BackendFailed, Option<TakenBatch>>;
  /** Removes the batch that waits, and the values of its keys that were not queued again; false if it is another one. */
  readonly acknowledge: (bucket: string, id: string) => TaskEither<BackendFailed, boolean>;
  /** Puts the keys of the batch that waits back, before those that were queued since; false if it is another one. */
  readonly putBack: (bucket: string, id: string) => TaskEither<BackendFailed, boolean>;
  /** Ends what the port holds; afterwards every step fails, because closed. */
  readonly close: () => Promise<void>;
}
