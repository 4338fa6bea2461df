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

/**
 * By how much one measure is above another that was taken in the same rounds: the difference of the medians, and the range
 * of the rounds' own. Its spread is the wider one of the two measures': a difference may be next to nothing.
 */
export function differenceOf(values: ReadonlyArray<number>, floor: ReadonlyArray<number>): Summary {
  const [above, below] = [summarize(values), summarize(floor)];
  const each = summarize(values.map((value, round) => value - floor[round]!));
  return { ...each, median: above.median - below.median, spread: Math.max(above.spread, below.spread) };
}
