import type { Deadline } from "../deadline.ts";
import type { Answer } from "./loader.ts";

/**
 * Why an operation of a transaction failed: it met another one and nothing was applied, so that the body may be run
 * anew; nothing was applied; or nobody knows, which is possible only of a commit.
 */
export type TransactionFailure = "conflict" | "aborted" | "unknown";

/** What can be done in a transaction that is open in the source. What it throws or rejects with is judged. */
export interface Operations<K, V> {
  /** Reads a key in the transaction, what it wrote itself included; undefined: no such key. */
  readonly get: (key: K) => Answer<V | undefined>;
  /** Writes a value in the transaction. */
  readonly put: (key: K, value: V) => Answer<unknown>;
  /** Removes a key in the transaction. */
  readonly remove: (key: K) => Answer<unknown>;
}

/** One attempt at a transaction, which has begun in the source. */
export interface Attempt<K, V> extends Operations<K, V> {
  /** Commits, unless the deadline is over by then. It is called last, with nothing of the attempt under way. */
  readonly commit: () => Answer<unknown>;
  /**
   * Ends the attempt without effect and frees what it holds. It is called at most once, where the attempt was not
   * committed: also after a commit that failed, and while an operation that took too long is still under way.
   */
  readonly rollback: () => Answer<unknown>;
  /**
   * Judges what an operation failed with. Without it a failed commit is `unknown`, and all else `aborted`: what never
   * came to its commit has no effect.
   */
  readonly failureOf?: (error: unknown) => TransactionFailure;
}

/** How a source runs transactions. */
export interface TransactionOptions<K, V> {
  /**
   * Begins an attempt, whose effects must not come after the deadline: a source that can enforce that by itself is a
   * fence. If beginning fails the transaction is aborted, so waiting for others that hold a lock is done in here.
   */
  readonly begin: (within: Deadline) => Answer<Attempt<K, V>>;
  /** How many times a body is run at most while it meets others, 5 by default; the deadline bounds them all. */
  readonly attempts?: number | undefined;
  /**
   * How many keys a transaction may write at most, 1,000 by default: as many locks as a backend takes in one pipeline.
   * One that writes more is rolled back, with `TooManyKeys`.
   */
  readonly maxKeys?: number | undefined;
  /** How it takes part in a transaction of several stores; without it, it does not. */
  readonly joining?: Joining<K, V>;
}

/** How a source works in a transaction that another one of the same place has begun. */
export interface Joining<K, V> {
  /**
   * Where its transactions are: a database, and whatever else they need to have in common. The sources of one place are
   * of one kind, and each can go on with what another one has begun. Compared part by part.
   */
  readonly place: ReadonlyArray<unknown>;
  /** What can be done in an attempt, which is what the other source's `begin` has answered. */
  readonly join: (attempt: object) => Operations<K, V>;
}
