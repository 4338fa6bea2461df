import type { Listener } from "./backend/port.ts";
import type { Cancel } from "./clock.ts";

export type { Listener } from "./backend/port.ts";

/**
 * What a store can tell of what other processes do, for the tiers of this process that stand on it.
 *
 * A layer passes on what the store below tells, as it passes on its save; one that remembers by itself does not.
 */
export interface Changes<K> {
  /** The epoch that all entries below belong to; undefined where they carry none. */
  readonly world: World | undefined;
  /** Word of each slot below; undefined where nobody sends it. */
  readonly slots: SlotChanges<K> | undefined;
}

/** The epoch of a region, as this process knows it. */
export interface World {
  /** From now on the listener is told, and at once until when the epoch that is known may be gone by. */
  readonly listen: (listener: WorldListener) => Cancel;
  /** Learns the epoch anew, once for all that ask at this moment; ends after so many milliseconds at the latest. */
  readonly renew: (within: number) => Promise<void>;
}

/** Who goes by the epoch of a region. */
export interface WorldListener {
  /** Another epoch began: what is of before is gone (`hard`), or stale (`soft`), and what is under way is of before. */
  readonly changed: (mode: "hard" | "soft") => void;
  /** Until when, on the tier's clock, this process may go by the epoch that it knows. */
  readonly known: (until: number) => void;
}

/** Word of changes to the slots that a store's keys have below. */
export interface SlotChanges<K> {
  /** The names of a key's slots; none where the key is refused. */
  readonly of: (key: K) => ReadonlyArray<unknown>;
  /** From now on reads are watched, and the listener is told. */
  readonly listen: (listener: Listener<unknown>) => Cancel;
}
