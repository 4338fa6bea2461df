import type { Absent, Slot } from "./slot.ts";

/** From when on a slot that nobody touches is certainly Absent, at every level: who sweeps it then cannot be seen. */
export function overAt<P>(slot: Exclude<Slot<P>, Absent>, lease: number): number {
  switch (slot._tag) {
    case "Void":
      return slot.expires;
    case "Claimed":
      return slot.deadline + 2 * lease;
    case "Locked":
      return Math.max(...slot.tokens.map((each) => each.deadline)) + 2 * lease;
    case "Held":
      // A mark that outlives the value leaves a claim behind, and that its history.
      return slot.mark !== undefined && slot.mark.deadline > slot.until
        ? Math.max(slot.expires, slot.mark.deadline + 2 * lease)
        : slot.expires;
  }
}
