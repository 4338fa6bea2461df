import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { CacheError } from "../../cache_error.ts";
import type { Store, Transaction, TransactOptions, Write, WriteFailure } from "../../store.ts";

type Done<A, Err> = Either<WriteFailure<Err>, A>;

/** Guards that were asked for, for one attempt of a transaction: a write whose commit is somebody else's. */
export interface Guarding<A, Err> {
  /** Why it must not commit; undefined if it may. */
  readonly refusal: Promise<CacheError | Err | undefined>;
  /** Says what became of the commit, and waits until the guards are taken back, or left. */
  readonly settle: (done: Done<A, Err>) => Promise<Done<A, Err>>;
}

/** What was done in an attempt. */
export interface Worked<A, Err> {
  /** What the body said. */
  readonly done: Either<Err, A>;
  /** Guards what it wrote; none if that was nothing. */
  readonly guard: (() => Guarding<A, Err>) | undefined;
}

/** Begins a write that is over when somebody else's commit is. */
export function hold<A, Err>(begin: (commit: Write<A, Err>) => Promise<Done<A, Err>>): Guarding<A, Err> {
  const commit = Promise.withResolvers<Done<A, Err>>();
  const placed = Promise.withResolvers<CacheError | Err | undefined>();
  const ended = begin(() => {
    placed.resolve(undefined);
    return commit.promise;
  });
  // Where its guards are refused the write ends before it begins.
  void ended.then((done) => placed.resolve(done._tag === "Left" ? done.left.error : undefined));
  return {
    refusal: placed.promise,
    settle: (done) => {
      commit.resolve(done);
      return ended;
    },
  };
}

/**
 * Guards a transaction of the store below, after its body and before its commit.
 *
 * The store below runs the body once for each of its attempts. An attempt that is followed by another was aborted for
 * certain, so its guards are taken back before the next body begins.
 */
export async function transactGuarded<K, V, A, Err>(
  below: Store<K, V>,
  work: (tx: Transaction<K, V>) => Promise<Worked<A, Err | CacheError>>,
  options: TransactOptions | undefined,
): Promise<Done<A, Err>> {
  let guarding: Guarding<A, Err | CacheError> | undefined;
  let over = false;
  const body = (tx: Transaction<K, V>): TaskEither<Err | CacheError, A> => async () => {
    await guarding?.settle(E.left({ outcome: "aborted", error: { _tag: "Cancelled" } }));
    guarding = undefined;
    const { done, guard } = await work(tx);
    if (done._tag === "Left" || guard === undefined) return done;
    // A body may end after the store below gave it up: nobody would take back what is guarded now.
    if (over) return E.left({ _tag: "Closed", what: "the transaction" });
    guarding = guard();
    const refusal = await guarding.refusal;
    return refusal === undefined ? done : E.left(refusal);
  };
  const done = await outcomeBelow(below, body, options);
  over = true;
  return named(guarding === undefined ? done : await guarding.settle(done));
}

/** An error of the cache stands beside the body's own in every failure, whichever type said so. */
function named<A, Err>(done: Done<A, Err | CacheError>): Done<A, Err> {
  return done._tag === "Right" ? done : E.left({ outcome: done.left.outcome, error: done.left.error });
}

async function outcomeBelow<K, V, A, Err>(
  below: Store<K, V>,
  body: (tx: Transaction<K, V>) => TaskEither<Err, A>,
  options: TransactOptions | undefined,
): Promise<Done<A, Err>> {
  try {
    return await below.transact<A, Err>(body, options)();
  } catch (cause) {
    return E.left({ outcome: "unknown", error: { _tag: "SourceFailed", cause } });
  }
}
