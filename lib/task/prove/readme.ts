import { faults, invariants } from "../../testing/explorer.ts";
import { instanceTable, instanceVariants } from "./instance_table.ts";
import type { Result } from "./result.ts";
import { summarize } from "./result.ts";
import type { Level } from "./row.ts";
import { renewals } from "./rows.ts";
import { transactions } from "./transaction_rows.ts";

const opening = "<!-- guarantees -->";
const closing = "<!-- /guarantees -->";
const pairsOpening = "<!-- pairs -->";
const pairsClosing = "<!-- /pairs -->";

/** What was proved in one run; no pairs, if it was not the full one. */
export interface Proved {
  readonly levels: ReadonlyArray<Level>;
  readonly singles: ReadonlyArray<Result>;
  readonly others: ReadonlyArray<Result>;
  readonly controls: ReadonlyArray<Result>;
  readonly doubles: ReadonlyArray<Result>;
}

/**
 * A text with the block between its markers written anew. What it says of pairs of faults stays where this run did not
 * explore them. Throws a TypeError if the markers are not there.
 */
export function rewrite(text: string, proved: Proved): string {
  const from = text.indexOf(opening);
  const to = text.indexOf(closing);
  if (from < 0 || to < from) {
    throw new TypeError(`Cannot write the guarantees: expected the markers ${opening} and ${closing}: received none`);
  }
  const before = text.slice(from, to);
  const kept = before.includes(pairsOpening)
    ? before.slice(before.indexOf(pairsOpening) + pairsOpening.length, before.indexOf(pairsClosing)).trim()
    : "";
  const pairs = proved.doubles.length === 0 ? kept : pairsOf(proved.doubles);
  const parts = [
    opening,
    tableOfLevels("one fault", proved.levels, proved.singles),
    `${pairsOpening}\n\n${pairs === "" ? "" : `${pairs}\n\n`}${pairsClosing}`,
    ...tableOf("waiting and renewal", renewals, proved.others),
    ...tableOf("transactions begun anew", transactions, proved.others),
    ...tableOfInstances(proved.others),
    tableOfOthers(proved.others),
    tableOfControls(proved.controls),
  ];
  return text.slice(0, from) + parts.join("\n\n") + "\n\n" + text.slice(to);
}

/** Faults down, levels across: what breaks, and after how many steps at the earliest. */
function tableOfLevels(title: string, levels: ReadonlyArray<Level>, singles: ReadonlyArray<Result>): string {
  const names = levels.map(({ name }) => name);
  const cell = (name: string, fault: string): string => {
    const result = singles.find((each) => each.variant === name && (each.faults[0] ?? "no fault") === fault);
    if (result === undefined) return "–";
    const { broken } = result.exploration;
    if (broken.length === 0) return `${invariants[0]}–${invariants.at(-1)}`;
    const lost = broken.map(({ invariant, steps }) => `${invariant} (${steps.length} steps)`).sort();
    return `not ${lost.join(", ")}`;
  };
  const rows = ["no fault", ...faults].map((fault) => [fault, ...names.map((name) => cell(name, fault))]);
  const sums = names.map((name) => sum(singles.filter(({ variant }) => variant === name)));
  return markdown([title, ...names], [...rows, ["states, seconds", ...sums]]);
}

/** The same for other kinds of worlds, if those were explored. */
function tableOf(title: string, kinds: ReadonlyArray<Level>, others: ReadonlyArray<Result>): ReadonlyArray<string> {
  const own = others.filter(({ variant }) => kinds.some(({ name }) => name === variant));
  return own.length === 0 ? [] : [tableOfLevels(title, kinds, own)];
}

/** What holds in a tier of each process, and towards the others. */
function tableOfInstances(others: ReadonlyArray<Result>): ReadonlyArray<string> {
  const [head, rows] = instanceTable(others);
  return rows.length === 0 ? [] : [markdown(head, rows)];
}

const tabled: ReadonlySet<string> = new Set([
  ...[...renewals, ...transactions].map(({ name }) => name),
  ...instanceVariants,
]);

function sum(results: ReadonlyArray<Result>): string {
  const total = (read: (result: Result) => number) => results.reduce((before, each) => before + read(each), 0);
  return `${count(total(({ exploration }) => exploration.states))}, ${
    total(({ exploration }) => exploration.seconds).toFixed(0)
  }`;
}

function count(states: number): string {
  return states.toLocaleString("en");
}

function pairsOf(doubles: ReadonlyArray<Result>): string {
  const names = [...new Set(doubles.map(({ variant }) => variant))];
  const rows = names.map((name) => {
    const own = doubles.filter(({ variant }) => variant === name);
    const broken = own.filter(({ exploration }) => exploration.verdict !== "holds");
    const says = broken.length === 0
      ? `${invariants[0]}–${invariants.at(-1)} hold`
      : broken.map(({ faults: both, exploration, checked }) =>
        `${both.join(" + ")}: ${summarize({ exploration, checked })}`
      ).join("; ");
    const spared = faults.filter((fault) => !own.some((each) => each.faults.includes(fault)));
    const which = spared.length === 0 ? "any two" : `any two but ${spared.join(", ")}`;
    return [name, which, `${own.length}`, says, sum(own)];
  });
  return markdown(["two faults", "which", "pairs", "result", "states, seconds"], rows);
}

function tableOfOthers(others: ReadonlyArray<Result>): string {
  const rows = others.filter(({ variant }) => !tabled.has(variant)).map((each) => [
    each.variant,
    each.faults.join(" + ") || "no fault",
    ...resultOf(each),
  ]);
  return markdown(["other worlds", "faults", "result", "states", "seconds"], rows);
}

function tableOfControls(controls: ReadonlyArray<Result>): string {
  const rows = controls.map((each) => [each.variant, each.faults.join(" + ") || "no fault", ...resultOf(each)]);
  return markdown(["not shipped, known to break", "faults", "result", "states", "seconds"], rows);
}

function resultOf(result: Result): ReadonlyArray<string> {
  const { exploration } = result;
  return [summarize(result), count(exploration.states), exploration.seconds.toFixed(1)];
}

/** A table as `deno fmt` leaves it. */
function markdown(head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string {
  const widths = head.map((title, i) => Math.max(3, title.length, ...rows.map((row) => row[i]!.length)));
  const line = (row: ReadonlyArray<string>) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.map(line)].join("\n");
}
