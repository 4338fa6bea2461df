import type { Alternative, Experiment, Shelf } from "./experiment.ts";

/** How many identities an alternative has, and how many of them converted. */
export interface Count {
  readonly participants: number;
  readonly conversions: number;
}

/** The counts of an experiment at one time, aligned with its alternatives. */
export interface Snapshot {
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly counts: ReadonlyArray<Count>;
}

/** An experiment with what was counted. */
export interface Outcome {
  readonly name: string;
  readonly conversion: string;
  /** Aligned with the alternatives of its test. */
  readonly counts: ReadonlyArray<Count>;
  /** The oldest first. */
  readonly history: ReadonlyArray<Snapshot>;
}

/** A test: the experiments of one canonical name. */
export interface Test {
  readonly canonical: string;
  readonly alternatives: ReadonlyArray<Alternative>;
  readonly started: number;
  readonly winner: string | null;
  readonly outcomes: ReadonlyArray<Outcome>;
}

/** All that the page shows. */
export interface Overview {
  readonly shelf: Shelf;
  readonly now: number;
  readonly tests: ReadonlyArray<Test>;
}

/** Puts the experiments of each canonical name together, in their order. */
export function testsOf(
  experiments: ReadonlyArray<Experiment>,
  countsOf: (experiment: Experiment) => ReadonlyArray<Count>,
  historyOf: (experiment: Experiment) => ReadonlyArray<Snapshot>,
): ReadonlyArray<Test> {
  const tests = Map.groupBy(experiments, ({ canonical }) => canonical);
  return Array.from(tests.values(), (all) => {
    const { canonical, alternatives, started, winner } = all[0]!;
    const outcomes = all.map((experiment): Outcome => ({
      name: experiment.name,
      conversion: experiment.conversion,
      counts: countsOf(experiment),
      history: historyOf(experiment),
    }));
    return { canonical, alternatives, started, winner, outcomes };
  });
}
