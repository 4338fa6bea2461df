/**
 * What a client owes besides the invariants: that it costs no more than it has to, leaves nothing behind, and says
 * truthfully how it ended. That is seen in its table alone, on each way from a beginning to an end.
 */
import type { AnyTable } from "../../lib/protocol/machine.ts";
import { reading } from "../../lib/protocol/reading.ts";
import { writing } from "../../lib/protocol/writing.ts";
import type { Protocol } from "../../lib/testing/explorer.ts";
import { readingRules } from "./reading_rules.ts";
import type { Rule, Way } from "./ways.ts";
import { ways } from "./ways.ts";

const unlocks = ({ steps }: Way) => steps.filter(([state]) => state !== "Locking" && state !== "Writing");
const outcome = ({ steps }: Way) => steps.find(([state]) => state === "Writing")?.[1] ?? "not begun";

/** How the unlocks after each outcome are called, and how the write ends if one of them is confirmed, or none. */
const afterwards: Readonly<Record<string, readonly [unlock: string, confirmed: string, not: string]>> = {
  "Committed": ["Unlocking", "Committed", "Unconfirmed"],
  "Unconfirmed": ["Clearing", "Unconfirmed", "Unconfirmed"],
  "Aborted": ["Withdrawing", "Aborted", "Aborted"],
  "not begun": ["Withdrawing", "Aborted", "Aborted"],
};

const writingRules: ReadonlyArray<Rule> = [
  ["a write ends", ({ end }) => end !== "never"],
  ["the source is written once, and only under locks", ({ steps }) => {
    const writes = steps.filter(([state]) => state === "Writing").length;
    return writes === (steps[0]![1] === "Locked" ? 1 : 0);
  }],
  [
    "after an unknown outcome the locks stay",
    (way) => outcome(way) !== "Unknown" || unlocks(way).length === 0 && way.end === "Unknown",
  ],
  ["an unlock is tried until it is confirmed, but no more than twice", (way) => {
    if (outcome(way) === "Unknown") return true;
    const tries = unlocks(way).map(([, reply]) => reply);
    const confirmed = tries.indexOf("Confirmed");
    return tries.length > 0 && (confirmed < 0 ? tries.length === 2 : confirmed === tries.length - 1);
  }],
  ["a write unlocks, and ends, as its outcome says", (way) => {
    const after = afterwards[outcome(way)];
    if (after === undefined) return true;
    const [unlock, confirmed, not] = after;
    const named = unlocks(way).every(([state], i) => state === (i === 0 ? unlock : `${unlock}Again`));
    return named && way.end === (unlocks(way).some(([, reply]) => reply === "Confirmed") ? confirmed : not);
  }],
];

function broken(table: AnyTable, starts: ReadonlyArray<string>, rules: ReadonlyArray<Rule>): string | undefined {
  for (const start of starts) {
    for (const way of ways(table, start)) {
      for (const [name, holds] of rules) {
        if (!holds(way)) return `${name}: not on ${[...way.steps.map((each) => each.join(" ")), way.end].join(", ")}`;
      }
    }
  }
  return undefined;
}

/** The first rule that a protocol's tables break; undefined if they keep all. */
export function misconduct(protocol: Partial<Protocol>): string | undefined {
  return broken(protocol.reading ?? reading, ["Looking", "Claiming", "Forcing", "Waiting"], readingRules) ??
    broken(protocol.writing ?? writing, ["Locking"], writingRules);
}
