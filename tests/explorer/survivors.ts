const elapsed = "the same slot, made anew or later: what is elapsed twice is elapsed once";
const unmarked = "strict refuses a mark's fill only after a change of identity, which took the entry already";
const crowded = "takes more writers than a world has: shown by tests/protocol/slot_test.ts";

/** The mutants that nothing gives away, each with the reason. */
export const survivors: ReadonlyMap<string, string> = new Map([
  [
    "apply: elapse: if (alive.length === slot.tokens.length) return slot;: if (alive.length === slot.tokens.length) → if (false)",
    elapsed,
  ],
  ["apply: elapseHeld: ? absent: ? → && false ?", elapsed],
  ['apply: elapseHeld: return slot.expires <= at.now || at.level === "pinned": || → &&', elapsed],
  [
    "apply: elapse: return lapse(slot.born, Math.max(...slot.tokens.map((each) => each.deadline)), at);: Math.max → Math.min",
    "history is kept for a part of a lease less, which nobody asks for any more",
  ],
  [
    "apply: hold: const expires = at.now + stored.until;: at.now + stored.until → Infinity",
    "an entry that is current may stay for ever as far as the invariants go: shown by tests/protocol/slot_test.ts",
  ],
  [
    'apply: fill: return held === undefined ? [{ ...slot, mark: undefined }, { _tag: "Refused" }] : [held, filled(held, at)];: ? → && false ?',
    unmarked,
  ],
  [
    'apply: fill: return held === undefined ? [{ ...slot, mark: undefined }, { _tag: "Refused" }] : [held, filled(held, at)];: { ...slot, mark: undefined } → slot',
    unmarked,
  ],
  [
    'apply: fill: return held === undefined ? [{ ...slot, mark: undefined }, { _tag: "Refused" }] : [held, filled(held, at)];: _tag: "Refused" → _tag: "Filled", until: 1',
    unmarked,
  ],
  [
    'apply: lock: if (slot.tokens.length >= mostTokens) return [slot, { _tag: "Crowded" }];: if (slot.tokens.length >= mostTokens) → if (false)',
    crowded,
  ],
  [
    'apply: lock: if (slot.tokens.length >= mostTokens) return [slot, { _tag: "Crowded" }];: _tag: "Crowded" → _tag: "Locked", generation: at.now',
    crowded,
  ],
]);
