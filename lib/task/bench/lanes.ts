/** Does something so many times in sequence. */
export async function inSequence(count: number, one: (index: number) => Promise<number>): Promise<number> {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += await one(i);
  return sum;
}

/** As `inSequence`, where the number is made of what was awaited; see `readInLanes`. */
export async function readInSequence<A>(
  count: number,
  one: (index: number) => Promise<A>,
  numberOf: (result: A) => number,
): Promise<number> {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += numberOf(await one(i));
  return sum;
}

/** How many times each lane has its turn in a measure at least: with fewer there would not be as many at once. */
export const waves = 2;

/** Does something so many times, as many at once as there are lanes; each lane goes on by itself. */
export function inLanes(lanes: number, count: number, one: (index: number) => Promise<number>): Promise<number> {
  return readInLanes(lanes, count, one, (result) => result);
}

/**
 * As `inLanes`, where the number is made of what was awaited: a function around each that awaits it only to do that costs
 * a promise more, which many waiting readers would pay for as if it were the read's.
 */
export async function readInLanes<A>(
  lanes: number,
  count: number,
  one: (index: number) => Promise<A>,
  numberOf: (result: A) => number,
): Promise<number> {
  let next = 0;
  const lane = async (): Promise<number> => {
    let sum = 0;
    while (next < count) sum += numberOf(await one(next++));
    return sum;
  };
  const sums = await Promise.all(Array.from({ length: lanes }, lane));
  return sums.reduce((left, right) => left + right, 0);
}
