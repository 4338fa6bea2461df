/** A read that was answered. */
export interface ReadOperation<K, V> {
  /** Tells it from a write. */
  readonly kind: "read";
  /** Compared with others as a Map compares its keys; values are too. */
  readonly key: K;
  /** What it returned, undefined for "no such key". */
  readonly value: V;
  /** When it began, in milliseconds from any beginning that all operations share. */
  readonly start: number;
  /** When it was answered. */
  readonly end: number;
  /** Who did it, for the text of a violation. */
  readonly by?: string;
}

/** A write. No two writes of a key may write the same value: that is how a read tells which of them it saw. */
export interface WriteOperation<K, V> {
  /** Tells it from a read. */
  readonly kind: "write";
  /** Compared with others as a Map compares its keys; values are too. */
  readonly key: K;
  /** What it wrote. */
  readonly value: V;
  /** When it began, in milliseconds from any beginning that all operations share. */
  readonly start: number;
  /** When it was acknowledged; it counts for a committed write only. */
  readonly end: number;
  /** `unknown` writes may take effect at any time after their start, or never; `aborted` ones never do. */
  readonly outcome: "committed" | "aborted" | "unknown";
  /** Its place in the source's commit order, where that is known. */
  readonly order?: number;
  /** Who did it, for the text of a violation. */
  readonly by?: string;
}

/** One operation of a recorded history. */
export type HistoryOperation<K, V> = ReadOperation<K, V> | WriteOperation<K, V>;

/** All operations of one value of one key: the write, unless the value is the initial one, and the reads that saw it. */
export interface ValueZone<K, V> {
  /** The key. */
  readonly key: K;
  /** The value. */
  readonly value: V;
  /** None for the value that was there before the first write. */
  readonly write: WriteOperation<K, V> | undefined;
  /** Which operation ended first, so that the value was there at its end. */
  readonly first: HistoryOperation<K, V> | undefined;
  /** Which operation began last, so that the value was there at its start or later. */
  readonly last: HistoryOperation<K, V> | undefined;
}

/**
 * What contradicts a consistency, with the operations that do.
 *
 * - `Invented`: a read returned what nobody wrote to that key, or what an aborted write did not write.
 * - `Early`: a read ended before the write of its value began.
 * - `Repeated`: two writes of one value, or one of the initial value; such a history cannot be judged.
 * - `Interleaved`: two values that were each seen before and after the other, or one wholly within the other's time.
 * - `Backwards`: a value was seen after another one that follows it in the source's commit order.
 * - `Stale`: a read returned what `write` had superseded, and was acknowledged, before the read began.
 */
export type HistoryViolation<K, V> =
  | {
    readonly _tag: "Invented";
    readonly read: ReadOperation<K, V>;
    readonly aborted: WriteOperation<K, V> | undefined;
  }
  | { readonly _tag: "Early"; readonly read: ReadOperation<K, V>; readonly write: WriteOperation<K, V> }
  | { readonly _tag: "Repeated"; readonly write: WriteOperation<K, V> }
  | { readonly _tag: "Interleaved"; readonly one: ValueZone<K, V>; readonly other: ValueZone<K, V> }
  | { readonly _tag: "Backwards"; readonly newer: ValueZone<K, V>; readonly older: ValueZone<K, V> }
  | { readonly _tag: "Stale"; readonly read: ReadOperation<K, V>; readonly write: WriteOperation<K, V> };

/** What was found in a history. */
export interface HistoryReport<K, V> {
  /** How many operations it has. */
  readonly operations: number;
  /** How many keys they are of. */
  readonly keys: number;
  /** How many violations there are. */
  readonly violated: number;
  /** As many of them as were asked for. */
  readonly violations: ReadonlyArray<HistoryViolation<K, V>>;
}

/** What is known of a history besides its operations. */
export interface HistoryOptions<K, V> {
  /** What a key held before its first write; undefined, "no such key", unless told. */
  readonly initial?: (key: K) => V;
  /** By how many milliseconds recorded times may differ from true ones; 0 unless told. */
  readonly clockError?: number;
  /** How many violations to list; 16 unless told, since the first few tell what is wrong. */
  readonly most?: number;
}
