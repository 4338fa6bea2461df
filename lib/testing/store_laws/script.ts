import type { Dice } from "../simulation/dice.ts";
import { diceOf } from "../simulation/dice.ts";

/**
 * What a step of a script does to a store.
 *
 * `read together` is many single reads of one turn. Of a mutate, `told` says what it wrote, `of more` that it wrote keys
 * which it names only afterwards; `aborted` was certainly not applied; of the unknown ones, nobody knows whether they
 * were applied, not, or will be later, and the leases end after them. A transaction is run `together` with the source, as
 * one of two stores; `twice` if its first attempt met another one; and `failed` if its body does. `invalidate` follows a change behind the store's
 * back. `pass` lets time pass.
 */
export type Doing =
  | "get"
  | "getMany"
  | "entries"
  | "force"
  | "peek"
  | "read together"
  | "put"
  | "remove"
  | "mutate"
  | "mutate, told"
  | "mutate, of more"
  | "mutate, aborted"
  | "mutate, unknown, applied"
  | "mutate, unknown, not applied"
  | "mutate, unknown, applied later"
  | "put, refused"
  | "transact"
  | "transact, together"
  | "transact, twice"
  | "transact, failed"
  | "transact, unknown, applied"
  | "transact, unknown, not applied"
  | "invalidate"
  | "pass";

/** One step of a script. */
export interface Step<K, V> {
  readonly does: Doing;
  readonly keys: ReadonlyArray<K>;
  /** What is written to the keys; undefined removes. */
  readonly values: ReadonlyArray<V | undefined>;
  /** How long passes, or how much later something is applied. */
  readonly milliseconds: number;
}

/** What scripts are made of. */
export interface Material<K, V> {
  readonly keys: ReadonlyArray<K>;
  /** A value that differs from those of other numbers. */
  readonly makeValue: (number: number) => V;
}

/** A random script of some of the steps; the same seed gives the same one. */
export function scriptOf<K, V>(
  seed: number,
  steps: number,
  doings: ReadonlyArray<Doing>,
  { keys, makeValue }: Material<K, V>,
): ReadonlyArray<Step<K, V>> {
  const dice = diceOf(seed);
  let count = 0;
  return Array.from({ length: 1 + dice.below(steps) }, (): Step<K, V> => {
    const does = dice.pick(doings);
    const chosen = keysFor(does, keys, dice);
    const values = chosen.map(() =>
      does === "remove" || dice.chance(0.25) && does !== "put" ? undefined : makeValue(++count)
    );
    return { does, keys: chosen, values, milliseconds: dice.chance(0.5) ? dice.below(5_000) : dice.below(100_000) };
  });
}

const ofOne: ReadonlySet<Doing> = new Set<Doing>(["get", "peek", "put", "put, refused", "remove"]);

function keysFor<K>(does: Doing, keys: ReadonlyArray<K>, dice: Dice): ReadonlyArray<K> {
  if (does === "pass") return [];
  if (ofOne.has(does)) return [dice.pick(keys)];
  // Often the same key twice; sometimes no key at all, where that means something.
  const fewest = does.startsWith("mutate") || does.startsWith("transact") ? 1 : 0;
  return Array.from({ length: fewest + dice.below(6) }, () => dice.pick(keys));
}

/** A step in words. */
export function showStep<K, V>(
  { does, keys, values, milliseconds }: Step<K, V>,
  show: (what: unknown) => string,
): string {
  if (does === "pass") return `${milliseconds} ms pass`;
  const writes = /^(mutate|put|transact|invalidate)/.test(does);
  const each = keys.map((key, i) => {
    if (!writes) return show(key);
    return values[i] === undefined ? `${show(key)} removed` : `${show(key)} = ${show(values[i])}`;
  });
  return `${does}: ${each.length === 0 ? "nothing" : each.join(", ")}`;
}
