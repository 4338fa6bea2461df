import type { Count, FindingRow } from "./comparison.ts";
import { type Group, isCountMet, isNoisy, isRowMet, type Run, tallyOf } from "./figures.ts";
import type { Ahead, Measured, Result } from "./measure.ts";
import type { Summary } from "./statistics.ts";
import { showRange, showRatio, showTime, showUnits } from "./table.ts";

const opening = "<!-- bench -->";
const closing = "<!-- /bench -->";

// Columns of one width would be mostly blanks, and three times as long.
const asIs = ["<!-- deno-fmt-ignore-start -->", "<!-- deno-fmt-ignore-end -->"] as const;

/** Whose versions stand beside the figures. */
export const compared: ReadonlyArray<string> = [
  "redis",
  "lru-cache",
  "layered-loader",
  "keyv",
  "@keyv/redis",
  "cache-manager",
  "cacheable",
  "bentocache",
  "@epic-web/cachified",
  "dataloader",
  "ioredis",
];

/** A text with the tables between its markers written anew. Throws a TypeError if the markers are not there. */
export function rewriteBench(text: string, run: Run): string {
  const from = text.indexOf(opening);
  const to = text.indexOf(closing);
  if (from < 0 || to < from) {
    throw new TypeError(`Cannot write the figures: expected the markers ${opening} and ${closing}: received none`);
  }
  const [begin, end] = asIs;
  return `${text.slice(0, from)}${opening}\n${begin}\n\n${tablesOf(run)}\n\n${end}\n${text.slice(to)}`;
}

/** An overview, then each group, which is unfolded to be read. */
function tablesOf({ system, date, rounds, versions, groups, leftOut }: Run): string {
  return [
    `${system}, ${date}; medians of ${rounds} interleaved rounds, as ratios to the floor in the same round.`,
    `${versions.join(", ")}.`,
    "",
    row(["", "asked for", "met", "spread above 30 %"]),
    row(["---", "--:", "--:", "--:"]),
    ...groups.map((group) => row([group.name, ...sumsOf([group])])),
    row(["all", ...sumsOf(groups)]),
    ...leftOut.flatMap(({ name, because }) => ["", `Left out: ${name}, because ${because}.`]),
    ...groups.flatMap((group) => ["", ...groupOf(group)]),
  ].join("\n");
}

function sumsOf(groups: ReadonlyArray<Group>): ReadonlyArray<string> {
  const { met, missed, figures, noisy } = tallyOf(groups);
  return [String(met + missed.length), String(met), `${noisy} of ${figures}`];
}

function groupOf({ name, about, counts, findings, results }: Group): ReadonlyArray<string> {
  const figures = [
    ...counts.map(countRow),
    ...findings.flatMap(({ title, rows }) => [row([`**${title}**`, "", "", "", ""]), ...rows.map(findingRow)]),
  ];
  const head = ["", row(["", "", "range", "asked for", ""]), row(["---", "--:", "---", "--:", "---"])];
  const ratios = ["", row(["", "of the floor", "range", "of ours", "asked for", ""])];
  return [
    `<details><summary>${name}: ${about}</summary>`,
    ...(figures.length === 0 ? [] : [...head, ...figures]),
    ...(results.length === 0 ? [] : [...ratios, row(["---", "--:", "---", "--:", "--:", "---"])]),
    ...results.flatMap(resultRows),
    "",
    "</details>",
  ];
}

function countRow(count: Count): string {
  const { title, wanted, received, unit } = count;
  return row([title, `${received} ${unit}`, "", `${wanted} ${unit}`, verdictOf(isCountMet(count))]);
}

function findingRow(each: FindingRow): string {
  const { name, value, unit, target } = each;
  const range = showRange(value, (figure) => showUnits(figure, "").trim());
  const asked = target === undefined ? "" : `≤ ${showUnits(target, unit)}`;
  return row([name, showUnits(value.median, unit), range, asked, told(isRowMet(each), value)]);
}

function resultRows({ title, measured: [floor, ...others], ahead }: Result): ReadonlyArray<string> {
  const beside = `**${title}**, beside ${floor!.name}: ${showTime(floor!.time.median)}`;
  return [
    row([beside, "1.00", showRange(floor!.time, showTime), "", "", told(undefined, floor!.time)]),
    ...others.map(measuredRow),
    ...ahead.map(aheadRow),
  ];
}

function measuredRow({ name, ratio, target, behind, met }: Measured): string {
  const asked = target !== undefined
    ? `≤ ${showRatio(target)}`
    : behind?.wanted === undefined
    ? ""
    : `≥ ${showRatio(behind.wanted)} of ours`;
  const ours = behind === undefined ? "" : showRatio(behind.times.median);
  return row([name, showRatio(ratio.median), showRange(ratio, showRatio), ours, asked, told(met, ratio)]);
}

function aheadRow({ name, peer, times, met }: Ahead): string {
  const range = showRange(times, showRatio);
  return row([
    `${name}, beside the quickest library: ${peer}`,
    "",
    range,
    showRatio(times.median),
    "≥ 1.00",
    told(met, times),
  ]);
}

function told(met: boolean | undefined, value: Summary): string {
  const parts = [verdictOf(met), isNoisy(value) ? "spread above 30 %" : ""];
  return parts.filter((each) => each !== "").join(", ");
}

function verdictOf(met: boolean | undefined): string {
  return met === undefined ? "" : met ? "met" : "**missed**";
}

function row(cells: ReadonlyArray<string>): string {
  return `| ${cells.join(" | ")} |`;
}

/** The versions that a lock file holds of packages for whoever imports them here, as words. */
export function versionsIn(lock: string, packages: ReadonlyArray<string>): ReadonlyArray<string> {
  const { specifiers = {} } = JSON.parse(lock) as { readonly specifiers?: Readonly<Record<string, string>> };
  return packages.flatMap((name) => {
    const known = Object.entries(specifiers).filter(([each]) => each.startsWith(`npm:${name}@`));
    const versions = new Set(known.map(([, version]) => version.replace(/_.*$/, "")));
    return versions.size === 0 ? [] : [`${name} ${[...versions].join(" and ")}`];
  });
}
