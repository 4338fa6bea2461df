import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { CacheError } from "../cache_error.ts";
import type { Underway } from "../joint.ts";
import type { Transaction } from "../store.ts";
import type { Answer } from "./loader.ts";
import { idOf, settle } from "./loader.ts";
import type { Attempt, Operations, TransactionFailure } from "./transaction.ts";

/** What a body is, of whatever store. */
export type Body<K, V, A, Err> = (tx: Transaction<K, V>) => TaskEither<Err, A>;

/** An attempt as the body of one store works in it. */
interface Running<K, V> {
  readonly operations: Operations<K, V>;
  readonly underway: Underway;
  /** What it writes, by identity. */
  readonly written: Set<unknown>;
}

/** An attempt that has begun, and that nothing was done in yet. */
export function underwayOf<K, V>(attempt: Attempt<K, V>, maxKeys: number): Underway {
  return {
    attempt,
    isConflict: (error) => judge(attempt, error) === "conflict",
    operations: new Set(),
    maxKeys,
    written: 0,
    conflict: O.none,
    refusal: undefined,
    over: false,
  };
}

/** What the attempt says of an error; where it throws itself, nobody knows. */
export function judge<K, V>(attempt: Attempt<K, V>, error: unknown): TransactionFailure {
  try {
    return attempt.failureOf?.(error) ?? "unknown";
  } catch {
    return "unknown";
  }
}

/** What the body says, when everything that was begun in the attempt has ended. */
export async function runBody<K, V, A, Err>(
  underway: Underway,
  operations: Operations<K, V>,
  body: Body<K, V, A, Err>,
): Promise<Either<Err | CacheError, A>> {
  let said: Either<Err | CacheError, A>;
  try {
    said = await body(transactionOf({ operations, underway, written: new Set() }))();
  } catch (cause) {
    said = E.left(failed(cause));
  }
  while (underway.operations.size > 0) await Promise.all(underway.operations);
  return said;
}

function transactionOf<K, V>(running: Running<K, V>): Transaction<K, V> {
  const { operations } = running;
  return {
    get: (key) => async () => {
      const got = await operate(running, () => operations.get(key));
      return got._tag === "Left" ? got : E.right(got.right === undefined ? O.none : O.some(got.right));
    },
    put: (key, value) => () => write(running, key, () => operations.put(key, value)),
    remove: (key) => () => write(running, key, () => operations.remove(key)),
  };
}

function nothing(): void {}

async function write<K, V>(
  running: Running<K, V>,
  key: K,
  run: () => Answer<unknown>,
): Promise<Either<CacheError, void>> {
  const { underway, written } = running;
  const id = idOf(key);
  if (!written.has(id)) {
    if (underway.written >= underway.maxKeys) {
      underway.refusal ??= { _tag: "TooManyKeys", limit: underway.maxKeys };
      return E.left(underway.refusal);
    }
    written.add(id);
    underway.written++;
  }
  return E.map(nothing)(await operate(running, run));
}

async function operate<K, V, A>({ underway }: Running<K, V>, run: () => Answer<A>): Promise<Either<CacheError, A>> {
  if (underway.over) return E.left({ _tag: "Closed", what: "the transaction" });
  const operation = settle(run);
  underway.operations.add(operation);
  const settled = await operation;
  underway.operations.delete(operation);
  if (settled._tag === "Right") return settled;
  if (O.isNone(underway.conflict) && underway.isConflict(settled.left)) underway.conflict = O.some(settled.left);
  return E.left(failed(settled.left));
}

/** The error of a source. */
export function failed(cause: unknown): CacheError {
  return { _tag: "SourceFailed", cause };
}
