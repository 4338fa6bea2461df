import { apply } from "../../protocol/apply.ts";
import type { AnyTable } from "../../protocol/machine.ts";
import { reading } from "../../protocol/reading.ts";
import type { At, Operation, Reply, Slot } from "../../protocol/slot.ts";
import { writing } from "../../protocol/writing.ts";

/** A slot function over the values of a world, which are numbers. */
export type SlotFunction = (
  slot: Slot<number>,
  operation: Operation<number>,
  at: At,
) => readonly [Slot<number>, Reply<number>];

/** What processes do with their own slots. */
export interface Instances {
  /** What they keep, where they hear of changes: what a tracked read answered, or whatever they have. */
  readonly keeps: "tracked reads" | "anything";
  /**
   * What they make of a change that they hear of: an unlock by a stranger. Or, as they must not: they leave claims, they
   * leave the locks unmarked, or they delete what is there.
   */
  readonly hears: "a stranger's unlock" | "entries only" | "no locks" | "by deleting";
  /** What they do when they notice that the connection has ended. */
  readonly loses: "clearing" | "keeping";
  /** What they do when they find that the connection has not proved itself alive: they pass their slots, or clear them. */
  readonly runsOut: "passing" | "clearing";
  /** Whether their writes leave the slot empty, or with what was written. */
  readonly unlocks: "clearing" | "publishing";
}

/** What is explored: by default the slot function and the tables that the library runs. */
export interface Protocol {
  /** What a slot makes of an operation. */
  readonly apply: SlotFunction;
  /** What a read does after each reply. */
  readonly reading: AnyTable;
  /** What a write does after each reply. */
  readonly writing: AnyTable;
  /** Whether a reader takes a new name for each claim, or one for all of them. */
  readonly names: "each claim" | "each client";
  /** What a waiting read or caller takes: only what is known to have been current since it began, or anything. */
  readonly joining: "current" | "blindly";
  /**
   * How a transaction goes on after an attempt that was aborted for certain: its keys unlocked, by new tokens. Or as it
   * must not: by the same tokens, without unlocking, or even after an attempt of which nobody knows what became of it.
   */
  readonly retrying:
    | "unlocked, by new tokens"
    | "by the same tokens"
    | "without unlocking"
    | "whatever became of it";
  /** What processes do with slots of their own, where they have any. */
  readonly instances: Instances;
}

/** The protocol as the library runs it. */
export const shipped: Protocol = {
  apply,
  reading,
  writing,
  names: "each claim",
  joining: "current",
  retrying: "unlocked, by new tokens",
  instances: {
    keeps: "tracked reads",
    hears: "a stranger's unlock",
    loses: "clearing",
    runsOut: "passing",
    unlocks: "clearing",
  },
};
