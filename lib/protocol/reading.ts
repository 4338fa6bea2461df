import type { Table } from "./machine.ts";

/** What each state of a read may be answered. */
export type ReadingReplies = {
  Looking: Seen | "Due" | "Kept" | "Vacant";
  Claiming: Seen | "Due" | "Kept" | "Mine";
  Healing: Seen | "Mine";
  Forcing: Seen | "Mine";
  Refreshing: Seen | "Awaited" | "Marked" | "Mine";
  Anticipating: Seen | "Awaited" | "Marked" | "Mine";
  Waiting: "Woken" | "Shared" | "Failed" | "Spent";
  Loading: "Loaded" | "Unstorable" | "Failed" | "Late";
  Renewing: "Loaded" | "Unstorable" | "Excused" | "Failed" | "Late" | "Slow";
  Bypassing: "Loaded" | "Unstorable" | "Failed" | "Late";
  Filling: "Filled" | "Refused" | "Unreachable";
  Passing: "Released" | "Refused" | "Unreachable";
  Releasing: "Released" | "Refused" | "Unreachable";
  Retreating: "Released" | "Refused" | "Unreachable";
};

/** What every question to a slot may be answered: a value, fresh, past its freshness or unreadable, or a hindrance. */
export type Seen = "Fresh" | "Stale" | "Unreadable" | Blocked;

/** Why a read may not fill: another reader's claim, a writer's lock, a pass, or a backend that cannot be asked. */
export type Blocked = "Busy" | "Guarded" | "Pass" | "Unreachable";

/** What a read is doing. */
export type ReadingState = keyof ReadingReplies;

/**
 * How a read ends: `Hit` with the tier's value; `Stale` with one past its freshness; `Answered` with the value at hand
 * while its renewal goes on without the caller; `Waited` with what another read of this process loaded; with a value
 * loaded from below that was `Filled`, could not be since a writer (or the end of the lease) `Overtaken` it, was left
 * `Unfilled` because nobody knows, `Withheld` because the tier does not take it, or `Bypassed` the tier; or `Failed`,
 * since the load did.
 */
export type ReadingEnd =
  | "Hit"
  | "Stale"
  | "Answered"
  | "Waited"
  | "Filled"
  | "Overtaken"
  | "Unfilled"
  | "Withheld"
  | "Bypassed"
  | "Failed";

/**
 * The read of a key. Nobody waits for a writer, and no reply to a fill changes the answer.
 *
 * `Healing` replaces an entry that cannot be read; `Forcing` one that the caller does not want; `Refreshing` one that is
 * past its freshness (`Stale`), and `Anticipating` one that soon will be (`Due`). Who gets the mark of such an entry
 * renews it; all others have the entry meanwhile, or wait where they would rather (`Awaited`). A value is `Kept` as it is
 * while its loads are resting after a failure. `Waiting` is for another reader's claim: until something happened to it,
 * or patience is `Spent`; no patience at all means to bypass at once.
 */
export const reading: Table<ReadingReplies, ReadingEnd> = {
  Looking: {
    Fresh: "Hit",
    Due: "Anticipating",
    Stale: "Refreshing",
    Kept: "Stale",
    Unreadable: "Healing",
    Vacant: "Claiming",
    Busy: "Waiting",
    Guarded: "Bypassing",
    Pass: "Bypassing",
    Unreachable: "Bypassing",
  },
  Claiming: {
    Fresh: "Hit",
    Due: "Anticipating",
    Stale: "Refreshing",
    Kept: "Stale",
    Unreadable: "Healing",
    Mine: "Loading",
    Busy: "Waiting",
    Guarded: "Bypassing",
    Pass: "Bypassing",
    Unreachable: "Bypassing",
  },
  Healing: {
    Fresh: "Hit",
    Stale: "Stale",
    Unreadable: "Waiting",
    Mine: "Loading",
    Busy: "Waiting",
    Guarded: "Bypassing",
    Pass: "Bypassing",
    Unreachable: "Bypassing",
  },
  Forcing: {
    Fresh: "Bypassing",
    Stale: "Bypassing",
    Unreadable: "Bypassing",
    Mine: "Loading",
    Busy: "Bypassing",
    Guarded: "Bypassing",
    Pass: "Bypassing",
    Unreachable: "Bypassing",
  },
  Refreshing: {
    Fresh: "Hit",
    Stale: "Stale",
    Awaited: "Waiting",
    Unreadable: "Bypassing",
    Marked: "Renewing",
    Mine: "Loading",
    Busy: "Waiting",
    Guarded: "Bypassing",
    Pass: "Bypassing",
    Unreachable: "Bypassing",
  },
  Anticipating: {
    Fresh: "Hit",
    Stale: "Stale",
    Awaited: "Waiting",
    Unreadable: "Bypassing",
    Marked: "Renewing",
    Mine: "Loading",
    Busy: "Waiting",
    Guarded: "Bypassing",
    Pass: "Bypassing",
    Unreachable: "Hit",
  },
  Waiting: { Woken: "Claiming", Shared: "Waited", Failed: "Failed", Spent: "Bypassing" },
  Loading: { Loaded: "Filling", Unstorable: "Passing", Failed: "Releasing", Late: "Releasing" },
  Renewing: {
    Loaded: "Filling",
    Unstorable: "Passing",
    Excused: "Retreating",
    Failed: "Releasing",
    Late: "Releasing",
    Slow: "Answered",
  },
  Bypassing: { Loaded: "Bypassed", Unstorable: "Bypassed", Failed: "Failed", Late: "Failed" },
  Filling: { Filled: "Filled", Refused: "Overtaken", Unreachable: "Unfilled" },
  Passing: { Released: "Withheld", Refused: "Withheld", Unreachable: "Withheld" },
  Releasing: { Released: "Failed", Refused: "Failed", Unreachable: "Failed" },
  Retreating: { Released: "Stale", Refused: "Failed", Unreachable: "Failed" },
};

/** What goes on without the caller once a read ended so, from this state. */
export const goingOn: Readonly<Partial<Record<ReadingEnd, ReadingState>>> = { Answered: "Renewing" };

/** What spends patience: a way through the table comes back to a state only through one of these. */
export const patient: ReadonlySet<string> = new Set<ReadingState>(["Waiting"]);

/**
 * The order in which a batch does things: ask, load all that is missing in one call, settle its own claims, and only
 * then wait for those of others: batches that wait for each other have nothing left that the other could wait for.
 */
export const readingPhases: Readonly<Record<ReadingState, number>> = {
  Looking: 0,
  Claiming: 0,
  Healing: 0,
  Forcing: 0,
  Refreshing: 0,
  Anticipating: 0,
  Loading: 1,
  Renewing: 1,
  Bypassing: 1,
  Filling: 2,
  Passing: 2,
  Releasing: 2,
  Retreating: 2,
  Waiting: 3,
};
