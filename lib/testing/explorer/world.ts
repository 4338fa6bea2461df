import type { Operation, Slot } from "../../protocol/slot.ts";
import { absent } from "../../protocol/slot.ts";
import type { Joiner, Reader, Writer } from "./actors.ts";
import { idle, rest } from "./actors.ts";
import type { Instance, Pivot } from "./instances.ts";
import { instancesOf } from "./instances.ts";
import type { Fault, Invariant } from "./names.ts";
import type { Setting } from "./setting.ts";
import { never, start } from "./time.ts";

/** A cache command that nobody waits for any more, and that will still take effect. */
export interface Message {
  readonly key: number;
  readonly operation: Operation<number>;
  readonly who: string;
}

/** A write that nobody waits for any more, and that the source may still apply. */
export interface LateWrite {
  readonly keys: ReadonlyArray<number>;
  readonly granted: number;
  readonly who: string;
}

/** Everything there is at one moment. */
export interface World {
  readonly now: number;
  readonly slots: ReadonlyArray<Slot<number>>;
  /** The source's version of each key: of all writes that it has applied, the last one to that key. */
  readonly source: ReadonlyArray<number>;
  readonly readers: ReadonlyArray<Reader>;
  readonly writers: ReadonlyArray<Writer>;
  readonly joiners: ReadonlyArray<Joiner>;
  readonly messages: ReadonlyArray<Message>;
  readonly late: ReadonlyArray<LateWrite>;
  readonly instances: ReadonlyArray<Instance>;
  readonly pivot: Pivot;
  /** What was acknowledged at the pivot. */
  readonly bounded: number;
  /** What a replica that has fallen behind has of the slots. */
  readonly copy: ReadonlyArray<Slot<number>> | undefined;
  readonly identity: number;
  readonly changed: number;
  /** The newest version of an acknowledged write, and of a finished read, of each key. */
  readonly acknowledged: ReadonlyArray<number>;
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

/** The world before anything happened. */
export function begin(setting: Setting): World {
  const { readers, writers, keys, joiners, times, processes } = setting;
  const none = Array.from({ length: keys }, () => never);
  return {
    now: start,
    slots: none.map(() => absent),
    source: none.map(() => 0),
    readers: Array.from({ length: readers }, () => idle(0)),
    writers: Array.from({ length: writers }, (_, i): Writer => ({
      state: processes > 0 ? "Above" : "Locking",
      above: "Locking",
      token: `writer ${i}`,
      attempt: 0,
      again: false,
      position: 0,
      placed: none,
      confirmed: none.map(() => false),
      granted: never,
      version: 0,
      applied: false,
    })),
    joiners: Array.from({ length: joiners }, rest),
    messages: [],
    late: [],
    instances: instancesOf(setting),
    pivot: "ahead",
    bounded: 0,
    copy: undefined,
    identity: 0,
    changed: -Infinity,
    acknowledged: none.map(() => 0),
    seen: none.map(() => 0),
    left: times,
  };
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
    world.instances.every(({ queue }) => queue.length === 0) &&
    world.writers.every(({ state, above, granted, position }) =>
      state === "Done" || (state === "Locking" || state === "Above") && above === "Locking" && position === 0 &&
        granted === never
    ) &&
    world.readers.every(({ state }) => state === "Idle" || state === "Crashed");
}

/** How actors are called in counterexamples: readers 1, 2, … and writers A, B, … */
export function nameOf(kind: "reader" | "writer" | "caller", index: number): string {
  return kind === "writer" ? `writer ${String.fromCharCode(65 + index)}` : `${kind} ${index + 1}`;
}
