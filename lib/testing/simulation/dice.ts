/** Random choices that a seed decides. */
export interface Dice {
  /** A whole number from 0 up to, but not including, the bound. */
  readonly below: (bound: number) => number;
  /** Whether something happens that happens in this share of all cases. */
  readonly chance: (share: number) => boolean;
  /** One of a list that is not empty. */
  readonly pick: <A>(of: readonly [A, ...ReadonlyArray<A>] | ReadonlyArray<A>) => A;
}

/** Dice thrown by a small generator (mulberry32): fast, and the same on every runtime. */
export function diceOf(seed: number): Dice {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    return mix(state) / 4294967296;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  return { below, chance: (share) => next() < share, pick: (of) => of[below(of.length)]! };
}

/**
 * A number from a seed and a text, from 0 up to 2^32. What is drawn for one text does not depend on what was drawn
 * before, so that a run from which something was left out keeps the rest as it was.
 */
export function drawn(seed: number, text: string): number {
  let hash = seed | 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix((hash + 0x6d2b79f5) | 0);
}

function mix(state: number): number {
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return (mixed ^ (mixed >>> 14)) >>> 0;
}
