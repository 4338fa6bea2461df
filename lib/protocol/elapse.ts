import type { Absent, At, Held, Slot, Void } from "./slot.ts";
import { absent } from "./slot.ts";

/**
 * What a slot has become by the time, and by the server's change of identity, alone.
 *
 * It depends on when things came due, not on who looked when: elapsing twice is elapsing once. So it cannot be seen
 * whether a backend writes back what it finds elapsed, or sweeps it away.
 *
 * @example A claim is over with its lease
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { absent, apply, type At, elapse } from "@lamina/cache/protocol";
 *
 * const at: At = { now: 0, lease: 10_000, level: "pinned", identity: "a", changed: -Infinity };
 * const [claimed] = apply<string>(absent, { _tag: "claim", owner: "reader" }, at);
 * assertEquals([elapse(claimed, at)._tag, elapse(claimed, { ...at, now: 10_000 })._tag], ["Claimed", "Absent"]);
 * ```
 */
export function elapse<P>(slot: Slot<P>, at: At): Slot<P> {
  switch (slot._tag) {
    case "Absent":
      return slot;
    case "Void":
      return slot.expires <= at.now || (at.level === "pinned" && slot.pass <= at.now) ? absent : slot;
    case "Claimed":
      return slot.deadline <= at.now ? lapse(slot.born, slot.deadline, at) : slot;
    case "Locked": {
      const alive = slot.tokens.filter((each) => each.deadline > at.now);
      if (alive.length === slot.tokens.length) return slot;
      if (alive.length > 0) return { ...slot, tokens: alive };
      return lapse(slot.born, Math.max(...slot.tokens.map((each) => each.deadline)), at);
    }
    case "Held":
      return elapseHeld(slot, at);
  }
}

function elapseHeld<P>(slot: Held<P>, at: At): Slot<P> {
  if (slot.identity !== at.identity) return absent;
  if (slot.until > at.now) {
    return slot.mark === undefined || slot.mark.deadline > at.now ? slot : { ...slot, mark: undefined };
  }
  if (slot.mark !== undefined && slot.mark.deadline > slot.until) {
    return elapse({ _tag: "Claimed", born: slot.born, ...slot.mark }, at);
  }
  return slot.expires <= at.now || at.level === "pinned"
    ? absent
    : { _tag: "Void", born: slot.born, pass: -Infinity, expires: slot.expires };
}

/** A slot that lost its value, claim or locks now. */
export function vacate(born: number, at: At): Absent | Void {
  return lapse(born, at.now, at);
}

/** A slot empty since a moment. Its history matters only to probation; it is kept for as long as that can ask for it. */
function lapse(born: number, since: number, at: At): Absent | Void {
  const expires = since + 2 * at.lease;
  if (at.level === "pinned" || expires <= at.now) return absent;
  return { _tag: "Void", born, pass: -Infinity, expires };
}
