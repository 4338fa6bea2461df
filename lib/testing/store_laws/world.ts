import { inspect, isDeepStrictEqual } from "node:util";
import * as O from "fp-ts/lib/Option.js";
import { systemClock } from "../../clock.ts";
import type { Deadline } from "../../deadline.ts";
import { orLate } from "../../deadline.ts";
import { idOf } from "../../source/loader.ts";
import { source } from "../../source/source.ts";
import type { Change, Store } from "../../store.ts";
import type { VirtualClock } from "../virtual_clock.ts";
import { virtualClock } from "../virtual_clock.ts";
import { transactionsOf } from "./truth.ts";

/** Makes the store that is tested: a layer in front of the store below, whose time is that clock's. */
export type MakeStore<K, V> = (below: Store<K, V>, clock: VirtualClock) => Store<K, V>;

/** A store in front of a source that a script can see and change. */
export interface World<K, V> {
  readonly clock: VirtualClock;
  readonly store: Store<K, V>;
  /** The source as a store. */
  readonly below: Store<K, V>;
  readonly rows: Map<unknown, V>;
  /** Whether the source refuses what is saved. */
  refusing: boolean;
  /**
   * How the next commits of transactions end, other than well: the first one `conflict`, to be run anew; or unknown, and
   * applied after so many milliseconds, or never.
   */
  commits: Array<"conflict" | number>;
  /** How often the source was asked to load. */
  loads: number;
  /** What was answered, in words. */
  readonly answers: Array<string>;
}

/** A world with some rows, and one without. */
export function worldOf<K, V>(make: MakeStore<K, V>, rows: ReadonlyArray<readonly [K, V]>): World<K, V> {
  const clock = virtualClock();
  const known = new Map(rows.map(([key, value]) => [idOf(key), value]));
  const below = source<K, V>({
    load: (keys) => {
      world.loads += 1;
      return Promise.resolve(keys.map((key) => known.get(idOf(key))));
    },
    save: (changes: ReadonlyArray<Change<K, V>>, _within: Deadline) => {
      if (world.refusing) return Promise.reject(new Error("refused"));
      for (const { key, value } of changes) assign(world, key, O.toUndefined(value));
      return Promise.resolve();
    },
    transaction: transactionsOf(() => world),
    outcomeOf: () => "aborted",
    clock,
  });
  const world: World<K, V> = {
    clock,
    store: make(below, clock),
    below,
    rows: known,
    refusing: false,
    commits: [],
    loads: 0,
    answers: [],
  };
  return world;
}

/** Changes a row of the source. */
export function assign<K, V>({ rows }: World<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) rows.delete(idOf(key));
  else rows.set(idOf(key), value);
}

/** What the source has. */
export function truthOf<K, V>({ rows }: World<K, V>, key: K): V | undefined {
  return rows.get(idOf(key));
}

/** How long an answer may take: of the world's time, or of real time where the store has a clock of its own. */
const patience = 60_000;
const realPatience = 5_000;

/** Nothing was answered. */
export const silent: unique symbol = Symbol("silent");

/** Waits for an answer while the world's time goes on; a rejection is an answer of its own kind. */
export async function answered<K, V, A>(
  { clock }: World<K, V>,
  ask: () => Promise<A>,
): Promise<{ readonly value: A } | { readonly rejected: unknown } | typeof silent> {
  let answer: { readonly value: A } | { readonly rejected: unknown } | undefined;
  const asked = Promise.resolve().then(ask).then(
    (value) => void (answer = { value }),
    (rejected) => void (answer = { rejected }),
  );
  for (let passed = 0, step = 0; answer === undefined && passed <= patience; passed += step, step = 2 * step + 1) {
    await clock.advance(step);
  }
  if (answer === undefined) await orLate(systemClock, realPatience, asked);
  return answer ?? silent;
}

/** Whether two values are the same, wherever they are. */
export function isSame(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(left, right);
}

/** A value in words. */
export function show(value: unknown): string {
  return value === undefined ? "nothing" : inspect(value, { breakLength: Infinity, depth: 4 });
}
