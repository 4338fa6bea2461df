/** What the table of reads owes, on each way through it. */
import type { Rule, Way } from "./ways.ts";

const asking = new Set(["Looking", "Claiming", "Healing", "Forcing", "Refreshing", "Anticipating"]);
const loading = new Set(["Loading", "Renewing", "Bypassing"]);
const settling = new Set(["Filling", "Passing", "Releasing", "Retreating"]);

const loads = ({ steps }: Way) => steps.filter(([state, reply]) => loading.has(state) && reply !== "Slow");
const settles = ({ steps }: Way) => steps.filter(([state]) => settling.has(state));
const owns = ({ steps }: Way) => steps.find(([, reply]) => reply === "Mine" || reply === "Marked")?.[1];
const last = ({ steps }: Way) => steps.at(-1)!.join(" ");

/** What follows a reply, wherever it is heard. */
const followers: Readonly<Record<string, string>> = {
  Vacant: "Claiming",
  Due: "Anticipating",
  Kept: "Stale",
  Awaited: "Waiting",
  Woken: "Claiming",
  Spent: "Bypassing",
  Shared: "Waited",
  Mine: "Loading",
  Marked: "Renewing",
  Slow: "Answered",
};

/** How a claim or mark has to be settled after each reply to its load. */
const settled: Readonly<Record<string, string>> = {
  Loaded: "Filling",
  Unstorable: "Passing",
  Failed: "Releasing",
  Late: "Releasing",
  Excused: "Retreating",
};

/** The ends that a reply to a settled claim stands for. */
const ends: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Filling: { Filled: "Filled", Refused: "Overtaken", Unreachable: "Unfilled" },
  Passing: { Released: "Withheld", Refused: "Withheld", Unreachable: "Withheld" },
  Releasing: { Released: "Failed", Refused: "Failed", Unreachable: "Failed" },
  Retreating: { Released: "Stale", Refused: "Failed", Unreachable: "Failed" },
};

/** The only steps after which an entry past its freshness is served: it is still the slot's, or loads are resting. */
const servedAfter = new Set([
  ...["Looking Kept", "Claiming Kept", "Refreshing Stale", "Anticipating Stale", "Healing Stale"],
  "Retreating Released",
]);

/** Each step of a way with what came next: a state, or an end. */
function pairs({ steps, end, answered }: Way): ReadonlyArray<readonly [state: string, reply: string, next: string]> {
  return steps.map(([state, reply], i) => [state, reply, i + 1 === answered ? "Answered" : steps[i + 1]?.[0] ?? end]);
}

/** All of them. */
export const readingRules: ReadonlyArray<Rule> = [
  ["a read ends", ({ end }) => end !== "never"],
  [
    "what each reply leads to is the same everywhere",
    (way) => pairs(way).every(([, reply, next]) => followers[reply] === undefined || next === followers[reply]),
  ],
  [
    "what is fresh is taken, at no further cost, unless the read is forced",
    (way) =>
      pairs(way).every(([state, reply, next]) =>
        reply !== "Fresh" || next === (state === "Forcing" ? "Bypassing" : "Hit")
      ),
  ],
  [
    "nothing else is called a hit, but a fresh entry that could not be renewed ahead",
    (way) => way.end !== "Hit" || way.steps.at(-1)![1] === "Fresh" || last(way) === "Anticipating Unreachable",
  ],
  ["an entry past its freshness is served after the slot was asked again and still had it", (way) => {
    const served = way.answered === undefined && way.end === "Stale";
    return served === servedAfter.has(last(way)) || way.answered !== undefined;
  }],
  [
    "an entry past its freshness is renewed, where nobody else does",
    (way) =>
      pairs(way).every(([state, reply, next]) =>
        reply !== "Stale" || state === "Forcing" ||
        next === (state === "Looking" || state === "Claiming" ? "Refreshing" : "Stale")
      ),
  ],
  [
    "who meets a claim waits; who meets a lock, a pass or no backend loads for itself and asks no more",
    (way) =>
      pairs(way).every(([state, reply, next]) => {
        if (!asking.has(state)) return true;
        if (state === "Anticipating" && reply === "Unreachable") return next === "Hit";
        if (reply === "Busy") return next === (state === "Forcing" ? "Bypassing" : "Waiting");
        return reply !== "Guarded" && reply !== "Pass" && reply !== "Unreachable" || next === "Bypassing";
      }),
  ],
  [
    "nothing of the slot is served after a lock was met",
    (way) => way.steps.every(([, reply]) => reply !== "Guarded") || way.end === "Bypassed" || way.end === "Failed",
  ],
  ["an unreadable entry is healed, but for one that is so again", (way) =>
    pairs(way).every(([state, reply, next]) => {
      if (reply !== "Unreadable") return true;
      if (state === "Healing") return next === "Waiting";
      return next === (state === "Looking" || state === "Claiming" ? "Healing" : "Bypassing");
    })],
  ["who waits holds no claim", (way) => {
    const waits = way.steps.findLastIndex(([state]) => state === "Waiting");
    return way.steps.slice(0, waits + 1).every(([, reply]) => reply !== "Mine" && reply !== "Marked");
  }],
  [
    "a failure that was waited for is reported",
    (way) => pairs(way).every(([state, reply, next]) => state !== "Waiting" || reply !== "Failed" || next === "Failed"),
  ],
  ["what is neither found nor shared is loaded, once", (way) => {
    const found = way.end === "Hit" || way.end === "Waited" || last(way) === "Waiting Failed" ||
      way.end === "Stale" && owns(way) === undefined;
    return loads(way).length === (found ? 0 : 1);
  }],
  ["a claim or mark is settled as its load went, once, and nothing else is", (way) => {
    const done = settles(way).map(([state]) => state);
    if (owns(way) === undefined) return done.length === 0;
    return done.length === 1 && done[0] === settled[loads(way)[0]?.[1] ?? ""];
  }],
  [
    "only a renewal goes on without its caller",
    ({ steps, answered }) =>
      answered === undefined ||
      steps[answered - 1]!.join(" ") === "Renewing Slow" && steps[answered]?.[0] === "Renewing",
  ],
  ["a read says truthfully how it ended", (way) => {
    const settlement = settles(way).at(-1);
    if (settlement !== undefined) return way.end === ends[settlement[0]]![settlement[1]];
    const loaded = loads(way).at(-1)?.[1];
    if (loaded === undefined) return way.end !== "Bypassed";
    return way.end === (loaded === "Failed" || loaded === "Late" ? "Failed" : "Bypassed");
  }],
];
