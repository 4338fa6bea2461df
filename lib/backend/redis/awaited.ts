import type { Buffer } from "node:buffer";
import { deadlines, flags, isMarked, letters } from "./value.ts";

/**
 * For how many milliseconds yet another reader may be at work on a slot, by its value, its key's ttl (an answer to PTTL)
 * and the server's time as estimated; undefined if none is. What is already over by that estimate may not be yet.
 */
export function workLeft(value: Buffer | null, ttl: number, now: number): number | undefined {
  if (value === null) return undefined;
  try {
    switch (value[0]) {
      case letters.claimed:
        // -1: it has no ttl; -2: it has gone since its value was read.
        return ttl >= 0 ? ttl : ttl === -1 ? Infinity : undefined;
      case letters.claimedByScript:
        return value.readDoubleBE(deadlines.claim) - now;
      case letters.held:
        return (value[flags]! & isMarked) === 0 ? undefined : value.readDoubleBE(deadlines.mark) - now;
      default:
        return undefined;
    }
  } catch {
    // Shorter than it should be: none of ours.
    return undefined;
  }
}
