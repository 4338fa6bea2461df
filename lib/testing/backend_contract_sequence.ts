import type { Stored } from "../protocol/slot.ts";

/** What is asked of a slot, where `from` is the ask whose generation it uses; without, one that was never given. */
export type Ask =
  | { readonly _tag: "look" }
  | { readonly _tag: "claim"; readonly owner: string }
  | { readonly _tag: "refresh"; readonly owner: string; readonly which: "expired" | "any" }
  | { readonly _tag: "fill"; readonly owner: string; readonly from: number; readonly stored: Stored<Uint8Array> }
  | { readonly _tag: "release"; readonly owner: string; readonly from: number; readonly pass: number }
  | { readonly _tag: "lock"; readonly token: string }
  | {
    readonly _tag: "unlock";
    readonly token: string;
    readonly from: number;
    readonly written: Stored<Uint8Array> | undefined;
  };

/** An ask with the number by which later ones refer to it. */
export interface Asked {
  readonly id: number;
  readonly slot: string;
  readonly ask: Ask;
}

/** One call, some time after the one before. */
export interface Step {
  readonly wait: number;
  readonly asked: ReadonlyArray<Asked>;
}

/** What bounds a sequence: its length, its lease, and whether time passes in it. */
export interface Shape {
  readonly steps: number;
  readonly lease: number;
  readonly passesTime: boolean;
}

/** An ask whose generation nobody was given. */
export const noAsk = -1;

/** Half of what is asked goes to one slot, or few sequences would get far with any. */
const slots = ["a", "a", "b", "c"];
const owners = ["Ann", "Bob", "Cy"];
const tokens = ["t1", "t2", "t3"];

/** The most asks a call: with three slots, 8 repeat each slot several times. */
const mostAsked = 8;

/** A random sequence; the same seed gives the same one. */
export function generate(seed: number, shape: Shape): ReadonlyArray<Step> {
  const dice = roll(seed);
  const earlier: Asked[] = [];
  return Array.from({ length: shape.steps }, () => {
    const count = dice.chance(0.6) ? 1 : dice.below(mostAsked) + 1;
    // A generation is known once its call was answered, so what a call refers to comes from the calls before.
    const asked = Array.from({ length: count }, (_, index) => {
      const replayed = dice.chance(0.06) ? dice.pick(earlier) : undefined;
      const slot = dice.pick(slots)!;
      const ask = replayed?.ask ?? randomAsk(dice, earlier.filter((each) => each.slot === slot), shape);
      return { id: earlier.length + index, slot: replayed?.slot ?? slot, ask };
    });
    earlier.push(...asked);
    return { wait: shape.passesTime ? randomWait(dice, shape.lease) : 1, asked };
  });
}

const kinds = [
  ...["look", "look", "claim", "claim", "claim", "refresh", "refresh", "fill", "fill", "fill"],
  ...["release", "lock", "lock", "unlock", "unlock", "unlock"],
];

/** What often follows: at random alone, long orderly lives (claimed, filled, marked, locked, looked at) are too rare. */
const followers: Readonly<Record<Ask["_tag"], ReadonlyArray<Ask["_tag"]>>> = {
  look: ["claim", "refresh"],
  claim: ["fill", "fill", "release", "lock"],
  refresh: ["fill", "release", "lock", "look"],
  fill: ["refresh", "look", "lock"],
  release: ["look", "claim"],
  lock: ["unlock", "unlock", "lock"],
  unlock: ["look", "claim"],
};

function randomKind(dice: Dice, earlier: ReadonlyArray<Asked>): string | undefined {
  const last = earlier.at(-1);
  return last !== undefined && dice.chance(0.5) ? dice.pick(followers[last.ask._tag]) : dice.pick(kinds);
}

function randomAsk(dice: Dice, earlier: ReadonlyArray<Asked>, shape: Shape): Ask {
  switch (randomKind(dice, earlier)) {
    case "claim":
      return { _tag: "claim", owner: dice.pick(owners)! };
    case "refresh":
      return { _tag: "refresh", owner: dice.pick(owners)!, which: dice.chance(0.5) ? "expired" : "any" };
    case "fill":
      return { _tag: "fill", ...reader(dice, earlier), stored: randomStored(dice, shape) };
    case "release":
      return { _tag: "release", ...reader(dice, earlier), pass: dice.chance(0.5) ? 0 : randomLength(dice, shape) };
    case "lock":
      return { _tag: "lock", token: dice.pick(tokens)! };
    case "unlock":
      return {
        _tag: "unlock",
        ...writer(dice, earlier),
        written: dice.chance(0.6) ? randomStored(dice, shape) : undefined,
      };
    default:
      return { _tag: "look" };
  }
}

function reader(dice: Dice, earlier: ReadonlyArray<Asked>): { readonly owner: string; readonly from: number } {
  const one = recent(dice, earlier.filter(({ ask }) => ask._tag === "claim" || ask._tag === "refresh"));
  const other = dice.pick(owners)!;
  if (one === undefined) return { owner: other, from: noAsk };
  return { owner: "owner" in one.ask && dice.chance(0.9) ? one.ask.owner : other, from: one.id };
}

function writer(dice: Dice, earlier: ReadonlyArray<Asked>): { readonly token: string; readonly from: number } {
  const one = recent(dice, earlier.filter(({ ask }) => ask._tag === "lock"));
  const other = dice.pick(tokens)!;
  if (one === undefined) return { token: other, from: noAsk };
  return { token: "token" in one.ask && dice.chance(0.9) ? one.ask.token : other, from: one.id };
}

/** Mostly the latest, or few fills and unlocks would match; sometimes an older one, whose generation is stale. */
function recent(dice: Dice, asked: ReadonlyArray<Asked>): Asked | undefined {
  return dice.chance(0.6) ? asked.at(-1) : dice.pick(asked);
}

function randomWait(dice: Dice, lease: number): number {
  if (dice.chance(0.55)) return 1;
  if (dice.chance(0.5)) return dice.below(lease) + 1;
  return dice.pick([lease - 1, lease, lease + 1, 2 * lease, 2 * lease + 1, 3 * lease])!;
}

function randomStored(dice: Dice, shape: Shape): Stored<Uint8Array> {
  const length = dice.chance(0.2) ? 0 : dice.below(40) + 1;
  return {
    payload: Uint8Array.from({ length }, () => dice.below(256)),
    age: dice.chance(0.5) ? 0 : dice.below(5 * shape.lease),
    fresh: dice.chance(0.3) ? 0 : randomLength(dice, shape),
    until: randomLength(dice, shape),
  };
}

function randomLength(dice: Dice, { lease, passesTime }: Shape): number {
  if (dice.chance(0.15)) return Infinity;
  // Where the backend's own time passes, nothing that is stored may come due before the sequence ends.
  return passesTime ? dice.below(dice.chance(0.5) ? lease : 6 * lease) + 1 : (dice.below(9) + 2) * lease;
}

interface Dice {
  readonly below: (bound: number) => number;
  readonly chance: (share: number) => boolean;
  readonly pick: <A>(of: ReadonlyArray<A>) => A | undefined;
}

/** A small generator of random numbers (mulberry32): fast, and the same on every runtime. */
function roll(seed: number): Dice {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  return { below, chance: (share) => next() < share, pick: (of) => of[below(of.length)] };
}
