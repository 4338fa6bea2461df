import type { Control } from "../../../tests/explorer/controls.ts";
import { checks, type Exploration, explore, type Fault, type Invariant, invariants } from "../../testing/explorer.ts";
import type { Row } from "./row.ts";

/** What became of a row or a control. */
export interface Result {
  readonly variant: string;
  readonly faults: ReadonlyArray<Fault>;
  readonly exploration: Exploration;
  /** What was checked. */
  readonly checked: ReadonlyArray<Invariant>;
  /** How it differs from what is promised, or from what a control has to break; undefined if it does not. */
  readonly complaint: string | undefined;
}

/** Explores a world of the shipped protocol: it has to break what the row says, and nothing else. */
export function runRow({ variant, faults, world, breaks }: Row): Result {
  const exploration = explore({ ...world, faults, until: "each" });
  const broken = exploration.broken.map(({ invariant }) => invariant);
  const wrong = checks.filter((each) => broken.includes(each) !== breaks.includes(each));
  const differs = wrong.map((each) => `${each} ${broken.includes(each) ? "is broken" : "was expected to break"}`);
  // A search ends early where everything that it checks is broken.
  const isDecided = exploration.complete || broken.length === world.invariants?.length;
  const complaint = isDecided ? differs.join(", ") : `the bound was met at ${exploration.states} states`;
  const checked = world.invariants ?? checks;
  return { variant, faults, exploration, checked, complaint: complaint === "" ? undefined : complaint };
}

/** Explores a control: it has to break what it is known for, in no more steps than it says. */
export function runControl({ name, world, breaks, within }: Control): Result {
  const exploration = explore({ ...world, until: "each" });
  const found = exploration.broken.find(({ invariant }) => invariant === breaks);
  const complaint = found === undefined
    ? `${breaks} was expected to break`
    : found.steps.length > within
    ? `${breaks} was expected to break within ${within} steps, not ${found.steps.length}`
    : undefined;
  const checked = world.invariants ?? checks;
  return { variant: name, faults: world.faults ?? [], exploration, checked, complaint };
}

/** Which invariants hold, of those checked, and how long a shortest counterexample to each of the others is. */
export function summarize(
  { exploration: { verdict, broken }, checked }: Pick<Result, "exploration" | "checked">,
): string {
  if (verdict === "unfinished") return "unfinished";
  const lengths = new Map<Invariant, number>(broken.map(({ invariant, steps }) => [invariant, steps.length]));
  const lost = checks.filter((each) => lengths.has(each)).map((each) => `${each} in ${lengths.get(each)}`);
  const rest = heldOf(checked.filter((each) => !lengths.has(each)), checked);
  if (lost.length === 0) return `${rest} hold`;
  return [`breaks ${lost.join(", ")}`, ...(rest === "" ? [] : [`${rest} hold`])].join("; ");
}

/** The invariants by name; what is checked besides only where it was asked for. */
function heldOf(held: ReadonlyArray<Invariant>, checked: ReadonlyArray<Invariant>): string {
  const others = checked.length === checks.length ? [] : held.filter((each) => !invariants.includes(each));
  const own = invariants.filter((each) => held.includes(each));
  const all = own.length === invariants.length ? [`${invariants[0]}–${invariants.at(-1)}`] : own;
  return [...all, ...others].join(" ");
}

/** A result in one line. */
export function lineOf({ variant, faults, exploration, checked, complaint }: Result): string {
  const { states, seconds } = exploration;
  const columns = [
    complaint === undefined ? "ok    " : "FAILED",
    variant.padEnd(38),
    (faults.join(" + ") || "no fault").padEnd(34),
    summarize({ exploration, checked }).padEnd(44),
    `${states.toLocaleString("en")} states`.padStart(17),
    `${seconds.toFixed(1)} s`.padStart(8),
  ];
  return columns.join(" ").trimEnd();
}
