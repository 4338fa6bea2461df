import type { Control } from "../../../tests/explorer/controls.ts";
import { checks, type Exploration, explore, type Fault, type Invariant, invariants } from "../../testing/explorer.ts";
import type { Row } from "./rows.ts";

/** What became of a row or a control. */
export interface Result {
  readonly variant: string;
  readonly faults: ReadonlyArray<Fault>;
  readonly exploration: Exploration;
  /** How it differs from what is promised, or from what a control has to break; undefined if it does not. */
  readonly complaint: string | undefined;
}

/** Explores a world of the shipped protocol: it has to break what the row says, and nothing else. */
export function runRow({ variant, faults, world, breaks }: Row): Result {
  const exploration = explore({ ...world, faults, until: "each" });
  const broken = exploration.broken.map(({ invariant }) => invariant);
  const wrong = checks.filter((each) => broken.includes(each) !== breaks.includes(each));
  const differs = wrong.map((each) => `${each} ${broken.includes(each) ? "is broken" : "was expected to break"}`);
  const complaint = exploration.complete ? differs.join(", ") : `the bound was met at ${exploration.states} states`;
  return { variant, faults, exploration, complaint: complaint === "" ? undefined : complaint };
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
  return { variant: name, faults: world.faults ?? [], exploration, complaint };
}

/** Which invariants hold, and how long a shortest counterexample to each of the others is. */
export function summarize({ verdict, broken }: Exploration): string {
  if (verdict === "unfinished") return "unfinished";
  const lengths = new Map<Invariant, number>(broken.map(({ invariant, steps }) => [invariant, steps.length]));
  const held = invariants.filter((each) => !lengths.has(each));
  const lost = checks.filter((each) => lengths.has(each)).map((each) => `${each} in ${lengths.get(each)}`);
  const all = `${invariants[0]}–${invariants.at(-1)}`;
  if (lost.length === 0) return `${all} hold`;
  const rest = held.length === invariants.length ? all : held.join(" ");
  return [`breaks ${lost.join(", ")}`, ...(held.length === 0 ? [] : [`${rest} hold`])].join("; ");
}

/** A result in one line. */
export function lineOf({ variant, faults, exploration, complaint }: Result): string {
  const { states, seconds } = exploration;
  const columns = [
    complaint === undefined ? "ok    " : "FAILED",
    variant.padEnd(38),
    (faults.join(" + ") || "no fault").padEnd(34),
    summarize(exploration).padEnd(44),
    `${states.toLocaleString("en")} states`.padStart(17),
    `${seconds.toFixed(1)} s`.padStart(8),
  ];
  return columns.join(" ").trimEnd();
}
