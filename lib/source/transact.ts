import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { CacheError } from "../cache_error.ts";
import type { Clock } from "../clock.ts";
import type { Deadline } from "../deadline.ts";
import { late, orLate } from "../deadline.ts";
import type { Save, Transaction, WriteFailure } from "../store.ts";
import type { Answer } from "./loader.ts";
import { settle } from "./loader.ts";
import type { Attempt, TransactionFailure, TransactionOptions } from "./transaction.ts";

/** What a body is, of whatever store. */
export type Body<K, V, A, Err> = (tx: Transaction<K, V>) => TaskEither<Err, A>;

/** Runs transactions of a source. */
export interface Transactor<K, V> {
  readonly clock: Clock;
  readonly options: TransactionOptions<K, V>;
  /** Hears of what goes on after the answer, which closing waits for. */
  readonly during: <A>(promise: Promise<A>) => Promise<A>;
}

type Done<A, Err> = Either<WriteFailure<Err>, A>;

/** How an attempt ended, and whether another one may be made. */
interface Ended<A, Err> {
  readonly done: Done<A, Err>;
  readonly again: boolean;
}

/** An attempt under way, as its body's operations see it. */
interface Running<K, V> {
  readonly attempt: Attempt<K, V>;
  readonly underWay: Set<Promise<unknown>>;
  /** Why the source will not commit it whatever the body says. */
  conflict: O.Option<unknown>;
  over: boolean;
}

/** Of so many that meet at once, even the last has its turn; who meets others more often than that has a hot spot. */
const defaultAttempts = 5;

/** Runs a body until an attempt is committed, fails for good, or may not be repeated; never rejects. */
export async function transact<K, V, A, Err>(
  transactor: Transactor<K, V>,
  body: Body<K, V, A, Err>,
  within: Deadline,
): Promise<Done<A, Err>> {
  const { clock, options: { attempts = defaultAttempts } } = transactor;
  for (let attempt = 1;; attempt++) {
    const { done, again } = await runOnce(transactor, body, within);
    const pause = pauseAfter(attempt);
    if (!again || attempt >= attempts || within.left() <= pause) return done;
    await new Promise<void>((resolve) => void clock.after(pause, resolve));
  }
}

/** Saves changes by a transaction, for sources that have nothing else to save with. */
export function savingIn<K, V>(transactor: Transactor<K, V>): Save<K, V> {
  return (changes, within) => async () => {
    const body: Body<K, V, void, CacheError> = (tx) => async () => {
      for (const { key, value } of changes) {
        const saved = await (value._tag === "Some" ? tx.put(key, value.value) : tx.remove(key))();
        if (saved._tag === "Left") return saved;
      }
      return E.right(undefined);
    };
    const done = await transact(transactor, body, within);
    return done._tag === "Right" ? done : E.left({ outcome: done.left.outcome, error: done.left.error });
  };
}

/** Transactions that met take a few milliseconds; half of the pause is random, or they would meet at each attempt. */
const shortestPause = 5;
const longestPause = 200;

function pauseAfter(attempt: number): number {
  return Math.min(shortestPause * 2 ** (attempt - 1), longestPause) * (0.5 + Math.random() / 2);
}

async function runOnce<K, V, A, Err>(
  transactor: Transactor<K, V>,
  body: Body<K, V, A, Err>,
  within: Deadline,
): Promise<Ended<A, Err>> {
  const { clock, options, during } = transactor;
  const beginning = settle(() => options.begin(within));
  const begun = await orLate(clock, within.left(), beginning);
  if (begun === late) {
    // Whatever comes of it now has to be ended as well.
    void during(beginning.then((it) => it._tag === "Right" ? settle(() => it.right.rollback()) : undefined));
    return aborted<Err>(timedOut("the source's transaction to begin"));
  }
  if (begun._tag === "Left") return aborted<Err>(failed(begun.left));
  const running: Running<K, V> = { attempt: begun.right, underWay: new Set(), conflict: O.none, over: false };
  const said = await orLate(clock, within.left(), runBody(running, body));
  running.over = true;
  if (said !== late && said._tag === "Right" && O.isNone(running.conflict) && within.left() > 0) {
    return await commit(transactor, running, said.right, within);
  }
  await rollBack(transactor, running, within);
  if (O.isSome(running.conflict)) return { ...aborted<Err>(failed(running.conflict.value)), again: true };
  return aborted<Err>(said !== late && said._tag === "Left" ? said.left : timedOut("the transaction's body"));
}

