/** How many durations fell into each bucket; each bucket is a tenth longer than the one before. Plain JSON. */
export type Histogram = Array<number>;

/** The first bucket ends at a microsecond, the last one at about three minutes. */
const first = 0.001;
const growth = 1.1;
const buckets = 200;

/** A histogram without durations. */
export function emptyHistogram(): Histogram {
  return new Array<number>(buckets).fill(0);
}

/** Counts a duration in milliseconds. */
export function record(histogram: Histogram, milliseconds: number): void {
  const bucket = Math.ceil(Math.log(Math.max(milliseconds, first) / first) / Math.log(growth));
  histogram[Math.min(buckets - 1, bucket)]! += 1;
}

/** The sum of histograms. */
export function mergeHistograms(histograms: ReadonlyArray<Histogram>): Histogram {
  const merged = emptyHistogram();
  for (const histogram of histograms) histogram.forEach((count, bucket) => merged[bucket]! += count);
  return merged;
}

/** How many durations there are. */
export function countOf(histogram: Histogram): number {
  return histogram.reduce((sum, count) => sum + count, 0);
}

/** The milliseconds that a share of the durations do not exceed, at most a tenth too high; undefined of none. */
export function percentile(histogram: Histogram, share: number): number | undefined {
  const count = countOf(histogram);
  if (count === 0) return undefined;
  let left = Math.max(1, Math.ceil(count * share));
  const bucket = histogram.findIndex((each) => (left -= each) <= 0);
  return first * growth ** bucket;
}
