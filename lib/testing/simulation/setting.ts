import type { Backend } from "../../backend/port.ts";
import type { Clock } from "../../clock.ts";
import type { DurationLike } from "../../duration.ts";
import { duration } from "../../duration.ts";
import type { Observer } from "../../observe/observer.ts";
import { apply } from "../../protocol/apply.ts";
import type { At, Level, Operation, Reply, Slot } from "../../protocol/slot.ts";
import type { Store } from "../../store.ts";
import type { Fault, Invariant } from "../explorer/names.ts";
import { faults, invariants } from "../explorer/names.ts";

/** A process of a simulation, as its stack is built in it. Keys and values are texts. */
export interface SimulatedProcess {
  /** Which process it is, from 1. */
  readonly number: number;
  /** Its time; everything in the stack has to use it. */
  readonly clock: Clock;
  /** The source of truth, which can save. */
  readonly source: Store<string, string>;
  /** Its connection to the server that all processes share. */
  readonly backend: Backend<Uint8Array>;
  /** What tiers on that server have to ask for. */
  readonly level: Level;
  /** Counts the events of the tiers that it is given to. */
  readonly observer: Observer;
}

/** What is simulated: the layers of a process, from the source up. */
export interface SimulatedStack {
  /** What a report calls it. */
  readonly name: string;
  /** Builds it anew for each process, and for each that takes a process's place; with the same options each time. */
  readonly build: (here: SimulatedProcess) => Store<string, string>;
  /** How stale it may be after a write by another process; not at all unless told. The ttl of a memory tier is. */
  readonly behind?: DurationLike;
  /** The longest lease of its tiers; 10 s unless told, as theirs is, and no shorter. */
  readonly lease?: DurationLike;
  /** Whether `invalidateAll` invalidates all of it, since every tier carries an epoch or is in one process; `keys` unless told. */
  readonly invalidates?: "keys" | "all";
  /** Which values its tiers keep, so that a second read hits; all of them unless told. */
  readonly keeps?: (value: string | undefined) => boolean;
}

/** What the surroundings of a stack are like, what may go wrong in them, and what has to hold nevertheless. */
export interface Circumstances {
  /** What a report calls them. */
  readonly name: string;
  /** How cautious the server's slots are about lost locks; `pinned` unless told, where no live lock is evicted. */
  readonly level?: Level;
  /** Whether the source refuses a write after the end of its lease; `unfenced` unless told. */
  readonly source?: "fenced" | "unfenced";
  /** Whether a lock counts only once it is on the replicas; `not waited for` unless told. */
  readonly replicas?: "waited for" | "not waited for";
  /** What goes wrong in each run, each once; a fault named twice goes wrong twice. Nothing unless told. */
  readonly faults?: ReadonlyArray<Fault>;
  /** What is checked; all invariants unless told. */
  readonly promised?: ReadonlyArray<Invariant>;
}

/** A slot function over bytes. */
export type SlotOfBytes = (
  slot: Slot<Uint8Array>,
  operation: Operation<Uint8Array>,
  at: At,
) => readonly [Slot<Uint8Array>, Reply<Uint8Array>];

/** Circumstances, a stack and a server: what one run is made of. */
export interface Setting extends Required<Circumstances> {
  readonly stack: SimulatedStack;
  /** How stale the stack may be, in milliseconds. */
  readonly behind: number;
  /** The longest lease of the stack, in milliseconds. */
  readonly lease: number;
  readonly apply: SlotOfBytes;
}

const simulated: ReadonlyArray<Fault> = [...faults, "laggingReplica", "unreadable"];

/** Decides what the circumstances left open. Throws a RangeError on faults that cannot be simulated. */
export function settingOf(stack: SimulatedStack, given: Circumstances, slot: SlotOfBytes = apply): Setting {
  const unknown = (given.faults ?? []).find((fault) => !simulated.includes(fault));
  if (unknown !== undefined) {
    throw new RangeError(
      `Cannot simulate ${given.name}: expected faults of ${simulated.join(", ")}: received ${unknown}`,
    );
  }
  return {
    name: given.name,
    level: given.level ?? "pinned",
    source: given.source ?? "unfenced",
    replicas: given.replicas ?? "not waited for",
    faults: given.faults ?? [],
    promised: given.promised ?? invariants,
    stack,
    behind: duration(stack.behind ?? "0ms"),
    lease: duration(stack.lease ?? "10s"),
    apply: slot,
  };
}
