import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as O from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import type { AggregateError } from "../../../../lib/aggregate/mod.ts";
import type { CacheError, Store } from "../../../../mod.ts";
import { countersOf, toCounts } from "../domain/counter.ts";
import type { Experiment, Experiments, Shelf } from "../domain/experiment.ts";
import type { Overview } from "../domain/overview.ts";
import { testsOf } from "../domain/overview.ts";
import type { Bingo, Page } from "./bingo.ts";
import type { Problem } from "./problem.ts";
import { unavailable } from "./problem.ts";
import { readHistory } from "./snapshots_sqlite.ts";

/** How far back the chart goes. */
const history = 30 * 24 * 3_600_000;

/** The experiments of a shelf; those that are archived are loaded only when they are asked for. */
export function readShelf(
  experiments: Pick<Store<Shelf, Experiments>, "get">,
  shelf: Shelf,
): TaskEither<CacheError, ReadonlyArray<Experiment>> {
  return pipe(experiments.get(shelf), TE.map(O.match(() => [], ({ all }) => all)));
}

/** The experiments of a shelf with their counts, and how those came to be. */
export function readOverview(bingo: Bingo, page: Page, shelf: Shelf): TaskEither<Problem, Overview> {
  const now = bingo.now();
  const shown = (all: ReadonlyArray<Experiment>): TaskEither<AggregateError, Overview> =>
    pipe(
      countsOf(bingo, all),
      TE.flatMapEither((counts) => {
        const countOf = (counter: string) => counts.get(counter) ?? 0;
        return pipe(
          E.tryCatch(() => readHistory(bingo.database, all, now - history), sourceFailed),
          E.map((historyOf) => testsOf(all, (experiment) => toCounts(experiment, countOf), historyOf)),
        );
      }),
      TE.map((tests) => ({ shelf, now, tests })),
    );
  return pipe(
    readShelf(page.stores.experiments, shelf),
    TE.flatMap(shown),
    TE.mapError((error): Problem => unavailable(error, "aborted")),
  );
}

/** What the counters of experiments show, by their names. */
export function countsOf(
  bingo: Bingo,
  all: ReadonlyArray<Experiment>,
): TaskEither<AggregateError, ReadonlyMap<string, number>> {
  const names = all.flatMap(countersOf);
  return pipe(bingo.shown(names), TE.map((counts) => new Map(names.map((name, i) => [name, counts[i] ?? 0]))));
}

function sourceFailed(cause: unknown): AggregateError {
  return { _tag: "SourceFailed", cause };
}
