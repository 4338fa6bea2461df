/** Does something so many times in sequence. */
export async function inSequence(count: number, one: (index: number) => Promise<number>): Promise<number> {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += await one(i);
  return sum;
}

/** Does something so many times, as many at once as there are lanes; each lane goes on by itself. */
export async function inLanes(
  lanes: number,
  count: number,
  one: (index: number) => Promise<number>,
): Promise<number> {
  let next = 0;
  const lane = async (): Promise<number> => {
    let sum = 0;
    while (next < count) sum += await one(next++);
    return sum;
  };
  const sums = await Promise.all(Array.from({ length: lanes }, lane));
  return sums.reduce((left, right) => left + right, 0);
}
