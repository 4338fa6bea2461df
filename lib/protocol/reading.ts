import type { Table } from "./machine.ts";

/** What each state of a read may be answered. */
export type ReadingReplies = {
  Looking: "Fresh" | "Unreadable" | "Vacant" | Blocked;
  Claiming: "Fresh" | "Unreadable" | "Mine" | Blocked;
  Healing: "Fresh" | "Unreadable" | "Mine" | Blocked;
  Forcing: "Fresh" | "Unreadable" | "Mine" | Blocked;
  Loading: "Loaded" | "Unstorable" | "Failed" | "Late";
  Bypassing: "Loaded" | "Unstorable" | "Failed" | "Late";
  Filling: "Filled" | "Refused" | "Unreachable";
  Passing: "Released" | "Refused" | "Unreachable";
  Releasing: "Released" | "Refused" | "Unreachable";
};

/** Why a read may not fill: another reader's claim, a writer's lock, a pass, or a backend that cannot be asked. */
export type Blocked = "Busy" | "Guarded" | "Pass" | "Unreachable";

/** What a read is doing. */
export type ReadingState = keyof ReadingReplies;

/**
 * How a read ends: `Hit` with the tier's value; with a value loaded from below that was `Filled`, could not be since a
 * writer (or the end of the lease) `Overtaken` it, was left `Unfilled` because nobody knows, `Withheld` because the tier
 * does not take it, or `Bypassed` the tier; or `Failed`, since the load did.
 */
export type ReadingEnd = "Hit" | "Filled" | "Overtaken" | "Unfilled" | "Withheld" | "Bypassed" | "Failed";

/**
 * The read of a key. Nobody waits for a writer, and no reply to a fill changes the answer.
 *
 * `Healing` replaces an entry that cannot be read; `Forcing` one that the caller does not want.
 */
export const reading: Table<ReadingReplies, ReadingEnd> = {
  Looking: {
    Fresh: "Hit",
    Unreadable: "Healing",
    Vacant: "Claiming",
    Busy: "Bypassing",
    Guarded: "Bypassing",
    Pass: "Bypassing",
    Unreachable: "Bypassing",
  },
  Claiming: {
    Fresh: "Hit",
    Unreadable: "Healing",
    Mine: "Loading",
    Busy: "Bypassing",
    Guarded: "Bypassing",
    Pass: "Bypassing",
    Unreachable: "Bypassing",
  },
  Healing: {
    Fresh: "Hit",
    Unreadable: "Bypassing",
    Mine: "Loading",
    Busy: "Bypassing",
    Guarded: "Bypassing",
    Pass: "Bypassing",
    Unreachable: "Bypassing",
  },
  Forcing: {
    Fresh: "Bypassing",
    Unreadable: "Bypassing",
    Mine: "Loading",
    Busy: "Bypassing",
    Guarded: "Bypassing",
    Pass: "Bypassing",
    Unreachable: "Bypassing",
  },
  Loading: { Loaded: "Filling", Unstorable: "Passing", Failed: "Releasing", Late: "Releasing" },
  Bypassing: { Loaded: "Bypassed", Unstorable: "Bypassed", Failed: "Failed", Late: "Failed" },
  Filling: { Filled: "Filled", Refused: "Overtaken", Unreachable: "Unfilled" },
  Passing: { Released: "Withheld", Refused: "Withheld", Unreachable: "Withheld" },
  Releasing: { Released: "Failed", Refused: "Failed", Unreachable: "Failed" },
};

/** The order in which a batch does things: ask, load all that is missing in one call, then settle its own claims. */
export const readingPhases: Readonly<Record<ReadingState, number>> = {
  Looking: 0,
  Claiming: 0,
  Healing: 0,
  Forcing: 0,
  Loading: 1,
  Bypassing: 1,
  Filling: 2,
  Passing: 2,
  Releasing: 2,
};
