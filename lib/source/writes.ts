import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError } from "../cache_error.ts";
import { deadlineAt } from "../deadline.ts";
import type { Save, Verbs, WriteFailure } from "../store.ts";
import { guarded, judge } from "../write.ts";
import { promiseOf } from "./loader.ts";
import type { Origin } from "./origin.ts";
import { closedError, during, leave } from "./origin.ts";
import type { SourceOptions, WritableSource } from "./source.ts";
import { transactTogether } from "./joined.ts";
import type { TransactionOptions } from "./transaction.ts";
import type { Transactor } from "./transact.ts";
import { savingIn, transact } from "./transact.ts";

const noTransactions: CacheError = {
  _tag: "Unsupported",
  operation: "transact",
  instead: "its source has no transactions; use mutate around the write",
};

/** Runs a write within the time that a commit may take. */
export function mutateOf<K, V>(origin: Origin<K, V>): Verbs<K, V>["mutate"] {
  return (_keys, write, options) => () => {
    if (origin.closed) return Promise.resolve(E.left({ outcome: "aborted", error: closedError }));
    const deadline = deadlineAt(origin.clock, origin.clock.now() + origin.commit, options?.within);
    origin.open++;
    return new Promise((resolve) =>
      guarded(origin.clock, write, deadline, origin.outcomeOf, (done) => {
        leave(origin);
        deadline.dispose();
        resolve(done);
      })
    );
  };
}

/** How a source saves and transacts, each as far as its options say how. */
export function transactionsOf<K, V>(
  origin: Origin<K, V>,
  { save, transaction }: WritableSource<K, V>,
): Pick<Verbs<K, V>, "save" | "transact"> {
  const saving = save === undefined ? O.none : O.some(saveOf(origin, save));
  if (transaction === undefined) {
    return {
      save: saving,
      transact: () => () => Promise.resolve(E.left({ outcome: "aborted", error: noTransactions })),
    };
  }
  const transactor: Transactor<K, V> = {
    clock: origin.clock,
    options: transaction,
    maxKeys: maxKeysOf(transaction),
    during: (promise) => during(origin, promise),
  };
  return {
    save: O.isSome(saving) ? saving : O.some(savingIn({ ...transactor, maxKeys: Infinity })),
    transact: (body, options) => async () => {
      if (origin.closed) return E.left({ outcome: "aborted", error: closedError });
      const seat = options?.seat;
      if (seat !== undefined) return await during(origin, transactTogether(origin, transactor, body, seat));
      const deadline = deadlineAt(origin.clock, origin.clock.now() + origin.commit);
      const done = await during(origin, transact(transactor, body, deadline));
      deadline.dispose();
      return done;
    },
  };
}

/** As many locks as a backend takes in one pipeline while others hardly notice: a few milliseconds of a Redis. */
const defaultMaxKeys = 1_000;

function maxKeysOf<K, V>({ maxKeys = defaultMaxKeys }: TransactionOptions<K, V>): number {
  if (Number.isInteger(maxKeys) && maxKeys > 0) return maxKeys;
  throw new RangeError(`Cannot build a source: expected a positive whole maxKeys: received ${maxKeys}`);
}

function saveOf<K, V>(origin: Origin<K, V>, save: NonNullable<SourceOptions<K, V>["save"]>): Save<K, V> {
  const failed = (cause: unknown): Either<WriteFailure<never>, void> =>
    E.left({ outcome: judge(origin.outcomeOf, cause), error: { _tag: "SourceFailed", cause } });
  return (changes, within) => () => {
    try {
      return promiseOf(save(changes, within)).then(isSaved, failed);
    } catch (cause) {
      return Promise.resolve(failed(cause));
    }
  };
}

function isSaved(): Either<WriteFailure<never>, void> {
  return saved;
}

const saved: Either<WriteFailure<never>, void> = E.right(undefined);
