export { apply } from "./apply.ts";
export { elapse } from "./elapse.ts";

/**
 * How cautious a tier is about locks that may have been lost (see the table of levels in the folder's essay):
 * `pinned` where no live lock can be lost, `probation` where entries must not outlive a lost writer, `strict` where
 * nothing is stored as long as one may be under way.
 */
export type Level = "pinned" | "probation" | "strict";

/** What a server knows when an operation takes effect. Times are the server's, in milliseconds. */
export interface At {
  /** The moment. */
  readonly now: number;
  /** How long a claim, a mark or a token lives at most. */
  readonly lease: number;
  /** How cautious the step has to be. */
  readonly level: Level;
  /** Who the server is; another identity means that it was restarted or replaced. */
  readonly identity: string;
  /** When the server got this identity; `-Infinity` if it always had it. */
  readonly changed: number;
}

/** A value to store: its bytes or reference, how old it is, and how long it stays fresh and usable, from now. */
export type Stored<P> = {
  readonly payload: P;
  readonly age: number;
  readonly fresh: number;
  readonly until: number;
};

/** A writer's mark. Its deadline is its own: with one for all, a dead token would live as long as others keep coming. */
export type Token = {
  readonly token: string;
  readonly generation: number;
  readonly deadline: number;
};

/** A refresher's mark on an entry that is still there. */
export type Mark = {
  readonly owner: string;
  readonly generation: number;
  readonly deadline: number;
};

/** Nothing is known: never seen, evicted, flushed, or forgotten. */
export type Absent = {
  readonly _tag: "Absent";
};

/** No value, but history: when the slot came into being, and until when readers should not cache what they load. */
export type Void = {
  readonly _tag: "Void";
  readonly born: number;
  readonly pass: number;
  readonly expires: number;
};

/** One reader is loading. */
export type Claimed = {
  readonly _tag: "Claimed";
  readonly born: number;
  readonly owner: string;
  readonly generation: number;
  readonly deadline: number;
};

/** Writers are under way; contended once more than one was, or once something unknown happened. */
export type Locked = {
  readonly _tag: "Locked";
  readonly born: number;
  readonly tokens: ReadonlyArray<Token>;
  readonly contended: boolean;
};

/** A value, usable until `until`; the slot's history is kept until `expires`. */
export type Held<P> = {
  readonly _tag: "Held";
  readonly born: number;
  readonly payload: P;
  readonly loaded: number;
  readonly fresh: number;
  readonly until: number;
  readonly expires: number;
  readonly identity: string;
  readonly mark: Mark | undefined;
};

/** Where one key lives in one tier, on one shard. */
export type Slot<P> = Absent | Void | Claimed | Locked | Held<P>;

/** What is asked of a slot, as one atomic step. */
export type Operation<P> =
  | { readonly _tag: "look" }
  | { readonly _tag: "claim"; readonly owner: string }
  | { readonly _tag: "refresh"; readonly owner: string; readonly which: "expired" | "any" }
  | { readonly _tag: "fill"; readonly owner: string; readonly generation: number; readonly stored: Stored<P> }
  | { readonly _tag: "release"; readonly owner: string; readonly generation: number; readonly pass: number }
  | { readonly _tag: "lock"; readonly token: string }
  | {
    readonly _tag: "unlock";
    readonly token: string;
    readonly generation: number;
    readonly written: Stored<P> | undefined;
  };

/**
 * What a slot answers. `Filled` says for how long the entry may be used, which probation can shorten: tiers above must
 * not keep it longer. A hit is `watched` where the backend tells when it changes. `Unreachable` is said by a backend in
 * the slot's place: nobody knows whether the step took effect.
 */
export type Reply<P> =
  | { readonly _tag: "Hit"; readonly found: Stored<P>; readonly watched?: boolean }
  | { readonly _tag: "Mine"; readonly generation: number; readonly found: Stored<P> | undefined }
  | { readonly _tag: "Filled"; readonly until: number }
  | { readonly _tag: "Locked"; readonly generation: number }
  | { readonly _tag: "Unreachable"; readonly reason: string; readonly cause?: unknown }
  | Plain;

/** The replies that say no more than their name. */
export type Plain = {
  readonly _tag:
    | "Vacant"
    | "Busy"
    | "Guarded"
    | "Pass"
    | "Refused"
    | "Released"
    | "Crowded"
    | "Shared"
    | "Published"
    | "Cleared"
    | "Foreign"
    | "Lost";
};

/**
 * The most writers that may be under way on one slot; the next one is refused.
 *
 * A slot is read and written whole, so that its size bounds the cost of each step.
 */
export const mostTokens = 256;

/** The slot that nothing is known of. */
export const absent: Absent = { _tag: "Absent" };
