import type { Count } from "./comparison.ts";
import type { Measured, Result } from "./measure.ts";
import { type Summary, widestSpread } from "./statistics.ts";

/** The first line of the table. */
export const heading: string = row(["", "time", "of the floor", "range", "computing", "at most", ""]);

/** The lines of a comparison. */
export function showResult({ title, measured }: Result): string {
  return [title, ...measured.map((each, i) => i === 0 ? showFloor(each) : showMeasured(each))].join("\n");
}

/** The line of a count. */
export function showCount({ title, wanted, received, unit }: Count): string {
  const verdict = received === wanted ? "met" : "MISSED";
  return row([title, `${received} ${unit}`, "", "", "", `${wanted} ${unit}`, verdict]);
}

function showFloor({ name, time }: Measured): string {
  return row([`  ${name}`, showTime(time.median), "1.00", rangeOf(time, showTime), "1.00", "", showNoise(time)]);
}

function showMeasured({ name, time, ratio, cpu, target, behind }: Measured): string {
  const verdict = target === undefined
    ? behind === undefined ? "" : showBehind(behind)
    : ratio.median <= target
    ? "met"
    : "MISSED";
  return row([
    `  ${name}`,
    showTime(time.median),
    showRatio(ratio.median),
    rangeOf(ratio, showRatio),
    showRatio(cpu.median),
    target === undefined ? "" : showRatio(target),
    [verdict, showNoise(ratio)].filter((part) => part !== "").join(", "),
  ]);
}

function showBehind({ times, wanted }: NonNullable<Measured["behind"]>): string {
  const of = `${showRatio(times.median)} of ours, at least ${showRatio(wanted)}`;
  return `${of}: ${times.median >= wanted ? "met" : "MISSED"}`;
}

function showNoise({ spread }: Summary): string {
  return spread > widestSpread ? "spread above 30 %" : "";
}

function showRatio(ratio: number): string {
  return ratio.toFixed(2);
}

function rangeOf({ least, most }: Summary, show: (value: number) => string): string {
  return `${show(least)} – ${show(most)}`;
}

function showTime(nanoseconds: number): string {
  if (nanoseconds < 1e3) return `${nanoseconds.toFixed(1)} ns`;
  return nanoseconds < 1e6 ? `${(nanoseconds / 1e3).toFixed(1)} µs` : `${(nanoseconds / 1e6).toFixed(1)} ms`;
}

function row([name, ...cells]: ReadonlyArray<string>): string {
  const widths = [14, 14, 22, 11, 14];
  const shown = cells.map((cell, i) => i < widths.length ? cell.padStart(widths[i]!) : `  ${cell}`);
  return `${name!.padEnd(42)}${shown.join("")}`.trimEnd();
}
