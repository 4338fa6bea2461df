import type { Table } from "./machine.ts";

/** What each state of a write may be answered, over all its slots together. */
export type WritingReplies = {
  Locking: "Locked" | "Refused";
  Writing: "Committed" | "Aborted" | "Unconfirmed" | "Unknown";
  Unlocking: Confirmation;
  UnlockingAgain: Confirmation;
  Clearing: Confirmation;
  ClearingAgain: Confirmation;
  Withdrawing: Confirmation;
  WithdrawingAgain: Confirmation;
};

/** Whether every slot answered the unlock. */
export type Confirmation = "Confirmed" | "Unconfirmed";

/** What a write is doing. */
export type WritingState = keyof WritingReplies;

/**
 * How a write ends: `Committed`; `Aborted`, certainly not applied; `Unknown`, its locks left to their deadlines; or
 * `Unconfirmed`, committed while a tier did not say that it let go of the old value.
 */
export type WritingEnd = "Committed" | "Aborted" | "Unknown" | "Unconfirmed";

/**
 * The write of a set of keys: lock all or touch nothing, write, unlock or keep.
 *
 * `Unlocking` follows a commit and may publish what was written; `Clearing` follows a commit that a tier below did not
 * confirm; `Withdrawing` takes back locks of a write that did not happen. Each is tried twice with the same token and
 * generation, which is harmless whether or not the first try took effect. A lock is never placed twice.
 */
export const writing: Table<WritingReplies, WritingEnd> = {
  Locking: { Locked: "Writing", Refused: "Withdrawing" },
  Writing: {
    Committed: "Unlocking",
    Aborted: "Withdrawing",
    Unconfirmed: "Clearing",
    Unknown: "Unknown",
  },
  Unlocking: { Confirmed: "Committed", Unconfirmed: "UnlockingAgain" },
  UnlockingAgain: { Confirmed: "Committed", Unconfirmed: "Unconfirmed" },
  Clearing: { Confirmed: "Unconfirmed", Unconfirmed: "ClearingAgain" },
  ClearingAgain: { Confirmed: "Unconfirmed", Unconfirmed: "Unconfirmed" },
  Withdrawing: { Confirmed: "Aborted", Unconfirmed: "WithdrawingAgain" },
  WithdrawingAgain: { Confirmed: "Aborted", Unconfirmed: "Aborted" },
};
