import { pipe } from "fp-ts/lib/function.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { counterOf } from "./domain/counter.ts";
import type { Definition } from "./domain/definition.ts";
import type { Experiment } from "./domain/experiment.ts";
import { jobsOf } from "./jobs.ts";
import type { Bingo } from "./store/bingo.ts";
import { chooseWinner, createExperiments } from "./store/experiments.ts";
import { readShelf } from "./store/overview.ts";
import type { Problem } from "./store/problem.ts";
import { unavailable } from "./store/problem.ts";

/** A test, and how often each of its alternatives converts. */
interface Sample extends Definition {
  readonly rates: ReadonlyArray<number>;
  /** How many identities come in an hour. */
  readonly hourly: number;
  readonly winner?: string;
}

const samples: ReadonlyArray<Sample> = [
  {
    canonical: "Colour of the sign-up button",
    alternatives: [{ name: "blue", weight: 1 }, { name: "orange", weight: 1 }, { name: "green", weight: 1 }],
    conversions: ["signed up", "came back within a week"],
    rates: [0.112, 0.141, 0.118],
    hourly: 130,
  },
  {
    canonical: "Headline of the front page",
    alternatives: [{ name: "Learn almost anything for free", weight: 3 }, {
      name: "A much longer headline that promises a good deal more than the other one",
      weight: 1,
    }],
    conversions: ["opened a lesson"],
    rates: [0.36, 0.33],
    hourly: 60,
  },
  {
    canonical: "Hints before the first mistake",
    alternatives: [{ name: "none", weight: 1 }, { name: "one", weight: 1 }],
    conversions: ["solved the exercise"],
    rates: [0.52, 0.61],
    hourly: 45,
    winner: "one",
  },
];

const hour = 3_600_000;
const hours = 48;

/** Makes sample experiments with two days of counts and snapshots, unless there are experiments. */
export function seed(bingo: Bingo): TE.TaskEither<Problem, "made" | "there are experiments"> {
  const start = Math.floor(bingo.now() / hour) * hour - hours * hour;
  return pipe(
    readShelf(bingo.stores.experiments, "live"),
    TE.mapError((error): Problem => unavailable(error, "aborted")),
    TE.flatMap((there) =>
      there.length > 0 ? TE.right("there are experiments" as const) : pipe(
        samples,
        TE.traverseSeqArray((sample) => createExperiments({ ...bingo, now: () => start }, sample)),
        TE.flatMap((made) => count(bingo, made, start)),
        TE.flatMap(() => choose(bingo)),
        TE.map(() => "made" as const),
      )
    ),
  );
}

function choose(bingo: Bingo): TE.TaskEither<Problem, unknown> {
  const chosen = samples.filter(({ winner }) => winner !== undefined);
  return pipe(chosen, TE.traverseSeqArray(({ canonical, winner }) => chooseWinner(bingo, canonical, winner!)));
}

/** Hour by hour: what came in, folded into the database, and a snapshot of it. */
function count(
  bingo: Bingo,
  made: ReadonlyArray<ReadonlyArray<Experiment>>,
  start: number,
): TE.TaskEither<Problem, unknown> {
  const draw = drawing(7);
  return pipe(
    Array.from({ length: hours }, (_, i) => start + (i + 1) * hour),
    TE.traverseSeqArray((at) => {
      const jobs = jobsOf({ ...bingo, now: () => at });
      return pipe(
        bingo.counters.increment(hourOf(made, draw)),
        TE.flatMap(() => jobs.fold),
        TE.flatMap(() => jobs.snapshot),
      );
    }),
    TE.mapError((error): Problem => unavailable(error)),
  );
}

function hourOf(made: ReadonlyArray<ReadonlyArray<Experiment>>, draw: () => number): Readonly<Record<string, number>> {
  const deltas: Record<string, number> = {};
  samples.forEach(({ alternatives, rates, hourly }, i) => {
    const total = alternatives.reduce((sum, { weight }) => sum + weight, 0);
    alternatives.forEach(({ weight }, j) => {
      const participants = Math.round(hourly * weight / total * (0.6 + 0.8 * draw()));
      made[i]!.forEach((experiment, k) => {
        // A further conversion of a test is a rarer one.
        const conversions = Array.from({ length: participants }, draw).filter((drawn) =>
          drawn < rates[j]! / (1 + 2 * k)
        );
        deltas[counterOf(experiment, j, "participants")] = participants;
        deltas[counterOf(experiment, j, "conversions")] = conversions.length;
      });
    });
  });
  return deltas;
}

/** Numbers from 0 to 1 that look drawn, the same ones each time (mulberry32, by Tommy Ettinger). */
function drawing(first: number): () => number {
  let state = first;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}
