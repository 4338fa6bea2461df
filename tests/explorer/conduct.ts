/**
 * What a client owes besides the invariants: that it costs no more than it has to, leaves nothing behind, and says
 * truthfully how it ended. That is seen in its table alone, on each way from a beginning to an end.
 */
import type { AnyTable } from "../../lib/protocol/machine.ts";
import { reading } from "../../lib/protocol/reading.ts";
import { writing } from "../../lib/protocol/writing.ts";
import type { Protocol } from "../../lib/testing/explorer.ts";

/** One way through a table: its states with their replies, and its end. */
interface Way {
  readonly steps: ReadonlyArray<readonly [state: string, reply: string]>;
  readonly end: string;
}

/** Something that has to be true of each way. */
type Rule = readonly [name: string, holds: (way: Way) => boolean];

// More steps than a table without a cycle has.
const longest = 16;

function* ways(table: AnyTable, state: string, steps: Way["steps"] = []): Generator<Way> {
  const cells = table[state];
  if (cells === undefined) return yield { steps, end: state };
  if (steps.length > longest) return yield { steps, end: "never" };
  for (const [reply, next] of Object.entries(cells)) yield* ways(table, next, [...steps, [state, reply]]);
}

const asking = new Set(["Looking", "Claiming", "Healing", "Forcing"]);
const loading = new Set(["Loading", "Bypassing"]);
const settling = new Set(["Filling", "Passing", "Releasing"]);
const blocked = new Set(["Busy", "Guarded", "Pass", "Unreachable"]);

const asks = ({ steps }: Way) => steps.filter(([state]) => asking.has(state));
const loads = ({ steps }: Way) => steps.filter(([state]) => loading.has(state));
const settles = ({ steps }: Way) => steps.filter(([state]) => settling.has(state));
const forced = ({ steps }: Way) => steps[0]![0] === "Forcing";

/** How a read has to have settled its claim after each reply to its load. */
const settled: Readonly<Record<string, string>> = {
  Loaded: "Filling",
  Unstorable: "Passing",
  Failed: "Releasing",
  Late: "Releasing",
};

/** The ends that a reply to a settled claim stands for. */
const ends: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Filling: { Filled: "Filled", Refused: "Overtaken", Unreachable: "Unfilled" },
  Passing: { Released: "Withheld", Refused: "Withheld", Unreachable: "Withheld" },
  Releasing: { Released: "Failed", Refused: "Failed", Unreachable: "Failed" },
};

const readingRules: ReadonlyArray<Rule> = [
  ["a read ends", ({ end }) => end !== "never"],
  ["what is usable is taken, at no further cost", (way) => {
    const fresh = way.steps.findIndex(([, reply]) => reply === "Fresh");
    if (fresh < 0) return way.end !== "Hit";
    return forced(way) ? loads(way).length === 1 : fresh === way.steps.length - 1 && way.end === "Hit";
  }],
  ["a read that is blocked asks no more", (way) => {
    const at = way.steps.findIndex(([state, reply]) => asking.has(state) && blocked.has(reply));
    return at < 0 || at === asks(way).length - 1;
  }],
  ["only what is vacant is claimed after a look, and only what is unreadable is claimed anew", (way) => {
    const again = asks(way).slice(0, -1);
    return again.every(([, reply], i) => {
      const next = asks(way)[i + 1]![0];
      return reply === "Vacant" ? next === "Claiming" : reply === "Unreadable" && next === "Healing";
    });
  }],
  ["an unreadable entry is healed, but for one that is so again", (way) => {
    const last = asks(way).at(-1)!;
    return last[1] !== "Unreadable" || last[0] === "Healing" || last[0] === "Forcing";
  }],
  ["what is not there is loaded, once", (way) => loads(way).length === (way.end === "Hit" ? 0 : 1)],
  ["a claim is settled as its load went, once, and nothing else is", (way) => {
    const mine = asks(way).at(-1)![1] === "Mine";
    const done = settles(way).map(([state]) => state);
    return mine ? done.length === 1 && done[0] === settled[loads(way)[0]?.[1] ?? ""] : done.length === 0;
  }],
  ["a read says truthfully how it ended", (way) => {
    if (way.end === "Hit") return true;
    const settlement = settles(way).at(-1);
    if (settlement !== undefined) return way.end === ends[settlement[0]]![settlement[1]];
    const loaded = loads(way).at(-1)?.[1];
    return way.end === (loaded === "Failed" || loaded === "Late" ? "Failed" : "Bypassed");
  }],
];

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
  for (const way of starts.flatMap((start) => [...ways(table, start)])) {
    for (const [name, holds] of rules) {
      if (!holds(way)) return `${name}: not on ${[...way.steps.map((each) => each.join(" ")), way.end].join(", ")}`;
    }
  }
  return undefined;
}

/** The first rule that a protocol's tables break; undefined if they keep all. */
export function misconduct(protocol: Partial<Protocol>): string | undefined {
  return broken(protocol.reading ?? reading, ["Looking", "Claiming", "Forcing"], readingRules) ??
    broken(protocol.writing ?? writing, ["Locking"], writingRules);
}
