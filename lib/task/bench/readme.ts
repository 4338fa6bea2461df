import type { Count } from "./comparison.ts";
import type { Machine } from "./machine.ts";
import type { Measured, Result } from "./measure.ts";
import { widestSpread } from "./statistics.ts";

const opening = "<!-- bench -->";
const closing = "<!-- /bench -->";

/** What a run found out, and where. */
export interface Run extends Machine {
  readonly rounds: number;
  readonly versions: ReadonlyArray<string>;
  readonly counts: ReadonlyArray<Count>;
  readonly results: ReadonlyArray<Result>;
}

/** A text with the table between its markers written anew. Throws a TypeError if the markers are not there. */
export function rewriteBench(text: string, run: Run): string {
  const from = text.indexOf(opening);
  const to = text.indexOf(closing);
  if (from < 0 || to < from) {
    throw new TypeError(`Cannot write the figures: expected the markers ${opening} and ${closing}: received none`);
  }
  return `${text.slice(0, from)}${opening}\n\n${tableOf(run)}\n\n${text.slice(to)}`;
}

function tableOf({ system, date, rounds, versions, counts, results }: Run): string {
  const rows = [
    ...counts.map(({ title, wanted, received, unit }) =>
      row([title, "", `${received} ${unit}`, `${wanted} ${unit}`, received === wanted ? "" : "**missed**"])
    ),
    ...results.flatMap(rowsOf),
  ];
  return [
    `${system}, ${date}; medians of ${rounds} interleaved rounds, as ratios to the floor in the same round.`,
    `${versions.join(", ")}.`,
    "",
    row(["", "", "of the floor", "at most", ""]),
    row(["---", "---", "--:", "--:", "---"]),
    ...rows,
  ].join("\n");
}

function rowsOf({ title, measured: [floor, ...others] }: Result): ReadonlyArray<string> {
  return [row([title, floor!.name, "1.00", "", ""]), ...others.map((each) => row(["", ...cellsOf(each)]))];
}

function cellsOf({ name, ratio, target, behind }: Measured): ReadonlyArray<string> {
  const missed = target !== undefined && ratio.median > target ||
    behind !== undefined && behind.times.median < behind.wanted;
  const told = [missed ? "**missed**" : "", ratio.spread > widestSpread ? "spread above 30 %" : ""];
  const wanted = behind === undefined ? target?.toFixed(2) ?? "" : `≥ ${behind.wanted.toFixed(1)} × ours`;
  return [name, ratio.median.toFixed(2), wanted, told.filter((each) => each !== "").join(", ")];
}

function row(cells: ReadonlyArray<string>): string {
  return `| ${cells.join(" | ")} |`;
}

/** The newest versions that a lock file holds of packages, as words. */
export function versionsIn(lock: string, packages: ReadonlyArray<string>): ReadonlyArray<string> {
  const { specifiers = {} } = JSON.parse(lock) as { readonly specifiers?: Readonly<Record<string, string>> };
  return packages.flatMap((name) => {
    const known = Object.entries(specifiers).find(([each]) => each.startsWith(`npm:${name}@`));
    return known === undefined ? [] : [`${name} ${known[1].replace(/_.*$/, "")}`];
  });
}
