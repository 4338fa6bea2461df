import type { Option } from "fp-ts/lib/Option.js";
import type { MemoryBackend } from "../../backend/memory.ts";
import type { Cancel } from "../../clock.ts";
import { type Duration, milliseconds } from "../../duration.ts";
import type { Identity } from "../../key.ts";

/** What a memory tier has of a key. */
export interface MemoryKept {
  /** The key, or for a structured one the text that stands for it. */
  readonly key: Identity;
  /** A value, "no such key", or nothing yet: it is being loaded, or written. */
  readonly state: "value" | "absent" | "loading" | "writing";
  /** Since the value's load began; 0 where there is none. */
  readonly age: Duration;
  /** For how long it is fresh yet. */
  readonly fresh: Duration;
}

/** What can be done with memory tiers from outside, in this process. */
export interface MemoryControls {
  /** How many keys they have something of, and how many bytes that is, where they are counted (`maxBytes`). */
  readonly size: () => { readonly slots: number; readonly bytes: number };
  /** What they have; it takes as long as there is. */
  readonly inspect: () => ReadonlyArray<MemoryKept>;
  /** Forgets all that they have; what is being loaded or written is not kept. */
  readonly flush: () => void;
  /** `off`: forgets all, and lets every read pass from now on, while writes go on as before. */
  readonly turn: (mode: "on" | "off") => void;
}

/** A handle on the memory tiers that were given it, wherever in a stack they stand. */
export interface MemoryRoom extends MemoryControls {
  /** A tier says that it is there, until it is closed. */
  readonly enter: (tier: MemoryControls) => Cancel;
}

/**
 * A handle for memory tiers: to look into them, to empty them, and to switch them off.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memory, memoryRoom, source } from "@lamina/cache";
 *
 * const room = memoryRoom();
 * const load = async (keys: ReadonlyArray<string>) => keys.map((key) => key.length);
 * await using lengths = memory({ capacity: 10_000, room })(source({ load }));
 *
 * await lengths.get("four")();
 * assertEquals(room.inspect().map(({ key, state }) => [key, state]), [["four", "value"]]);
 * room.flush();
 * assertEquals(room.size().slots, 0);
 * room.turn("off");
 * await lengths.get("four")();
 * assertEquals(room.size().slots, 0);
 * ```
 */
export function memoryRoom(): MemoryRoom {
  const tiers = new Set<MemoryControls>();
  let now: "on" | "off" = "on";
  return {
    enter: (tier) => {
      tiers.add(tier);
      if (now === "off") tier.turn(now);
      return () => void tiers.delete(tier);
    },
    size: () => {
      let [slots, bytes] = [0, 0];
      for (const tier of tiers) {
        const size = tier.size();
        slots += size.slots;
        bytes += size.bytes;
      }
      return { slots, bytes };
    },
    inspect: () => [...tiers].flatMap((tier) => tier.inspect()),
    flush: () => tiers.forEach((tier) => tier.flush()),
    turn: (mode) => {
      now = mode;
      tiers.forEach((tier) => tier.turn(mode));
    },
  };
}

/** What the backend of a tier keeps now. */
export function keptIn<V>({ inspect }: MemoryBackend<Option<V>, Identity>, now: number): ReadonlyArray<MemoryKept> {
  const none = milliseconds(0);
  return inspect().flatMap(([key, slot]): ReadonlyArray<MemoryKept> => {
    switch (slot._tag) {
      case "Held": {
        if (slot.until <= now) return [];
        const state = slot.payload._tag === "Some" ? "value" : "absent";
        return [{
          key,
          state,
          age: milliseconds(now - slot.loaded),
          fresh: milliseconds(Math.max(0, slot.fresh - now)),
        }];
      }
      case "Claimed":
        return [{ key, state: "loading", age: none, fresh: none }];
      case "Locked":
        return [{ key, state: "writing", age: none, fresh: none }];
      default:
        return [];
    }
  });
}
