import type { Option } from "fp-ts/lib/Option.js";
import type { Duration, DurationLike } from "../../duration.ts";
import { duration } from "../../duration.ts";
import type { Lifetime } from "./tier.ts";

/**
 * How long an entry may be used, from the start of its load: a duration, `"do not store"`, or a function of the value
 * (none: no such key) and the key that says which.
 */
export type Ttl<V, K = unknown> =
  | DurationLike
  | ((value: Option<V>, key: K) => DurationLike | "do not store");

/** Reads a duration that must end, since something waits for it. */
export function boundedOf(what: string, like: DurationLike): Duration {
  const length = duration(like);
  if (length === Infinity) {
    throw new RangeError(`Cannot bound ${what}: expected a duration that ends: received forever`);
  }
  return length;
}

/** Reads a ttl option; a function that throws, or returns no duration, stores nothing. */
export function lifetimeOf<V>(ttl: Ttl<V>): (value: Option<V>, key: unknown) => Lifetime | "do not store" {
  if (typeof ttl !== "function") {
    const length = duration(ttl);
    const always: Lifetime = { fresh: length, until: length };
    return () => always;
  }
  return (value, key) => {
    try {
      const length = ttl(value, key);
      return length === "do not store" ? length : { fresh: duration(length), until: duration(length) };
    } catch {
      return "do not store";
    }
  };
}
