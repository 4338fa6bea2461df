import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError } from "../cache_error.ts";
import type { Clock } from "../clock.ts";
import type { Deadline } from "../deadline.ts";
import { late, orLate } from "../deadline.ts";
import type { Part, Underway } from "../joint.ts";
import { endedElsewhere } from "../joint.ts";
import type { Save, WriteFailure } from "../store.ts";
import { settle } from "./loader.ts";
import type { Body } from "./running.ts";
import { failed, judge, runBody, underwayOf } from "./running.ts";
import type { Attempt, TransactionOptions } from "./transaction.ts";

/** Runs transactions of a source. */
export interface Transactor<K, V> {
  readonly clock: Clock;
  readonly options: TransactionOptions<K, V>;
  /** How many keys a transaction may write. */
  readonly maxKeys: number;
  /** Hears of what goes on after the answer, which closing waits for. */
  readonly during: <A>(promise: Promise<A>) => Promise<A>;
}

type Done<A, Err> = Either<WriteFailure<Err>, A>;

/** How an attempt ended, and whether another one may be made. */
interface Ended<A, Err> {
  readonly done: Done<A, Err>;
  readonly again: boolean;
}

/** Of so many that meet at once, even the last has its turn; who meets others more often than that has a hot spot. */
const defaultAttempts = 5;

/**
 * Runs a body until an attempt is committed, fails for good, or may not be repeated; never rejects. Where it leads a
 * transaction of several stores, the others work in its attempts, and it does not commit without them.
 */
export async function transact<K, V, A, Err>(
  transactor: Transactor<K, V>,
  body: Body<K, V, A, Err>,
  within: Deadline,
  part?: Part,
): Promise<Done<A, Err>> {
  const { clock, options: { attempts = defaultAttempts } } = transactor;
  for (let attempt = 1;; attempt++) {
    const { done, again } = await runOnce(transactor, body, within, part);
    const pause = pauseAfter(attempt);
    const isLast = !again || attempt >= attempts || within.left() <= pause;
    part?.close(isLast ? outcomeOf(done) : "again");
    if (isLast) return done;
    await new Promise<void>((resolve) => void clock.after(pause, resolve));
  }
}

function outcomeOf<A, Err>(done: Done<A, Err>): "committed" | "aborted" | "unknown" {
  if (done._tag === "Right") return "committed";
  return done.left.outcome === "aborted" ? "aborted" : "unknown";
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
  part: Part | undefined,
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
  const attempt = begun.right;
  const underway = underwayOf(attempt, part?.maxKeys ?? transactor.maxKeys);
  const said = await orLate(clock, within.left(), concluded(underway, attempt, body, part));
  underway.over = true;
  const { conflict, refusal } = underway;
  if (said !== late && said._tag === "Right" && O.isNone(conflict) && refusal === undefined && within.left() > 0) {
    return await commit(transactor, attempt, said.right, within);
  }
  await rollBack(transactor, attempt, within);
  if (O.isSome(conflict)) return { ...aborted<Err>(failed(conflict.value)), again: true };
  if (refusal !== undefined) return aborted<Err>(refusal);
  return aborted<Err>(said !== late && said._tag === "Left" ? said.left : timedOut("the transaction's body"));
}

/** What all bodies say, of this store and of the others. */
async function concluded<K, V, A, Err>(
  underway: Underway,
  attempt: Attempt<K, V>,
  body: Body<K, V, A, Err>,
  part: Part | undefined,
): Promise<Either<Err | CacheError, A>> {
  if (part === undefined) return await runBody(underway, attempt, body);
  part.open(underway);
  const { vote, votes } = part.round();
  const said = await runBody(underway, attempt, body);
  vote(said._tag === "Right");
  return await votes || said._tag === "Left" ? said : E.left(endedElsewhere);
}

async function commit<K, V, A, Err>(
  transactor: Transactor<K, V>,
  attempt: Attempt<K, V>,
  value: A,
  within: Deadline,
): Promise<Ended<A, Err>> {
  const committing = settle(() => attempt.commit());
  const committed = await orLate(transactor.clock, within.left(), transactor.during(committing));
  if (committed === late) {
    return { done: E.left({ outcome: "unknown", error: timedOut("the source's commit") }), again: false };
  }
  if (committed._tag === "Right") return { done: E.right(value), again: false };
  const failure = judge(attempt, committed.left);
  await rollBack(transactor, attempt, within);
  const outcome = failure === "unknown" ? "unknown" : "aborted";
  return { done: E.left({ outcome, error: failed(committed.left) }), again: failure === "conflict" };
}

async function rollBack<K, V>(
  { clock, during }: Transactor<K, V>,
  attempt: Attempt<K, V>,
  within: Deadline,
): Promise<void> {
  // What never committed has no effect, whether or not anybody hears that it has ended.
  await orLate(clock, within.left(), during(settle(() => attempt.rollback())));
}

function aborted<Err>(error: CacheError | Err): Ended<never, Err> {
  return { done: E.left({ outcome: "aborted", error }), again: false };
}

function timedOut(waitingFor: string): CacheError {
  return { _tag: "TimedOut", waitingFor };
}
