import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { Alternative } from "./experiment.ts";
import { readName } from "./name.ts";
import type { Refusal } from "./refusal.ts";
import { refusal } from "./refusal.ts";

/** What somebody wants to compare. */
export interface Definition {
  readonly canonical: string;
  readonly alternatives: ReadonlyArray<Alternative>;
  /** What counts; each is an experiment of its own, and all give an identity the same alternative. */
  readonly conversions: ReadonlyArray<string>;
}

/** The most alternatives of a test: with more, none of them ever has enough participants. */
const mostAlternatives = 20;

/** The most conversions of a test: as many rows as one looks at. */
const mostConversions = 10;

/** The largest weight: a share of a thousandth can be said. */
const largestWeight = 1_000;

/** Reads a definition: `{ name, alternatives: ["a", { name: "b", weight: 2 }], conversions: ["signed up"] }`. */
export function readDefinition(body: Readonly<Record<string, unknown>>): Either<Refusal, Definition> {
  return pipe(
    E.Do,
    E.bind("canonical", () => readName("the experiment's name", body["name"])),
    E.bind("alternatives", () => readAlternatives(body["alternatives"])),
    E.bind("conversions", () => readConversions(body["conversions"])),
  );
}

/** Whether two definitions say the same, in any order of their conversions. */
export function isSameDefinition(one: Definition, other: Definition): boolean {
  const text = ({ canonical, alternatives, conversions }: Definition) =>
    JSON.stringify([canonical, alternatives.map(({ name, weight }) => [name, weight]), [...conversions].sort()]);
  return text(one) === text(other);
}

function readAlternatives(given: unknown): Either<Refusal, ReadonlyArray<Alternative>> {
  const expected = `2 to ${mostAlternatives} alternatives: names, or { name, weight }`;
  if (!Array.isArray(given) || given.length < 2 || given.length > mostAlternatives) {
    return E.left(refusal("Malformed", expected, given));
  }
  return pipe(
    given,
    E.traverseArray(readAlternative),
    E.filterOrElse(
      (all) => areDistinct(all.map(({ name }) => name)),
      () => refusal("Malformed", "alternatives of different names", given),
    ),
  );
}

function readAlternative(given: unknown): Either<Refusal, Alternative> {
  const { name, weight = 1 }: { name?: unknown; weight?: unknown } = isRecord(given) ? given : { name: given };
  if (!(typeof weight === "number" && Number.isInteger(weight) && weight >= 1 && weight <= largestWeight)) {
    return E.left(refusal("Malformed", `a weight that is a whole number from 1 to ${largestWeight}`, weight));
  }
  return pipe(readName("an alternative's name", name), E.map((name) => ({ name, weight })));
}

function readConversions(given: unknown): Either<Refusal, ReadonlyArray<string>> {
  if (!Array.isArray(given) || given.length < 1 || given.length > mostConversions) {
    return E.left(refusal("Malformed", `1 to ${mostConversions} names of conversions`, given));
  }
  return pipe(
    given,
    E.traverseArray((name: unknown) => readName("a conversion's name", name)),
    E.filterOrElse(areDistinct, () => refusal("Malformed", "conversions of different names", given)),
  );
}

function areDistinct(names: ReadonlyArray<string>): boolean {
  return new Set(names).size === names.length;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
