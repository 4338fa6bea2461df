/**
 * The instance tier of a world: processes, each with a slot of its own above the shared one, and what the server tells
 * them. Its slots are stepped by the same slot function, its clients by the same tables.
 *
 * The server remembers which processes read the shared slot by a tracked read, and tells each of them once when it
 * changes. Answers to such reads and what is told come over one connection, in order, at any later moment. What a
 * process hears is an unlock by a stranger to its slot.
 *
 * No lease of an instance's slot ends under its owner; a process that crashes takes its slot along. So its slot needs no
 * time.
 */
import type { At, Operation, Reply, Slot } from "../../protocol/slot.ts";
import { absent } from "../../protocol/slot.ts";
import type { Setting } from "./setting.ts";
import { lease, start } from "./time.ts";
import type { World } from "./world.ts";

/** What is on its way to a process: each is delivered after all that stand before it. */
export type Item =
  | { readonly _tag: "Change" }
  | { readonly _tag: "Answer"; readonly reader: number; readonly reply: Reply<number> }
  | { readonly _tag: "Proof" }
  | { readonly _tag: "End" }
  /** Nothing that is sent: what stood before it was told until a write was acknowledged. */
  | { readonly _tag: "Acknowledged"; readonly version: number };

/** A process. */
export interface Instance {
  readonly slot: Slot<number>;
  /** Whether the server remembers a tracked read of it. */
  readonly remembered: boolean;
  /**
   * Its connection: `up`; `cut`, which it has not noticed; `silent`, half-open: it hears nothing any more, and is not
   * told so; or `down`, which it knows, or where it has none.
   */
  readonly line: "up" | "cut" | "silent" | "down";
  readonly queue: ReadonlyArray<Item>;
  /** Whether its connection proved itself alive since the pivot. */
  readonly proved: boolean;
  /** The newest version of an acknowledged write of its own, and of a finished read. */
  readonly own: number;
  readonly seen: number;
  /** The newest version of an acknowledged write before which everything was told to it, and heard. */
  readonly delivered: number;
}

/**
 * The moment from which a bound on staleness is counted, which may be any: it lies ahead, less than a lease of the
 * connection ago, or more. Once it is longer ago, a proof from before it serves nothing any more.
 */
export type Pivot = "ahead" | "near" | "past";

/** The processes before anything happened. */
export function instancesOf({ processes, hearing }: Setting): ReadonlyArray<Instance> {
  return Array.from({ length: processes }, (): Instance => ({
    slot: absent,
    remembered: false,
    line: hearing === "nothing" ? "down" : "up",
    queue: [],
    proved: false,
    own: 0,
    seen: 0,
    delivered: 0,
  }));
}

/** In which process a reader or a writer is: writers are spread over them from the last on. */
export function processOf(kind: "reader" | "writer", i: number, { processes, places }: Setting): number {
  return kind === "reader" ? places[i % places.length]! : processes - 1 - i % processes;
}

/** A world in which one process is another. */
export function withInstance(world: World, process: number, change: Partial<Instance>): World {
  const before = world.instances[process]!;
  return { ...world, instances: world.instances.with(process, { ...before, ...change }) };
}

/** What is known in a process, whose slot needs no time. */
const inside: At = { now: start, lease, level: "pinned", identity: "", changed: -Infinity };

/** The generation of every claim and lock in a process; their names are different. */
export const generation: number = start;

/** One step of a process's slot. */
export function stepInside(
  world: World,
  process: number,
  operation: Operation<number>,
  { protocol }: Setting,
): readonly [World, Reply<number>] {
  const [slot, reply] = protocol.apply(world.instances[process]!.slot, operation, inside);
  return [withInstance(world, process, { slot }), reply];
}

/** A process hears that the shared slot has changed, or that it may have. */
export function hearChange(world: World, process: number, setting: Setting): World {
  const { slot } = world.instances[process]!;
  const { hears } = setting.protocol.instances;
  if (hears === "entries only" && slot._tag === "Claimed" || hears === "no locks" && slot._tag === "Locked") {
    return world;
  }
  if (hears === "by deleting") return withInstance(world, process, { slot: absent });
  const stranger: Operation<number> = { _tag: "unlock", token: "the server", generation: -1, written: undefined };
  return stepInside(world, process, stranger, setting)[0];
}

/** The server tells those that read the shared slot, or after a flush all, that it has changed. */
export function tell(instances: ReadonlyArray<Instance>, whom: "who has read" | "all"): ReadonlyArray<Instance> {
  if (whom === "who has read" && !instances.some(({ remembered }) => remembered)) return instances;
  return instances.map((each) => {
    if (whom === "who has read" && !each.remembered) return each;
    const queue: ReadonlyArray<Item> = each.line === "up" ? [...each.queue, { _tag: "Change" }] : each.queue;
    return { ...each, remembered: false, queue };
  });
}

/** A write of a process was acknowledged; the others have heard of it when they heard all that was told them before. */
export function acknowledge(world: World, process: number, version: number, { checked }: Setting): World {
  const instances = world.instances.map((each, i): Instance => {
    const own = i === process && checked.has("I2 own") ? Math.max(each.own, version) : each.own;
    if (!checked.has("X02")) return { ...each, own };
    return absorb({ ...each, own, queue: [...each.queue, { _tag: "Acknowledged", version }] });
  });
  return { ...world, instances };
}

/** A process without the marks at the front of its queue. */
export function absorb(instance: Instance): Instance {
  const { queue } = instance;
  const isMark = ({ _tag }: Item) => _tag === "Acknowledged";
  const at = queue.findIndex((item) => !isMark(item));
  const marks = at < 0 ? queue : queue.slice(0, at);
  if (marks.length === 0) return instance;
  const versions = marks.map((item) => item._tag === "Acknowledged" ? item.version : 0);
  return { ...instance, queue: queue.slice(marks.length), delivered: Math.max(instance.delivered, ...versions) };
}

/** Whether a process may answer from its slot. */
export function serves(world: World, process: number, { hearing }: Setting): boolean {
  return hearing !== "tracking, leased" || world.pivot !== "past" || world.instances[process]!.proved;
}
