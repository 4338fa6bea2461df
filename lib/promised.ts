import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { CacheError } from "./cache_error.ts";
import { showCacheError } from "./cache_error.ts";
import type { Transaction, Write, WriteFailure } from "./store.ts";

/** A transaction for code that uses promises. */
export interface PromisedTransaction<K, V> {
  /** Reads a key in the transaction; rejects with a {@linkcode CacheReadError}. */
  readonly get: (key: K) => Promise<V | undefined>;
  /** Saves a value in the transaction; rejects with a {@linkcode CacheWriteError}. */
  readonly put: (key: K, value: V) => Promise<void>;
  /** Removes a key in the transaction; rejects with a {@linkcode CacheWriteError}. */
  readonly remove: (key: K) => Promise<void>;
}

/** Why a read failed. */
export class CacheReadError extends Error {
  /** The class, as messages show it. */
  override readonly name: string = "CacheReadError";
  /** What went wrong, to act on. */
  readonly error: CacheError;
  /** Says the error in a sentence. */
  constructor(error: CacheError) {
    super(showCacheError(error), "cause" in error ? { cause: error.cause } : {});
    this.error = error;
  }
}

/** Why a write failed, and what became of it. */
export class CacheWriteError extends Error {
  /** The class, as messages show it. */
  override readonly name: string = "CacheWriteError";
  /** What became of the write. */
  readonly outcome: WriteFailure<never>["outcome"];
  /** What went wrong, to act on. */
  readonly error: CacheError;
  /** Says the error and the outcome in a sentence. */
  constructor({ outcome, error }: WriteFailure<CacheError>) {
    super(`${showCacheError(error)} (${outcome})`, "cause" in error ? { cause: error.cause } : {});
    this.outcome = outcome;
    this.error = error;
  }
}

/** The operations of a transaction as promises. */
export function asPromises<K, V>(tx: Transaction<K, V>): PromisedTransaction<K, V> {
  return {
    get: (key) => tx.get(key)().then((found) => O.toUndefined(reading(found))),
    put: (key, value) => tx.put(key, value)().then(done),
    remove: (key) => tx.remove(key)().then(done),
  };
}

function done(result: Either<CacheError, void>): void {
  // It may still be caught, but what failed was not applied.
  if (result._tag === "Left") throw new CacheWriteError({ outcome: "aborted", error: result.left });
}

/** A transaction's body from a function that returns a promise; an error of the cache stays what it is. */
export function bodyOf<A>(run: () => PromiseLike<A>): TaskEither<CacheError, A> {
  return async () => {
    try {
      return E.right(await run());
    } catch (cause) {
      if (cause instanceof CacheReadError || cause instanceof CacheWriteError) return E.left(cause.error);
      return E.left({ _tag: "SourceFailed", cause });
    }
  };
}

/** What a read found, or its failure thrown. */
export function reading<A>(result: Awaited<ReturnType<TaskEither<CacheError, A>>>): A {
  if (result._tag === "Left") throw new CacheReadError(result.left);
  return result.right;
}

/** The result of a write, or its failure thrown. */
export async function committed<A>(write: Write<A, CacheError>): Promise<A> {
  const done = await write();
  if (done._tag === "Left") throw new CacheWriteError(done.left);
  return done.right;
}
