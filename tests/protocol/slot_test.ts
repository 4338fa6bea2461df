/** Every cell of the slot's table: what each operation makes of each state, and what it answers. */
import { assertEquals } from "@std/assert";
import type { At, Held, Level, Operation, Slot, Stored } from "../../lib/protocol/slot.ts";
import { absent, apply, mostTokens } from "../../lib/protocol/slot.ts";

const lease = 10;
const now = 100;

function at(over: Partial<At> = {}): At {
  return { now, lease, level: "pinned", identity: "a", changed: -Infinity, ...over };
}

const stored: Stored<string> = { payload: "new", age: 1, fresh: 20, until: 50 };
const held: Held<string> = {
  _tag: "Held",
  born: 50,
  payload: "old",
  loaded: 90,
  fresh: 120,
  until: 150,
  expires: 150,
  identity: "a",
  mark: undefined,
};
const mark = { owner: "me", generation: 95, deadline: 105 };
const claimed: Slot<string> = { _tag: "Claimed", born: 50, ...mark };
const mine = { token: "mine", generation: 95, deadline: 105 };
const theirs = { token: "theirs", generation: 96, deadline: 106 };
const states: Readonly<Record<string, Slot<string>>> = {
  Absent: absent,
  Void: { _tag: "Void", born: 50, pass: -Infinity, expires: 200 },
  Passed: { _tag: "Void", born: 50, pass: 130, expires: 200 },
  Claimed: claimed,
  Locked: { _tag: "Locked", born: 50, tokens: [mine], contended: false },
  Shared: { _tag: "Locked", born: 50, tokens: [mine, theirs], contended: true },
  Contended: { _tag: "Locked", born: 50, tokens: [mine], contended: true },
  Strange: { _tag: "Locked", born: 50, tokens: [theirs], contended: false },
  Held: held,
  Marked: { ...held, mark },
};

const operations: Readonly<Record<string, Operation<string>>> = {
  "look": { _tag: "look" },
  "claim by the same": { _tag: "claim", owner: "me" },
  "claim by another": { _tag: "claim", owner: "you" },
  "refresh if expired": { _tag: "refresh", owner: "you", which: "expired" },
  "refresh by the same": { _tag: "refresh", owner: "me", which: "any" },
  "refresh by another": { _tag: "refresh", owner: "you", which: "any" },
  "fill": { _tag: "fill", owner: "me", generation: 95, stored },
  "fill of another generation": { _tag: "fill", owner: "me", generation: 94, stored },
  "fill by another": { _tag: "fill", owner: "you", generation: 95, stored },
  "release": { _tag: "release", owner: "me", generation: 95, pass: 0 },
  "release by another": { _tag: "release", owner: "you", generation: 95, pass: 0 },
  "release with a pass": { _tag: "release", owner: "me", generation: 95, pass: 30 },
  "lock": { _tag: "lock", token: "new" },
  "lock again": { _tag: "lock", token: "mine" },
  "unlock": { _tag: "unlock", token: "mine", generation: 95, written: undefined },
  "unlock and publish": { _tag: "unlock", token: "mine", generation: 95, written: stored },
  "unlock of another generation": { _tag: "unlock", token: "mine", generation: 94, written: stored },
};

/** A slot in a few words: its state, who stands in it, and what it carries. */
function brief(slot: Slot<string>): string {
  switch (slot._tag) {
    case "Absent":
      return "Absent";
    case "Void":
      return slot.pass > now ? "Void until a pass" : "Void";
    case "Claimed":
      return `Claimed by ${slot.owner}`;
    case "Locked":
      return `Locked by ${slot.tokens.map((each) => each.token).join(" and ")}${slot.contended ? ", contended" : ""}`;
    case "Held":
      return `Held ${slot.payload}${slot.mark === undefined ? "" : `, marked by ${slot.mark.owner}`}`;
  }
}