/** What the body says, when everything that it began has ended. */
async function runBody<K, V, A, Err>(
  running: Running<K, V>,
  body: Body<K, V, A, Err>,
): Promise<Either<Err | CacheError, A>> {
  let said: Either<Err | CacheError, A>;
  try {
    said = await body(transactionOf(running))();
  } catch (cause) {
    said = E.left(failed(cause));
  }
  while (running.underWay.size > 0) await Promise.all(running.underWay);
  return said;
}

function transactionOf<K, V>(running: Running<K, V>): Transaction<K, V> {
  const { attempt } = running;
  return {
    get: (key) => async () => {
      const got = await operate(running, () => attempt.get(key));
      return got._tag === "Left" ? got : E.right(got.right === undefined ? O.none : O.some(got.right));
    },
    put: (key, value) => async () => E.map(nothing)(await operate(running, () => attempt.put(key, value))),
    remove: (key) => async () => E.map(nothing)(await operate(running, () => attempt.remove(key))),
  };
}

function nothing(): void {}

async function operate<K, V, A>(running: Running<K, V>, run: () => Answer<A>): Promise<Either<CacheError, A>> {
  if (running.over) return E.left({ _tag: "Closed", what: "the transaction" });
  const operation = settle(run);
  running.underWay.add(operation);
  const settled = await operation;
  running.underWay.delete(operation);
  if (settled._tag === "Right") return settled;
  const isFirst = O.isNone(running.conflict);
  if (isFirst && judge(running.attempt, settled.left) === "conflict") running.conflict = O.some(settled.left);
  return E.left(failed(settled.left));
}

async function commit<K, V, A, Err>(
  transactor: Transactor<K, V>,
  running: Running<K, V>,
  value: A,
  within: Deadline,
): Promise<Ended<A, Err>> {
  const committing = settle(() => running.attempt.commit());
  const committed = await orLate(transactor.clock, within.left(), transactor.during(committing));
  if (committed === late) {
    return { done: E.left({ outcome: "unknown", error: timedOut("the source's commit") }), again: false };
  }
  if (committed._tag === "Right") return { done: E.right(value), again: false };
  const failure = judge(running.attempt, committed.left);
  await rollBack(transactor, running, within);
  const outcome = failure === "unknown" ? "unknown" : "aborted";
  return { done: E.left({ outcome, error: failed(committed.left) }), again: failure === "conflict" };
}

async function rollBack<K, V>(
  { clock, during }: Transactor<K, V>,
  { attempt }: Running<K, V>,
  within: Deadline,
): Promise<void> {
  // What never committed has no effect, whether or not anybody hears that it has ended.
  await orLate(clock, within.left(), during(settle(() => attempt.rollback())));
}

/** What the attempt says of an error; where it throws itself, nobody knows. */
function judge<K, V>(attempt: Attempt<K, V>, error: unknown): TransactionFailure {
  try {
    return attempt.failureOf?.(error) ?? "unknown";
  } catch {
    return "unknown";
  }
}

function aborted<Err>(error: CacheError | Err): Ended<never, Err> {
  return { done: E.left({ outcome: "aborted", error }), again: false };
}

function failed(cause: unknown): CacheError {
  return { _tag: "SourceFailed", cause };
}

function timedOut(waitingFor: string): CacheError {
  return { _tag: "TimedOut", waitingFor };
}
