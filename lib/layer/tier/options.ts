import type { Duration, DurationLike } from "../../duration.ts";
import { duration } from "../../duration.ts";

/** Reads a duration that must end, since something waits for it. */
export function boundedOf(what: string, like: DurationLike): Duration {
  const length = duration(like);
  if (length === Infinity) {
    throw new RangeError(`Cannot bound ${what}: expected a duration that ends: received forever`);
  }
  return length;
}
