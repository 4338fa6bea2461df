import type { ReadingState } from "../../protocol/reading.ts";
import type { Level, Operation } from "../../protocol/slot.ts";
import type { Fault, Invariant } from "./names.ts";
import { checks } from "./names.ts";
import type { Needs } from "./needs.ts";
import { needsOf } from "./needs.ts";
import type { Protocol } from "./protocol.ts";
import { shipped } from "./protocol.ts";
import { checkCounts, checkProcesses, checkTransactions } from "./refusals.ts";

/** A world to explore. What is not given is as small, as plain and as free of faults as possible. */
export interface WorldOptions {
  /** Readers that read again and again; 2 by default. */
  readonly readers?: number;
  /** Writers with one write each, of all keys; 2 by default. */
  readonly writers?: number;
  /** Keys; reader 1 reads the first, reader 2 the second, and so on around. 1 by default. */
  readonly keys?: number;
  /**
   * What writers write: for each of them, where fewer go around, the keys of each attempt of its transaction. All
   * attempts but the last may meet another transaction at their commit, which aborts them for certain, and are followed
   * by the next. One attempt at all keys by default.
   */
  readonly transactions?: ReadonlyArray<ReadonlyArray<ReadonlyArray<number>>>;
  /**
   * Processes, each with a tier of its own above the slots; writers are spread over them from the last on. None by
   * default. They read and write one key, and nobody waits or joins.
   */
  readonly processes?: number;
  /** In which process each reader is, from 0 on; fewer go around. Spread over all of them by default. */
  readonly places?: ReadonlyArray<number>;
  /**
   * How processes hear of changes: by `tracking`, the default; the same, where they answer from their slots only while
   * the connection has proved itself alive within its lease; or not.
   */
  readonly hearing?: "tracking" | "tracking, leased" | "nothing";
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
  readonly checked: ReadonlySet<Invariant>;
  readonly needs: Needs;
  /** What was met: every reply, transition and fault, with how many steps it was met in. */
  readonly met: Map<string, number>;
}

const everyCommand = ["claim", "refresh", "fill", "release", "lock", "unlock"] as const;

// Each state costs its key, an entry of a hash table, and a reference to where it came from.
const mostStates = 5_000_000;

/** As small, plain and free of faults as possible. */
const plain = {
  readers: 2,
  writers: 2,
  keys: 1,
  joiners: 0,
  patience: 0,
  processes: 0,
  hearing: "tracking",
  entries: "fresh",
  renewal: "served",
  ahead: "never",
  failures: "excused",
  order: "same",
  level: "pinned",
  source: "unfenced",
  replicas: "not waited for",
  written: "said",
  repeated: everyCommand,
  invariants: checks,
  until: "first",
  bound: mostStates,
} as const satisfies WorldOptions;

/** Decides what the options left open. Throws a RangeError on options out of range. */
export function settle(options: WorldOptions): Setting {
  const { faults = [], ...given } = { ...plain, ...options };
  const { readers, writers, keys, joiners, patience, processes, bound, hearing } = given;
  checkCounts({ readers, writers, keys, joiners, patience, processes, bound });
  const transactions = given.transactions ?? [[Array.from({ length: keys }, (_, key) => key)]];
  checkTransactions(transactions, keys);
  if (processes > 0) checkProcesses(given);
  const granted = [...new Set(faults)];
  const protocol = { ...shipped, ...given.protocol };
  return {
    ...given,
    transactions,
    places: given.places ?? Array.from({ length: processes }, (_, process) => process),
    starts: given.starts ?? (processes > 0 && hearing !== "nothing" ? ["Looking"] : ["Claiming"]),
    repeatedSet: new Set(given.repeated),
    checked: new Set(given.invariants),
    protocol,
    needs: needsOf(protocol.reading),
    granted,
    times: granted.map((fault) => faults.filter((each) => each === fault).length),
    met: new Map(),
  };
}

/** Counts something that was met. */
export function meet(setting: Setting, what: string): void {
  setting.met.set(what, (setting.met.get(what) ?? 0) + 1);
}