/** `=`: the slot stays as it is. Operations that are not named stay and answer as the entry `otherwise` says. */
const table: Readonly<Record<string, Readonly<Record<string, readonly [string, string]>>>> = {
  Absent: {
    "look": ["=", "Vacant"],
    "claim by the same": ["Claimed by me", "Mine"],
    "claim by another": ["Claimed by you", "Mine"],
    "refresh if expired": ["Claimed by you", "Mine"],
    "refresh by the same": ["Claimed by me", "Mine"],
    "refresh by another": ["Claimed by you", "Mine"],
    "lock": ["Locked by new", "Locked"],
    "lock again": ["Locked by mine", "Locked"],
    "unlock": ["=", "Lost"],
    "unlock and publish": ["=", "Lost"],
    "unlock of another generation": ["=", "Lost"],
    "otherwise": ["=", "Refused"],
  },
  Void: {
    "look": ["=", "Vacant"],
    "claim by the same": ["Claimed by me", "Mine"],
    "claim by another": ["Claimed by you", "Mine"],
    "refresh if expired": ["Claimed by you", "Mine"],
    "refresh by the same": ["Claimed by me", "Mine"],
    "refresh by another": ["Claimed by you", "Mine"],
    "lock": ["Locked by new", "Locked"],
    "lock again": ["Locked by mine", "Locked"],
    "unlock": ["=", "Lost"],
    "unlock and publish": ["=", "Lost"],
    "unlock of another generation": ["=", "Lost"],
    "otherwise": ["=", "Refused"],
  },
  Passed: {
    "look": ["=", "Pass"],
    "claim by the same": ["=", "Pass"],
    "claim by another": ["=", "Pass"],
    "refresh if expired": ["=", "Pass"],
    "refresh by the same": ["=", "Pass"],
    "refresh by another": ["=", "Pass"],
    "lock": ["Locked by new", "Locked"],
    "lock again": ["Locked by mine", "Locked"],
    "unlock": ["=", "Lost"],
    "unlock and publish": ["=", "Lost"],
    "unlock of another generation": ["=", "Lost"],
    "otherwise": ["=", "Refused"],
  },
  Claimed: {
    "claim by the same": ["=", "Mine"],
    "refresh by the same": ["=", "Mine"],
    "fill": ["Held new", "Filled"],
    "fill of another generation": ["=", "Refused"],
    "fill by another": ["=", "Refused"],
    "release": ["Void", "Released"],
    "release by another": ["=", "Refused"],
    "release with a pass": ["Void until a pass", "Released"],
    "lock": ["Locked by new", "Locked"],
    "lock again": ["Locked by mine", "Locked"],
    "unlock": ["Void", "Lost"],
    "unlock and publish": ["Void", "Lost"],
    "unlock of another generation": ["Void", "Lost"],
    "otherwise": ["=", "Busy"],
  },
  Locked: {
    "fill": ["=", "Refused"],
    "fill of another generation": ["=", "Refused"],
    "fill by another": ["=", "Refused"],
    "release": ["=", "Refused"],
    "release by another": ["=", "Refused"],
    "release with a pass": ["=", "Refused"],
    "lock": ["Locked by mine and new, contended", "Locked"],
    "lock again": ["=", "Locked"],
    "unlock": ["Void", "Cleared"],
    "unlock and publish": ["Held new", "Published"],
    "unlock of another generation": ["Locked by mine, contended", "Foreign"],
    "otherwise": ["=", "Guarded"],
  },
  Shared: {
    "fill": ["=", "Refused"],
    "fill of another generation": ["=", "Refused"],
    "fill by another": ["=", "Refused"],
    "release": ["=", "Refused"],
    "release by another": ["=", "Refused"],
    "release with a pass": ["=", "Refused"],
    "lock": ["Locked by mine and theirs and new, contended", "Locked"],
    "lock again": ["=", "Locked"],
    "unlock": ["Locked by theirs, contended", "Shared"],
    "unlock and publish": ["Locked by theirs, contended", "Shared"],
    "unlock of another generation": ["=", "Foreign"],
    "otherwise": ["=", "Guarded"],
  },
  Contended: {
    "fill": ["=", "Refused"],
    "fill of another generation": ["=", "Refused"],
    "fill by another": ["=", "Refused"],
    "release": ["=", "Refused"],
    "release by another": ["=", "Refused"],
    "release with a pass": ["=", "Refused"],
    "lock": ["Locked by mine and new, contended", "Locked"],
    "lock again": ["=", "Locked"],
    "unlock": ["Void", "Cleared"],
    "unlock and publish": ["Void", "Cleared"],
    "unlock of another generation": ["=", "Foreign"],
    "otherwise": ["=", "Guarded"],
  },
  Strange: {
    "fill": ["=", "Refused"],
    "fill of another generation": ["=", "Refused"],
    "fill by another": ["=", "Refused"],
    "release": ["=", "Refused"],
    "release by another": ["=", "Refused"],
    "release with a pass": ["=", "Refused"],
    "lock": ["Locked by theirs and new, contended", "Locked"],
    "lock again": ["Locked by theirs and mine, contended", "Locked"],
    "unlock": ["Locked by theirs, contended", "Foreign"],
    "unlock and publish": ["Locked by theirs, contended", "Foreign"],
    "unlock of another generation": ["Locked by theirs, contended", "Foreign"],
    "otherwise": ["=", "Guarded"],
  },
  Held: {
    "refresh by the same": ["Held old, marked by me", "Mine"],
    "refresh by another": ["Held old, marked by you", "Mine"],
    "fill": ["=", "Refused"],
    "fill of another generation": ["=", "Refused"],
    "fill by another": ["=", "Refused"],
    "release": ["=", "Refused"],
    "release by another": ["=", "Refused"],
    "release with a pass": ["=", "Refused"],
    "lock": ["Locked by new", "Locked"],
    "lock again": ["Locked by mine", "Locked"],
    "unlock": ["Void", "Lost"],
    "unlock and publish": ["Void", "Lost"],
    "unlock of another generation": ["Void", "Lost"],
    "otherwise": ["=", "Hit"],
  },
  Marked: {
    "refresh by the same": ["=", "Mine"],
    "fill": ["Held new", "Filled"],
    "fill of another generation": ["=", "Refused"],
    "fill by another": ["=", "Refused"],
    "release": ["Held old", "Released"],
    "release by another": ["=", "Refused"],
    "release with a pass": ["Void until a pass", "Released"],
    "lock": ["Locked by new", "Locked"],
    "lock again": ["Locked by mine", "Locked"],
    "unlock": ["Void", "Lost"],
    "unlock and publish": ["Void", "Lost"],
    "unlock of another generation": ["Void", "Lost"],
    "otherwise": ["=", "Hit"],
  },
};

