import * as t from "io-ts";

/** One of the things that are compared. */
export interface Alternative {
  readonly name: string;
  /** Its share of the identities is its weight divided by the sum of all. */
  readonly weight: number;
}

/** A comparison of alternatives, by how many of their identities do one thing. */
export interface Experiment {
  /** Of this experiment and no other: one that is deleted and made anew begins from nothing. */
  readonly id: string;
  /** The canonical name, and for further conversions of the same test, with a number: "price", "price (2)". */
  readonly name: string;
  /** What the test is called by who asks for an alternative. Experiments of one canonical name are one test. */
  readonly canonical: string;
  /** What counts as a conversion; other experiments may count it as well. */
  readonly conversion: string;
  readonly alternatives: ReadonlyArray<Alternative>;
  /** When it began, in milliseconds since 1970. */
  readonly started: number;
  /** The alternative that everybody gets, once somebody has chosen it. */
  readonly winner: string | null;
}

/** All experiments that are not archived, or all that are: one value, because a request needs all of them. */
export interface Experiments {
  readonly shelf: Shelf;
  readonly all: ReadonlyArray<Experiment>;
}

/** Where an experiment is: those on the shelf `live` are shown, counted and cached, whether they have a winner or not. */
export type Shelf = "live" | "archived";

const Alternative: t.Type<Alternative, unknown, unknown> = t.readonly(t.type({ name: t.string, weight: t.number }));

const Experiment: t.Type<Experiment, unknown, unknown> = t.readonly(t.type({
  id: t.string,
  name: t.string,
  canonical: t.string,
  conversion: t.string,
  alternatives: t.readonlyArray(Alternative),
  started: t.number,
  winner: t.union([t.string, t.null]),
}));

/** How experiments are written in the shared tier. */
export const Experiments: t.Type<Experiments, unknown, unknown> = t.readonly(t.type({
  shelf: t.union([t.literal("live"), t.literal("archived")]),
  all: t.readonlyArray(Experiment),
}));

/** The experiments of a test, in the order in which they were made. */
export function experimentsOf({ all }: Experiments, canonical: string): ReadonlyArray<Experiment> {
  return all.filter((experiment) => experiment.canonical === canonical);
}

/** Whether it still counts. */
export function isRunning({ winner }: Experiment): boolean {
  return winner === null;
}
