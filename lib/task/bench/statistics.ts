/** What many rounds of one measure came to. */
export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** The width of the range, as a share of the median. */
  readonly spread: number;
}

/** Above this share the machine was too busy for the figure to be taken at its word. */
export const widestSpread = 0.3;

/** Sums a measure up. The median, because a round that something else got in the way of is no part of the cost. */
export function summarize(values: ReadonlyArray<number>): Summary {
  const median = medianOf(values);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return { median, least, most, spread: (most - least) / median };
}

/** The middle one of some values. */
export function medianOf(values: ReadonlyArray<number>): number {
  const sorted = [...values].sort((left, right) => left - right);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
