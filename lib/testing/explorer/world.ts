import type { Operation, Slot } from "../../protocol/slot.ts";
import { absent } from "../../protocol/slot.ts";
import type { Fault, Invariant } from "./names.ts";
import type { Setting } from "./setting.ts";
import { never, start } from "./time.ts";

/** A reader, and its read under way. Values are 0 for none, or a payload of {@linkcode payloadOf}. */
export interface Reader {
  /** A state of the reading table, `Idle`, or `Crashed`. */
  readonly state: string;
  /** How many reads it began: it makes their names different. */
  readonly reads: number;
  readonly owner: string;
  readonly generation: number;
  /** When the server granted the claim of this read. */
  readonly granted: number;
  readonly found: number;
  readonly loaded: number;
  /** The newest values that this read may not fall behind: of an acknowledged write, and of a finished read. */
  readonly acknowledged: number;
  readonly seen: number;
  /** Whether a newer value than the one found had been acknowledged when the slot last answered. */
  readonly superseded: boolean;
  /** Whether its caller has the value found, and it goes on to renew it. */
  readonly answered: boolean;
  /** How often it may still wait. */
  readonly patience: number;
  /** The position of the reader whose load it waits for; -1 for none. */
  readonly waits: number;
  /** The readers, as bits, whose loads under way are known to be current at some moment since this read began. */
  readonly current: number;
}

/** A writer and its only write. */
export interface Writer {
  /** A state of the writing table, or `Done`. */
  readonly state: string;
  readonly token: string;
  /** Which of the keys the pending effect is performed on next. */
  readonly position: number;
  /** The generations of its locks, for each key; `never` where none is known to be placed. */
  readonly placed: ReadonlyArray<number>;
  readonly confirmed: ReadonlyArray<boolean>;
  /** When its lease began. */
  readonly granted: number;
  /** What it wrote: the version; 0 as long as nothing was applied that it knows of. */
  readonly version: number;
  /** Whether its write took effect, which it may not know. */
  readonly applied: boolean;
}

/** A caller that waits for a reader's read under way. */
export interface Joiner {
  /** The reader's position; -1 if it waits for none. */
  readonly reader: number;
  /** Whether the read is known to be current at some moment since the caller joined. */
  readonly current: boolean;
  readonly acknowledged: number;
  readonly seen: number;
}

/** A cache command that nobody waits for any more, and that will still take effect. */
export interface Message {
  readonly key: number;
  readonly operation: Operation<number>;
  readonly who: string;
}

/** A write that nobody waits for any more, and that the source may still apply. */
export interface LateWrite {
  readonly granted: number;
  readonly who: string;
}

/** Everything there is at one moment. */
export interface World {
  readonly now: number;
  readonly slots: ReadonlyArray<Slot<number>>;
  /** The source's version: how many writes it has applied. */
  readonly source: number;
  readonly readers: ReadonlyArray<Reader>;
  readonly writers: ReadonlyArray<Writer>;
  readonly joiners: ReadonlyArray<Joiner>;
  readonly messages: ReadonlyArray<Message>;
  readonly late: ReadonlyArray<LateWrite>;
  /** What a replica that has fallen behind has of the slots. */
  readonly copy: ReadonlyArray<Slot<number>> | undefined;
  readonly identity: number;
  readonly changed: number;
  /** The newest version of an acknowledged write, and of a finished read of each key. */
  readonly acknowledged: number;
  readonly seen: ReadonlyArray<number>;
  /** How often each granted fault may still happen. */
  readonly left: ReadonlyArray<number>;
}

/** A broken invariant, and how. */
export interface Broken {
  readonly invariant: Invariant;
  readonly reason: string;
}

/** One step of the world: what happened, what it led to, and what it broke. */
export interface Step {
  readonly world: World;
  readonly says: () => string;
  readonly broke?: ReadonlyArray<Broken>;
}

/** A reader between two reads. */
export function idle(reads: number, owner = ""): Reader {
  return {
    state: "Idle",
    reads,
    owner,
    generation: never,
    granted: never,
    found: 0,
    loaded: 0,
    acknowledged: 0,
    seen: 0,
    superseded: false,
    answered: false,
    patience: 0,
    waits: -1,
    current: 0,
  };
}

const resting: Joiner = { reader: -1, current: false, acknowledged: 0, seen: 0 };

/** A joiner that waits for nobody. */
export function rest(): Joiner {
  return resting;
}

/** The world before anything happened. */
export function begin({ readers, writers, keys, joiners, times }: Setting): World {
  const none = Array.from({ length: keys }, () => never);
  return {
    now: start,
    slots: none.map(() => absent),
    source: 0,
    readers: Array.from({ length: readers }, () => idle(0)),
    writers: Array.from({ length: writers }, (_, i): Writer => ({
      state: "Locking",
      token: `writer ${i}`,
      position: 0,
      placed: none,
      confirmed: none.map(() => false),
      granted: never,
      version: 0,
      applied: false,
    })),
    joiners: Array.from({ length: joiners }, () => resting),
    messages: [],
    late: [],
    copy: undefined,
    identity: 0,
    changed: -Infinity,
    acknowledged: 0,
    seen: none.map(() => 0),
    left: times,
  };
}

/** The value of a key at a version of the source; 1 and more, and different for each key. */
export function payloadOf(version: number, key: number): number {
  return key * 16 + version + 1;
}

/** The version that a key's payload stands for; NaN for a value that was never written to that key. */
export function versionOf(payload: number, key: number, source: number): number {
  const version = payload - 1 - key * 16;
  return version >= 0 && version <= source ? version : NaN;
}

/** How often a fault may still happen. */
export function leftOf(world: World, setting: Setting, fault: Fault): number {
  const at = setting.granted.indexOf(fault);
  return at < 0 ? 0 : world.left[at]!;
}

/** What is left after a fault happened. */
export function spend(world: World, setting: Setting, fault: Fault, times = 1): ReadonlyArray<number> {
  const at = setting.granted.indexOf(fault);
  return world.left.with(at, world.left[at]! - times);
}

/** Whether nothing is in flight: what has begun has ended. */
export function isQuiet(world: World): boolean {
  return world.messages.length === 0 && world.late.length === 0 &&
    world.writers.every(({ state, granted, position }) =>
      state === "Done" || state === "Locking" && position === 0 && granted === never
    ) &&
    world.readers.every(({ state }) => state === "Idle" || state === "Crashed");
}

/** How actors are called in counterexamples: readers 1, 2, … and writers A, B, … */
export function nameOf(kind: "reader" | "writer" | "caller", index: number): string {
  return kind === "writer" ? `writer ${String.fromCharCode(65 + index)}` : `${kind} ${index + 1}`;
}
