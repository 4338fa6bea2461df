import { countOf, type Histogram, percentile } from "./histogram.ts";
import type { Statistics } from "./statistics.ts";

/** A number as people read it. */
export function showCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A time with two significant digits. */
export function showMilliseconds(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return "–";
  const digits = milliseconds >= 9.95 ? 0 : milliseconds >= 0.995 ? 1 : milliseconds >= 0.0995 ? 2 : 3;
  return `${milliseconds.toFixed(digits)} ms`;
}

/** Lays out cells: the first column to the left, the others to the right, each as wide as its widest cell. */
export function layOut(rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> {
  const widths: Array<number> = [];
  for (const row of rows) row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  return rows.map((row) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("   ").trimEnd()
  );
}

/** What happened at each tier. `loads` are the reads that a tier passed on; the source's are those that it answered. */
export function tierTable({ memory, shared, source, writes }: Statistics): ReadonlyArray<string> {
  const written = showCount(countOf(writes));
  const loaded = showCount(countOf(source));
  const tier = (name: string, { hits, loads, overtaken }: Statistics["memory"]) => [
    ...[name, showCount(countOf(hits)), showShare(countOf(hits), loads), showCount(loads), written],
    ...[showCount(overtaken), ...latencies(hits)],
  ];
  return layOut([
    ["tier", "hits", "hit rate", "loads", "writes", "overtaken", "p50", "p99"],
    tier("memory", memory),
    tier("shared", shared),
    ["source", "–", "–", loaded, written, "–", ...latencies(source)],
    ["renames", "", "", "", "", "", ...latencies(writes)],
  ]);
}

function latencies(histogram: Histogram): ReadonlyArray<string> {
  return [0.5, 0.99].map((share) => showMilliseconds(percentile(histogram, share)));
}

function showShare(hits: number, loads: number): string {
  return hits + loads === 0 ? "–" : `${(100 * hits / (hits + loads)).toFixed(1)} %`;
}

/** The same in one line, where lines cannot be drawn again. */
export function tierLine({ memory, shared, source, writes }: Statistics): string {
  const part = (name: string, histogram: Histogram) =>
    `${showCount(countOf(histogram))} ${name} (${latencies(histogram).join(", ")})`;
  return [
    part("memory hits", memory.hits),
    part("shared hits", shared.hits),
    part("loads", source),
    part("writes", writes),
    `${showCount(memory.overtaken + shared.overtaken)} overtaken`,
  ].join(", ");
}