for (const [state, cells] of Object.entries(table)) {
  Deno.test(`a slot that is ${state} answers each operation as its row of the table says`, () => {
    for (const [name, operation] of Object.entries(operations)) {
      const [expected, reply] = cells[name] ?? cells["otherwise"]!;
      // Under probation a slot without a value keeps its history, which pinned need not.
      for (const level of ["pinned", "probation"] as const) {
        const before = states[state]!;
        if (level === "pinned" && state === "Void") continue;
        const [after, answer] = apply(before, operation, at({ level }));
        const wanted = expected === "="
          ? brief(before)
          : level === "pinned" && expected === "Void"
          ? "Absent"
          : expected;
        assertEquals([name, level, brief(after), answer._tag], [name, level, wanted, reply]);
      }
    }
  });
}

/** What has become of a state at a later time. */
function later(state: string, time: number, level: Level = "probation", identity = "a"): string {
  return brief(apply(states[state]!, { _tag: "look" }, at({ now: time, level, identity }))[0]);
}

Deno.test("a claim, a mark and each token end at their own deadlines, an entry at its until", () => {
  assertEquals([later("Claimed", 104), later("Claimed", 105)], ["Claimed by me", "Void"]);
  assertEquals([later("Marked", 104), later("Marked", 105)], ["Held old, marked by me", "Held old"]);
  assertEquals(later("Shared", 105), "Locked by theirs, contended");
  assertEquals([later("Shared", 106), later("Locked", 105)], ["Void", "Void"]);
  assertEquals([later("Held", 149), later("Held", 150, "pinned")], ["Held old", "Absent"]);
});

Deno.test("entries of another identity count as absent, locks stay", () => {
  assertEquals([later("Held", now, "pinned", "b"), later("Marked", now, "pinned", "b")], ["Absent", "Absent"]);
  assertEquals(later("Locked", now, "pinned", "b"), "Locked by mine");
});

/** Until when an entry lives that is filled now, for a claim of this generation in a slot of this birth. */
function filledUntil(born: number, generation: number, over: Partial<At>): number | string {
  const slot: Slot<string> = { _tag: "Claimed", born, owner: "me", generation, deadline: now + lease };
  const [after] = apply(slot, { _tag: "fill", owner: "me", generation, stored }, at(over));
  return after._tag === "Held" ? after.until : after._tag;
}

Deno.test("probation ends an entry a lease after its slot's birth, if its claim was taken within that lease", () => {
  assertEquals(filledUntil(95, 95, { level: "probation" }), 105);
  assertEquals(filledUntil(85, 94, { level: "probation" }), 95);
  assertEquals(filledUntil(85, 95, { level: "probation" }), now + stored.until);
  assertEquals(filledUntil(95, 95, { level: "pinned" }), now + stored.until);
  assertEquals(filledUntil(95, 95, { level: "strict" }), "Void");
});

Deno.test("every level is on probation for a lease after the server's identity changed", () => {
  assertEquals(filledUntil(50, 98, { level: "pinned", changed: 97 }), 107);
  assertEquals(filledUntil(50, 98, { level: "pinned", changed: 88 }), now + stored.until);
});

Deno.test("a claim or lock that was granted before the server's identity changed stores nothing", () => {
  assertEquals(filledUntil(50, 98, { level: "pinned", changed: 99 }), "Absent");
  const changed = at({ changed: 96 });
  const [after, reply] = apply(states["Locked"]!, operations["unlock and publish"]!, changed);
  assertEquals([brief(after), reply._tag], ["Absent", "Cleared"]);
});

Deno.test("a slot takes no more than its most tokens", () => {
  const tokens = Array.from({ length: mostTokens }, (_, i) => ({ token: `${i}`, generation: 95, deadline: 105 }));
  const full: Slot<string> = { _tag: "Locked", born: 50, tokens, contended: true };
  assertEquals(apply(full, { _tag: "lock", token: "more" }, at()), [full, { _tag: "Crowded" }]);
});

Deno.test("an entry on probation becomes history, so that its successor is not on probation for ever", () => {
  const probation = at({ level: "probation" });
  const first: Slot<string> = { _tag: "Claimed", born: 95, owner: "me", generation: 95, deadline: 105 };
  const [entry] = apply(first, { _tag: "fill", owner: "me", generation: 95, stored }, probation);
  const [again] = apply(entry, { _tag: "claim", owner: "me" }, { ...probation, now: 106 });
  const [second] = apply(again, { _tag: "fill", owner: "me", generation: 106, stored }, { ...probation, now: 107 });
  assertEquals(second._tag === "Held" && second.until, 107 + stored.until);
});
