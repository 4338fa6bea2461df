import type { Option } from "fp-ts/lib/Option.js";
import type { Duration, DurationLike } from "../../duration.ts";
import { duration } from "../../duration.ts";

/**
 * How long an entry is fresh, from the start of its load: a duration, `"do not store"`, or a function of the value
 * (none: no such key) and the key that says which.
 */
export type Ttl<V, K = unknown> =
  | DurationLike
  | ((value: Option<V>, key: K) => DurationLike | "do not store");

/** How long entries live. */
export interface LifetimeOptions<V> {
  /** How long entries are fresh, from the start of their load; without `grace` they may not be used any longer. */
  readonly ttl: Ttl<V>;
  /**
   * Which keys are cached: all by default. Reads of a key that is `passed` do not ask the tier; its writes lock all the
   * same, since another deployment may cache it. A function that throws lets the key pass.
   */
  readonly keys?: (key: unknown) => "cached" | "passed";
  /**
   * How much longer an entry may be used while it is renewed, or while it cannot be: none by default. Grace is for
   * expiry only: a value that a write superseded is never used.
   */
  readonly grace?: DurationLike;
  /** The ttl of "no such key", where it is another one; such entries have no grace. */
  readonly negativeTtl?: DurationLike;
  /**
   * The share, from 0 up to but without 1, by which a ttl is shortened at most, at random: entries that were loaded
   * together then end one after the other. 0 by default.
   */
  readonly jitter?: number;
}

/** For how long an entry is fresh from its load, and for how much longer it is usable. Nothing: it is not stored. */
export interface Lifetime {
  readonly fresh: number;
  readonly grace: number;
}

/** What a tier asks of each value. */
export type LifetimeOf<V> = (value: Option<V>, key: unknown) => Lifetime | "do not store";

/** How many of a key's slots readers use: none of one that passes the tier. */
export function readsOf(keys: LifetimeOptions<never>["keys"], key: unknown, count: number): number {
  if (keys === undefined) return count;
  try {
    return keys(key) === "cached" ? count : 0;
  } catch {
    return 0;
  }
}

/** Reads the options of lifetimes; a ttl function that throws, or returns no duration, stores nothing. */
export function lifetimeOf<V>(options: LifetimeOptions<V>, random: () => number = Math.random): LifetimeOf<V> {
  const { ttl, negativeTtl, jitter = 0 } = options;
  const grace = duration(options.grace ?? "0ms");
  if (grace > 0 && ttl === undefined) throw refused("a ttl, after which the grace begins", "grace without ttl");
  if (grace > 0 && typeof ttl !== "function" && duration(ttl) === Infinity) {
    throw refused("a ttl that ends, after which the grace begins", "grace with a ttl of forever");
  }
  if (!(jitter >= 0 && jitter < 1)) throw refused("a jitter from 0 up to but without 1", jitter);
  const spread = jitter === 0 ? undefined : (length: number) => length * (1 - jitter * random());
  const positive = positiveOf(ttl, grace, spread);
  if (negativeTtl === undefined) return positive;
  const negative = duration(negativeTtl);
  return (value, key) =>
    value._tag === "None" ? { fresh: spread?.(negative) ?? negative, grace: 0 } : positive(value, key);
}

function positiveOf<V>(
  ttl: Ttl<V>,
  grace: Duration,
  spread: ((length: number) => number) | undefined,
): LifetimeOf<V> {
  if (typeof ttl !== "function") {
    const length = duration(ttl);
    const always: Lifetime = { fresh: length, grace };
    return spread === undefined ? () => always : () => ({ fresh: spread(length), grace });
  }
  return (value, key) => {
    try {
      const length = ttl(value, key);
      return length === "do not store" ? length : { fresh: spread?.(duration(length)) ?? duration(length), grace };
    } catch {
      return "do not store";
    }
  };
}

function refused(wanted: string, received: unknown): RangeError {
  return new RangeError(`Cannot read a lifetime: expected ${wanted}: received ${received}`);
}

/** What is stored of a value that was loaded `age` ago: how long it is fresh from now, and how long usable. */
export function remaining({ fresh, grace }: Lifetime, age: number, below: { fresh: number; until: number }): {
  readonly fresh: number;
  readonly until: number;
} {
  // What the tier below says is a bound: an entry is promoted with what is left of it.
  const left = Math.min(fresh - age, below.fresh, below.until);
  return { fresh: Math.max(0, left), until: Math.min(left + grace, below.until) };
}
