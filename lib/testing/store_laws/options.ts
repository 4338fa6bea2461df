import type { DurationLike } from "../../duration.ts";
import { demand } from "./check.ts";
import type { Law } from "./laws.ts";
import type { Fault } from "./play.ts";
import type { Material, Step } from "./script.ts";
import { scriptOf } from "./script.ts";

/** How much is tried. */
export interface LawsOptions {
  /** How many scripts a law; 200 unless told, which takes a second or two for all laws. */
  readonly scripts?: number;
  /** The most steps of a script; 10 unless told: what breaks a law breaks it in three. */
  readonly steps?: number;
  /** The first script's seed; a failure names its own. */
  readonly seed?: number;
  /** When leases are over after they were taken: "10s", as those of the tiers are, unless told. */
  readonly leases?: DurationLike;
  /** `false` for a store that does not use the clock that it is given: what takes time is left out. */
  readonly passesTime?: boolean;
  /** `false` for a store that refuses transactions: these are left out. */
  readonly transacts?: boolean;
}

/** Keys and values, where texts will not do. */
export interface LawsMaterial<K, V> {
  /** A few keys, all different; three or more. */
  readonly keys: ReadonlyArray<K>;
  /** A value that differs from those of other numbers, and is never undefined. */
  readonly makeValue: (number: number) => V;
}

const texts: LawsMaterial<string, string> = {
  keys: ["a", "b", "c", "d"],
  // Among them one that is easily taken for none.
  makeValue: (number) => number === 1 ? "" : `v${number}`,
};

/** What scripts are made of. Throws a RangeError for fewer keys than tell an order from another. */
export function materialOf<K, V>(options: Partial<LawsMaterial<K, V>>): Material<K, V> {
  // Who gives no keys and values has texts, as the overloads say.
  const material = { ...texts, ...options } as unknown as Material<K, V>;
  const { keys } = material;
  if (keys.length >= 3) return material;
  throw new RangeError(`Cannot check the laws: expected three keys or more: received ${keys.length}`);
}

/** Performs the scripts of a law, and throws for the first one that fails. */
export async function eachScript<K, V>(
  { scripts = 200, steps = 10, seed = 1, passesTime = true, transacts = true }: LawsOptions,
  law: Law,
  material: Material<K, V>,
  check: (script: ReadonlyArray<Step<K, V>>) => Promise<Fault>,
): Promise<void> {
  const doings = law.doings.filter((does) =>
    (passesTime || does !== "pass") && (transacts || !does.startsWith("transact"))
  );
  for (let index = 0; index < scripts; index++) {
    await demand(seed + index, scriptOf(seed + index, steps, doings, material), check);
  }
}
