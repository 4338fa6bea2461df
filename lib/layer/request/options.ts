import type { Clock } from "../../clock.ts";
import { systemClock } from "../../clock.ts";
import type { Unstored } from "../../draft.ts";

/** What bounds a scope. */
export interface ScopeOptions {
  /** The most keys it remembers, and the most drafts that are changed, 10,000 by default: no page shows more. */
  readonly capacity?: number;
  /** The most keys of one read below, 1,000 by default: as many as a Redis is asked for in one command. */
  readonly maxSize?: number;
  /** Whether its readers get frozen copies, or copies of what cannot be frozen (default); or the loaded object itself. */
  readonly values?: "isolated" | "shared";
  /** Whether a read after one that failed asks again (default), or fails alike for as long as the scope lives. */
  readonly failures?: "retry" | "keep";
  /** Told of drafts that could not be stored at the end. */
  readonly onUnstored?: (unstored: ReadonlyArray<Unstored>) => void;
  /** The time, {@linkcode systemClock} by default. */
  readonly clock?: Clock;
}

/** The options with their defaults. */
export type ScopeSettings = Required<ScopeOptions>;

/** Reads the options; throws a RangeError on one that is out of range. */
export function settingsOf(options: ScopeOptions): ScopeSettings {
  const { capacity = 10_000, maxSize = 1_000, values = "isolated", failures = "retry" } = options;
  for (const [name, value] of Object.entries({ capacity, maxSize })) {
    if (!(Number.isInteger(value) && value > 0)) {
      throw new RangeError(`Cannot build a scope: expected a positive whole ${name}: received ${value}`);
    }
  }
  const { onUnstored = () => {}, clock = systemClock } = options;
  return { capacity, maxSize, values, failures, onUnstored, clock };
}
