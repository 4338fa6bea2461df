import type { Random } from "./random.ts";

/** Picks ranks from 0 to below `count`, rank r with a weight of 1 / (r + 1) ** exponent. */
export function zipf(count: number, exponent: number): (random: Random) => number {
  if (!(Number.isInteger(count) && count > 0)) {
    throw new RangeError(`Cannot make a Zipf distribution: expected a positive whole count: received ${count}`);
  }
  const sums = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) sums[rank] = sum += (rank + 1) ** -exponent;
  return (random) => firstAbove(sums, random() * sum);
}

/** The first position whose sum is above a number; the last one if rounding left none. */
function firstAbove(sums: Float64Array, wanted: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sums[middle]! > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}
