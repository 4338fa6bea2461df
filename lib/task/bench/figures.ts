import type { Count, Finding, FindingRow } from "./comparison.ts";
import type { Machine } from "./machine.ts";
import type { Result } from "./measure.ts";
import { type Summary, widestSpread } from "./statistics.ts";

/** What one case came to. */
export interface Group {
  readonly name: string;
  readonly about: string;
  readonly counts: Array<Count>;
  readonly findings: Array<Finding>;
  readonly results: Array<Result>;
}

/** What a run came to, where, and with which versions of what. */
export interface Run extends Machine {
  readonly rounds: number;
  readonly versions: ReadonlyArray<string>;
  readonly groups: ReadonlyArray<Group>;
  readonly leftOut: ReadonlyArray<{ readonly name: string; readonly because: string }>;
}

/** How much of what was asked for was met, and how much of it the machine was quiet enough for. */
export interface Tally {
  readonly met: number;
  /** What was missed, in words. */
  readonly missed: ReadonlyArray<string>;
  /** How many figures there are, and how many of them have a spread that is too wide. */
  readonly figures: number;
  readonly noisy: number;
}

/** Whether a count is the one that was wanted. */
export function isCountMet({ wanted, received }: Count): boolean {
  return wanted === received;
}

/** Whether a figure is no more than was asked; undefined where nothing was. */
export function isRowMet({ value, target }: FindingRow): boolean | undefined {
  return target === undefined ? undefined : value.median <= target;
}

/** Whether the rounds of a figure were too far apart for it to be taken at its word. */
export function isNoisy({ spread }: Summary): boolean {
  return spread > widestSpread;
}

/** Sums up what cases came to. */
export function tallyOf(groups: ReadonlyArray<Group>): Tally {
  const judged = groups.flatMap(judgedIn);
  const timed = judged.flatMap(({ value }) => value ?? []);
  return {
    met: judged.filter(({ met }) => met === true).length,
    missed: judged.filter(({ met }) => met === false).map(({ what }) => what),
    figures: timed.length,
    noisy: timed.filter(isNoisy).length,
  };
}

interface Judged {
  readonly what: string;
  readonly met: boolean | undefined;
  readonly value?: Summary;
}

function judgedIn({ counts, findings, results }: Group): ReadonlyArray<Judged> {
  return [
    ...counts.map((count) => ({ what: count.title, met: isCountMet(count) })),
    ...findings.flatMap(({ title, rows }) =>
      rows.map((row) => ({ what: `${title}: ${row.name}`, met: isRowMet(row), value: row.value }))
    ),
    ...results.flatMap(({ title, measured, ahead }) => [
      ...measured.map((each, i) => ({
        what: `${title}: ${each.name}`,
        met: each.met,
        value: i === 0 ? each.time : each.ratio,
      })),
      ...ahead.map(({ name, peer, times, met }) => ({
        what: `${title}: ${name}, behind ${peer}`,
        met,
        value: times,
      })),
    ]),
  ];
}
