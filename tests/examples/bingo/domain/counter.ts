import type { Experiment } from "./experiment.ts";
import type { Count } from "./overview.ts";

/** What is counted of an alternative. */
export type What = keyof Count;

/** The name of a counter: it begins with the experiment's id, by which the totals find whose it is. */
export function counterOf({ id }: Experiment, alternative: number, what: What): string {
  return `${id}:${alternative}:${what}`;
}

/** The id of a counter's experiment. */
export function experimentOf(counter: string): string {
  return counter.slice(0, counter.indexOf(":"));
}

/** All counters of an experiment, in the order in which `toCounts` reads them. */
export function countersOf(experiment: Experiment): ReadonlyArray<string> {
  return experiment.alternatives.flatMap((_, i) => [
    counterOf(experiment, i, "participants"),
    counterOf(experiment, i, "conversions"),
  ]);
}

/** The counts of an experiment's alternatives, by the counts of its counters. */
export function toCounts(experiment: Experiment, countOf: (counter: string) => number): ReadonlyArray<Count> {
  return experiment.alternatives.map((_, i) => ({
    participants: countOf(counterOf(experiment, i, "participants")),
    conversions: countOf(counterOf(experiment, i, "conversions")),
  }));
}
