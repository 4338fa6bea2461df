import type { Count, Finding, FindingRow } from "./comparison.ts";
import { type Group, isCountMet, isNoisy, isRowMet, tallyOf } from "./figures.ts";
import type { Ahead, Measured, Result } from "./measure.ts";
import type { Summary } from "./statistics.ts";

/** The first line of the table. */
export const heading: string = row(["", "time", "of the floor", "range", "computing", "of ours", "asked for", ""]);

/** The lines of a comparison. */
export function showResult({ title, measured, ahead }: Result): string {
  return [
    title,
    ...measured.map((each, i) => i === 0 ? showFloor(each) : showMeasured(each)),
    ...ahead.map(showAhead),
  ].join("\n");
}

/** The line of a count. */
export function showCount(count: Count): string {
  const { title, wanted, received, unit } = count;
  return row([title, `${received} ${unit}`, "", "", "", "", `${wanted} ${unit}`, verdictOf(isCountMet(count))]);
}

/** The lines of what a case measured in its own way. */
export function showFinding({ title, rows }: Finding): string {
  return [title, ...rows.map(showRow)].join("\n");
}

/** What a run came to on the whole. */
export function showTally(groups: ReadonlyArray<Group>): string {
  const { met, missed, figures, noisy } = tallyOf(groups);
  return [
    `asked for: ${met + missed.length}, met: ${met}, missed: ${missed.length}`,
    ...missed.map((each) => `  missed: ${each}`),
    `a spread above 30 %: ${noisy} of ${figures} figures`,
  ].join("\n");
}

/** A figure of a finding in its unit. */
export function showUnits(value: number, unit: string): string {
  const digits = Number.isInteger(value) || value >= 100 ? 0 : value < 10 ? 2 : 1;
  return `${value.toFixed(digits)} ${unit}`;
}

/** A time as people read it. */
export function showTime(nanoseconds: number): string {
  if (nanoseconds < 1e3) return `${nanoseconds.toFixed(1)} ns`;
  return nanoseconds < 1e6 ? `${(nanoseconds / 1e3).toFixed(1)} µs` : `${(nanoseconds / 1e6).toFixed(1)} ms`;
}

/** The least and the most of some rounds. */
export function showRange({ least, most }: Summary, show: (value: number) => string): string {
  return `${show(least)} – ${show(most)}`;
}

/** How many times something, to the hundredth. */
export function showRatio(ratio: number): string {
  return ratio.toFixed(2);
}

function showFloor({ name, time }: Measured): string {
  return row([`  ${name}`, showTime(time.median), "1.00", showRange(time, showTime), "1.00", "", "", noiseOf(time)]);
}

function showMeasured({ name, time, ratio, cpu, target, behind, met }: Measured): string {
  const asked = target === undefined ? behind?.wanted : target;
  return row([
    `  ${name}`,
    showTime(time.median),
    showRatio(ratio.median),
    showRange(ratio, showRatio),
    showRatio(cpu.median),
    behind === undefined ? "" : showRatio(behind.times.median),
    asked === undefined ? "" : `${target === undefined ? "≥" : "≤"} ${showRatio(asked)}`,
    [verdictOf(met), noiseOf(ratio)].filter((part) => part !== "").join(", "),
  ]);
}

function showAhead({ name, peer, times, met }: Ahead): string {
  const what = `  ${name}: the quickest library is ${peer}`;
  const verdict = [verdictOf(met), noiseOf(times)].filter((part) => part !== "").join(", ");
  return row([what, "", "", showRange(times, showRatio), "", showRatio(times.median), "≥ 1.00", verdict]);
}

function showRow(each: FindingRow): string {
  const { name, value, unit, target } = each;
  return row([
    `  ${name}`,
    showUnits(value.median, unit),
    "",
    showRange(value, (figure) => showUnits(figure, "").trim()),
    "",
    "",
    target === undefined ? "" : `≤ ${showUnits(target, unit)}`,
    [verdictOf(isRowMet(each)), noiseOf(value)].filter((part) => part !== "").join(", "),
  ]);
}

function verdictOf(met: boolean | undefined): string {
  return met === undefined ? "" : met ? "met" : "MISSED";
}

function noiseOf(value: Summary): string {
  return isNoisy(value) ? "spread above 30 %" : "";
}

function row([name, ...cells]: ReadonlyArray<string>): string {
  const widths = [14, 14, 22, 11, 9, 14];
  const shown = cells.map((cell, i) => i < widths.length ? cell.padStart(widths[i]!) : `  ${cell}`);
  return `${name!.padEnd(54)}${shown.join("")}`.trimEnd();
}
