import { apply } from "../../protocol/apply.ts";
import type { AnyTable } from "../../protocol/machine.ts";
import type { ReadingState } from "../../protocol/reading.ts";
import { reading } from "../../protocol/reading.ts";
import type { At, Level, Operation, Reply, Slot } from "../../protocol/slot.ts";
import { writing } from "../../protocol/writing.ts";
import type { Fault, Invariant } from "./names.ts";
import { checks } from "./names.ts";
import type { Needs } from "./needs.ts";
import { needsOf } from "./needs.ts";

/** A slot function over the values of a world, which are numbers. */
export type SlotFunction = (
  slot: Slot<number>,
  operation: Operation<number>,
  at: At,
) => readonly [Slot<number>, Reply<number>];

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
}

/** The protocol as the library runs it. */
export const shipped: Protocol = { apply, reading, writing, names: "each claim", joining: "current" };

/** A world to explore. What is not given is as small, as plain and as free of faults as possible. */
export interface WorldOptions {
  /** Readers that read again and again; 2 by default. */
  readonly readers?: number;
  /** Writers with one write each, of all keys; 2 by default. */
  readonly writers?: number;
  /** Keys; reader 1 reads the first, reader 2 the second, and so on around. 1 by default. */
  readonly keys?: number;
  /** In which order writers lock the keys: all in one, as by default and as tiers do, or every other one in the opposite. */
  readonly order?: "same" | "opposite";
  /** Callers that wait for a read under way instead of reading themselves; none by default. */
  readonly joiners?: number;
  /**
   * How each reader's reads begin; fewer than there are readers go around. `Claiming` by default. A read that begins
   * `Waiting` begins while another one loads.
   */
  readonly starts?: ReadonlyArray<ReadingState>;
  /** How often a read waits for another one's claim before it loads for itself; 0, the default, is to load at once. */
  readonly patience?: number;
  /** Whether stored values are `fresh` for ever, the default, `expired` at once, or `expiring` at any later moment. */
  readonly entries?: "fresh" | "expired" | "expiring";
  /** Whether expired values are `served` while they are renewed, the default, or the renewal is `awaited` for a while. */
  readonly renewal?: "served" | "awaited";
  /** Whether fresh values may be renewed ahead of time; `never` by default. */
  readonly ahead?: "never" | "sometimes";
  /** Whether a failed renewal is `excused` by the value at hand, the default, or `reported`. */
  readonly failures?: "excused" | "reported";
  /** How cautious the slot is about lost locks; `pinned` by default. */
  readonly level?: Level;
  /** Whether the source refuses a write after the end of its lease; `unfenced` by default. */
  readonly source?: "fenced" | "unfenced";
  /** Whether a lock counts only once it is on the replicas; `not waited for` by default. */
  readonly replicas?: "waited for" | "not waited for";
  /** Whether writers say what they wrote, so that it may be published; `said` by default. */
  readonly written?: "said" | "not said";
  /** What may go wrong; a fault named twice may happen twice. */
  readonly faults?: ReadonlyArray<Fault>;
  /** Which commands `appliedTwice` may meet; by default all. A driver that never resends a command spares those. */
  readonly repeated?: ReadonlyArray<Operation<number>["_tag"]>;
  /** What is checked; everything by default. */
  readonly invariants?: ReadonlyArray<Invariant>;
  /** What replaces the shipped slot function and tables. */
  readonly protocol?: Partial<Protocol>;
  /** Whether to stop at the first broken invariant, as by default, or to find a shortest way to each. */
  readonly until?: "first" | "each";
  /** The most states to visit; by default 5 million, at about 1 KB each. */
  readonly bound?: number;
}

/** The options with everything decided. */
export interface Setting extends Required<Omit<WorldOptions, "protocol" | "faults">> {
  readonly protocol: Protocol;
  /** The faults that are granted, each once; how often is part of the world. */
  readonly granted: ReadonlyArray<Fault>;
  readonly times: ReadonlyArray<number>;
  readonly repeatedSet: ReadonlySet<string>;
  readonly needs: Needs;
  /** What was met: every reply, transition and fault, with how many steps it was met in. */
  readonly met: Map<string, number>;
}

const everyCommand = ["claim", "refresh", "fill", "release", "lock", "unlock"] as const;

// Each state costs its key, an entry of a hash table, and a reference to where it came from.
const mostStates = 5_000_000;

/** Decides what the options left open. Throws a RangeError on numbers that are no counts. */
export function settle(options: WorldOptions): Setting {
  const { readers = 2, writers = 2, keys = 1, joiners = 0, patience = 0, faults = [], bound = mostStates } = options;
  for (const [name, count] of Object.entries({ readers, writers, keys, joiners, patience, bound })) {
    if (Number.isInteger(count) && count >= 0 && (name !== "keys" || count > 0)) continue;
    throw new RangeError(`Cannot explore a world: expected a whole number of ${name}: received ${count}`);
  }
  const granted = [...new Set(faults)];
  const protocol = { ...shipped, ...options.protocol };
  return {
    readers,
    writers,
    keys,
    joiners,
    patience,
    entries: options.entries ?? "fresh",
    renewal: options.renewal ?? "served",
    ahead: options.ahead ?? "never",
    failures: options.failures ?? "excused",
    order: options.order ?? "same",
    starts: options.starts ?? ["Claiming"],
    level: options.level ?? "pinned",
    source: options.source ?? "unfenced",
    replicas: options.replicas ?? "not waited for",
    written: options.written ?? "said",
    repeated: options.repeated ?? everyCommand,
    repeatedSet: new Set(options.repeated ?? everyCommand),
    invariants: options.invariants ?? checks,
    protocol,
    needs: needsOf(protocol.reading),
    until: options.until ?? "first",
    bound,
    granted,
    times: granted.map((fault) => faults.filter((each) => each === fault).length),
    met: new Map(),
  };
}

/** Counts something that was met. */
export function meet(setting: Setting, what: string): void {
  setting.met.set(what, (setting.met.get(what) ?? 0) + 1);
}
