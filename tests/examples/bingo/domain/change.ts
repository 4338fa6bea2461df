import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { Definition } from "./definition.ts";
import { isSameDefinition } from "./definition.ts";
import type { Experiment, Experiments } from "./experiment.ts";
import { experimentsOf } from "./experiment.ts";
import type { Refusal } from "./refusal.ts";
import { refusal } from "./refusal.ts";

/** The most experiments that are not archived: they are one value, which then is about a third of a megabyte. */
export const mostExperiments = 500;

/** What a new experiment is given from outside: the domain has neither a clock nor chance. */
export interface Birth {
  readonly now: number;
  readonly newId: () => string;
}

/** Adds the experiments of a definition; if they are there already, nothing changes. */
export function create(live: Experiments, definition: Definition, birth: Birth): Either<Refusal, Experiments> {
  const there = experimentsOf(live, definition.canonical);
  if (there.length > 0) {
    if (isSameDefinition(definitionOf(there), definition)) return E.right(live);
    return E.left(refusal("Conflict", "the definition it already has, or another name", definition.canonical));
  }
  if (live.all.length + definition.conversions.length > mostExperiments) {
    const expected = `at most ${mostExperiments} experiments that are not archived`;
    return E.left(refusal("Conflict", expected, live.all.length + definition.conversions.length));
  }
  const made = definition.conversions.map((conversion, i): Experiment => ({
    id: birth.newId(),
    name: i === 0 ? definition.canonical : `${definition.canonical} (${i + 1})`,
    canonical: definition.canonical,
    conversion,
    alternatives: definition.alternatives,
    started: birth.now,
    winner: null,
  }));
  return E.right({ ...live, all: [...live.all, ...made] });
}

/** Makes everybody get one alternative from now on; `null` lets the test go on. */
export function choose(
  live: Experiments,
  canonical: string,
  winner: string | null,
): Either<Refusal, Experiments> {
  return pipe(
    known(live, canonical),
    E.filterOrElse(
      ([first]) => winner === null || first!.alternatives.some(({ name }) => name === winner),
      ([first]) => refusal("Unknown", oneOf(first!.alternatives.map(({ name }) => name)), winner),
    ),
    E.map(() => ({
      ...live,
      all: live.all.map((experiment) => experiment.canonical === canonical ? { ...experiment, winner } : experiment),
    })),
  );
}

/** A shelf without the experiments of a test, and these. */
export interface Taken {
  readonly left: Experiments;
  readonly taken: ReadonlyArray<Experiment>;
}

/** Takes the experiments of a test out. */
export function take(live: Experiments, canonical: string): Either<Refusal, Taken> {
  return pipe(
    known(live, canonical),
    E.map((taken) => ({ taken, left: { ...live, all: live.all.filter((each) => !taken.includes(each)) } })),
  );
}

/** The experiments of a test, at least one. */
export function known(live: Experiments, canonical: string): Either<Refusal, ReadonlyArray<Experiment>> {
  const there = experimentsOf(live, canonical);
  return there.length > 0 ? E.right(there) : E.left(refusal("Unknown", "the name of an experiment", canonical));
}

function definitionOf(there: ReadonlyArray<Experiment>): Definition {
  const { canonical, alternatives } = there[0]!;
  return { canonical, alternatives, conversions: there.map(({ conversion }) => conversion) };
}

function oneOf(names: ReadonlyArray<string>): string {
  return `one of ${names.map((name) => JSON.stringify(name)).join(", ")}`;
}
