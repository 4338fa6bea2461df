import type { Either } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as O from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { choose, create, take, type Taken } from "../domain/change.ts";
import { countersOf } from "../domain/counter.ts";
import type { Definition } from "../domain/definition.ts";
import type { Experiment, Experiments, Shelf } from "../domain/experiment.ts";
import { experimentsOf } from "../domain/experiment.ts";
import type { Refusal } from "../domain/refusal.ts";
import type { Bingo } from "./bingo.ts";
import { digest } from "./digest.ts";
import type { Problem } from "./problem.ts";
import { problemOf, unavailable } from "./problem.ts";

/** A transaction over the shelves. */
interface Shelves {
  readonly read: (shelf: Shelf) => TaskEither<Problem, Experiments>;
  readonly write: (value: Experiments) => TaskEither<Problem, void>;
}

/** Makes the experiments of a definition: once, from however many processes it is asked for at one time. */
export function createExperiments(bingo: Bingo, wanted: Definition): TaskEither<Problem, ReadonlyArray<Experiment>> {
  // Short, since they stand in every identity; 72 bits meet in no lifetime either.
  const birth = { now: bingo.now(), newId: () => digest(crypto.randomUUID()).slice(0, 12) };
  return pipe(
    changing(bingo, (live) => create(live, wanted, birth)),
    TE.map((live) => experimentsOf(live, wanted.canonical)),
  );
}

/** Makes everybody get one alternative, in every process with its next request; null lets the test go on. */
export function chooseWinner(bingo: Bingo, canonical: string, winner: string | null): TaskEither<Problem, void> {
  return pipe(changing(bingo, (live) => choose(live, canonical, winner)), TE.asUnit);
}

/** Moves the experiments of a test to the other shelf, with all that was counted. */
export function archiveExperiments(bingo: Bingo, canonical: string): TaskEither<Problem, void> {
  return transaction(bingo, ({ read, write }) =>
    pipe(
      taking({ read }, canonical),
      TE.flatMap(({ left, taken }) =>
        pipe(
          read("archived"),
          // To the other shelf first: what is on no shelf is deleted, with all its parts.
          TE.flatMap((archived) => write({ ...archived, all: [...archived.all, ...taken] })),
          TE.flatMap(() => write(left)),
        )
      ),
    ));
}

/** Deletes the experiments of a test with their alternatives, totals and snapshots, and resets their counters. */
export function deleteExperiments(bingo: Bingo, canonical: string): TaskEither<Problem, void> {
  return pipe(
    transaction(bingo, ({ read, write }) => pipe(taking({ read }, canonical), TE.tap(({ left }) => write(left)))),
    // It is committed. Should this fail, or come before a conversion that is under way, then the next fold leaves out
    // what belongs to nobody.
    TE.tapTask(({ taken }) => bingo.counters.reset(taken.flatMap(countersOf))),
    TE.asUnit,
  );
}

function taking({ read }: Pick<Shelves, "read">, canonical: string): TaskEither<Problem, Taken> {
  return pipe(read("live"), TE.flatMapEither((live): Either<Problem, Taken> => take(live, canonical)));
}

function changing(
  bingo: Bingo,
  change: (live: Experiments) => Either<Refusal, Experiments>,
): TaskEither<Problem, Experiments> {
  return transaction(bingo, ({ read, write }) =>
    pipe(
      read("live"),
      TE.flatMap((live) =>
        pipe(
          TE.fromEither<Problem, Experiments>(change(live)),
          // What is as it was needs no write, and so no lock.
          TE.tap((changed) => changed === live ? TE.right(undefined) : write(changed)),
        )
      ),
    ));
}

/**
 * Done means that the next request of every process goes by it: a winner that some processes know of and others not would
 * give one person both alternatives in turn. That is what the end waits for.
 *
 * One transaction of the database around all that is read and written in it. The tiers are locked before it commits, and
 * change only if it does; what it refuses changes nothing.
 */
function transaction<A>(
  { stores, settled }: Bingo,
  body: (shelves: Shelves) => TaskEither<Problem, A>,
): TaskEither<Problem, A> {
  return pipe(
    stores.experiments.transact<A, Problem>((tx) =>
      body({
        read: (shelf) => pipe(tx.get(shelf), TE.mapBoth(aborted, O.getOrElse((): Experiments => ({ shelf, all: [] })))),
        write: (value) => pipe(tx.put(value.shelf, value), TE.mapError(aborted)),
      })
    ),
    TE.mapError(problemOf),
    TE.tapTask(() => settled),
  );
}

const aborted = (error: Parameters<typeof unavailable>[0]): Problem => unavailable(error, "aborted");
