import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { CacheError } from "../../cache_error.ts";
import type { Transaction, WriteFailure } from "../../store.ts";
import type { Tier } from "./tier.ts";
import { closedError } from "./tier.ts";
import { guardsOf, makeAttempt, runAttempt } from "./writes.ts";

/** The keys that a transaction's body wrote, each with what it wrote last. */
interface Touched<K, V> {
  readonly keys: ReadonlyArray<K>;
  /** None where it is not known what the source has now. */
  readonly values: ReadonlyArray<Option<V>> | undefined;
}

/** One attempt of a transaction whose locks were asked for: a write whose commit is somebody else's. */
interface Attempt<A, Err> {
  /** Why it must not commit; undefined if its locks are placed. */
  readonly refusal: Promise<CacheError | Err | undefined>;
  /** Says what became of the commit, and waits until the locks are taken back, or left. */
  readonly settle: (done: Either<WriteFailure<Err>, A>) => Promise<Either<WriteFailure<Err>, A>>;
}

/**
 * Guards a transaction of the store below: its keys are locked together, after the body and before the commit.
 *
 * The store below runs the body once for each of its attempts. An attempt that is followed by another was aborted for
 * certain, so its locks are taken back before the next body begins, and the next one takes new tokens.
 */
export async function transactKeys<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  body: (tx: Transaction<K, V>) => TaskEither<Err, A>,
): Promise<Either<WriteFailure<Err>, A>> {
  if (tier.closed) return E.left({ outcome: "aborted", error: closedError(tier) });
  let attempt: Attempt<A, Err | CacheError> | undefined;
  let over = false;
  const guarded = (tx: Transaction<K, V>): TaskEither<Err | CacheError, A> => async () => {
    await attempt?.settle(E.left({ outcome: "aborted", error: { _tag: "Cancelled" } }));
    attempt = undefined;
    const { recorded, touched, end } = record(tier, tx);
    const done = await body(recorded)();
    end();
    if (done._tag === "Left" || touched().keys.length === 0) return done;
    // A body may end after the store below gave it up: nobody would take back what it locked now.
    if (over) return E.left({ _tag: "Closed", what: "the transaction" });
    attempt = lockTouched<K, V, P, N, A, Err | CacheError>(tier, touched());
    const refusal = await attempt.refusal;
    return refusal === undefined ? done : E.left(refusal);
  };
  const done = await outcomeBelow(tier, guarded);
  over = true;
  return named(attempt === undefined ? done : await attempt.settle(done));
}

/** An error of the cache stands beside the body's own in every failure, whichever type said so. */
function named<A, Err>(done: Either<WriteFailure<Err | CacheError>, A>): Either<WriteFailure<Err>, A> {
  return done._tag === "Right" ? done : E.left({ outcome: done.left.outcome, error: done.left.error });
}

async function outcomeBelow<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  body: (tx: Transaction<K, V>) => TaskEither<Err, A>,
): Promise<Either<WriteFailure<Err>, A>> {
  try {
    return await tier.below.transact<A, Err>(body)();
  } catch (cause) {
    return E.left({ outcome: "unknown", error: { _tag: "SourceFailed", cause } });
  }
}

/** The transaction as the body sees it; what the tier cannot carry is refused before any effect. */
function record<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  tx: Transaction<K, V>,
): { readonly recorded: Transaction<K, V>; readonly touched: () => Touched<K, V>; readonly end: () => void } {
  const written = new Map<unknown, readonly [K, Option<V>]>();
  const running = new Set<unknown>();
  let isKnown = true;
  let over = false;
  // Noted when it runs: what was only made is not written, and what runs later is written later.
  const noted =
    (key: K, value: Option<V>, run: TaskEither<CacheError, void>): TaskEither<CacheError, void> => async () => {
      // Its key would be locked by nobody.
      if (over) return E.left({ _tag: "Closed", what: "the transaction" });
      const id = tier.identify(key);
      // Of two at once nobody knows which comes last; of one that failed, what is there.
      if (running.has(id)) isKnown = false;
      running.add(id);
      written.set(id, [key, value]);
      const done = await run();
      running.delete(id);
      if (done._tag === "Left") isKnown = false;
      return done;
    };
  return {
    recorded: {
      get: tx.get,
      put: (key, value) => {
        const packed = tier.pack(O.some(value));
        if (packed._tag === "Left" && packed.left.kind === "refused") {
          const error: CacheError = { _tag: "ValueRefused", tier: tier.name, reason: packed.left.reason };
          return () => Promise.resolve(E.left(error));
        }
        return noted(key, O.some(value), tx.put(key, value));
      },
      remove: (key) => noted(key, O.none, tx.remove(key)),
    },
    touched: () => {
      const all = [...written.values()];
      const values = isKnown && running.size === 0 ? all.map(([, value]) => value) : undefined;
      return { keys: all.map(([key]) => key), values };
    },
    end: () => over = true,
  };
}

function lockTouched<K, V, P, N, A, Err>(tier: Tier<K, V, P, N>, { keys, values }: Touched<K, V>): Attempt<A, Err> {
  let commit: (done: Either<WriteFailure<Err>, A>) => void = () => {};
  const committed = new Promise<Either<WriteFailure<Err>, A>>((resolve) => commit = resolve);
  let placed: (refusal: CacheError | Err | undefined) => void = () => {};
  const refusal = new Promise<CacheError | Err | undefined>((resolve) => placed = resolve);
  const guards = guardsOf(tier, keys);
  const ended = "_tag" in guards
    ? Promise.resolve(E.left<WriteFailure<Err>, A>({ outcome: "aborted", error: guards }))
    : runAttempt(
      tier,
      makeAttempt<K, V, P, N, A, Err>(
        tier,
        keys,
        guards,
        values === undefined ? {} : { written: () => values },
        () => () => {
          placed(undefined);
          return committed;
        },
      ),
    );
  // Where the locks are refused the write ends before it begins.
  void ended.then((done) => placed(done._tag === "Left" ? done.left.error : undefined));
  return {
    refusal,
    settle: (done) => {
      commit(done);
      return ended;
    },
  };
}
