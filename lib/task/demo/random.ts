/** A source of numbers from 0 to below 1. */
export type Random = () => number;

/**
 * Numbers that are the same for the same seeds, and unrelated for others: what a client of a worker does then depends
 * on its seeds alone, and not on what the others do meanwhile.
 *
 * The generator is mulberry32: 32 bits of state are plenty for traffic of a few seconds.
 */
export function seeded(...seeds: ReadonlyArray<number>): Random {
  let state = seeds.reduce((mixed, seed) => Math.imul(mixed ^ seed, 0x9e3779b1) + 0x7f4a7c15 | 0, 0x243f6a88);
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

/** The most that an exponential delay may exceed its mean: one in 3,000 would, and one of them should not end a run. */
const longest = 8;

/** A delay as a busy service has it: exponential, mostly short and now and then long. */
export function exponential(mean: number, random: Random): number {
  return mean * Math.min(longest, -Math.log(1 - random()));
}

/** The numbers from 0 to below `count` in random order (Fisher and Yates). */
export function shuffled(count: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
