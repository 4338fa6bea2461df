import type { Clock } from "../../clock.ts";
import type { Slot } from "../../protocol/slot.ts";
import type { Store } from "../../store.ts";
import type { Fault, Invariant } from "../explorer/names.ts";
import type { SimulatedClock } from "./clock.ts";
import { simulatedClock } from "./clock.ts";
import type { Action, Delay, Mishap, Plan, PlannedEvent } from "./plan.ts";
import type { Setting } from "./setting.ts";

/** A process from its start to its end. */
export interface Life {
  /** Which process it is, from 0, and how many there were in its place before. */
  readonly process: number;
  readonly round: number;
  readonly name: string;
  readonly clock: Clock;
  readonly store: Store<string, string>;
  state: "open" | "closing" | "closed" | "crashed";
  /** The source refuses what it began to write up to this moment; only a fenced source does. */
  fencedAt: number;
}

/** An operation as it went. */
export interface Recorded {
  readonly action: Action;
  readonly life: Life;
  /** In the order of all beginnings and ends; the whole part is the time. */
  readonly start: number;
  readonly startedAt: number;
  end: number | undefined;
  endedAt: number;
  /** What was read, for each key. */
  reads: ReadonlyArray<readonly [key: string, value: string | undefined]>;
  /** What of that was said to be fresh. */
  fresh: Recorded["reads"];
  /** What it said about its write. */
  outcome: "committed" | "aborted" | "unknown" | "unconfirmed" | undefined;
  /** How it ended, in words. */
  says: string;
  /** What kind of error it ended with. */
  error: string | undefined;
}

/** What is wrong about a run. */
export interface Violation {
  /** Which invariant is broken. */
  readonly invariant: Invariant;
  /** How, in words. */
  readonly reason: string;
}

/** Everything there is in a run. */
export interface World {
  readonly setting: Setting;
  readonly plan: Plan;
  readonly clock: SimulatedClock;
  readonly met: Map<string, number>;
  readonly log: Array<string> | undefined;
  readonly violations: Array<Violation>;
  readonly recorded: Array<Recorded>;
  /** The processes that there are now. */
  readonly lives: Array<Life | undefined>;
  /** How many processes were ever started. */
  started: number;
  /** Misfortunes whose time has come, waiting for what they befall. */
  readonly armed: Array<Mishap>;
  /** Misfortunes and delays that happened: when, and how. */
  readonly happened: Map<string, { readonly at: number; readonly how: string }>;
  readonly delays: Map<string, Delay>;
  readonly counts: Map<string, number>;
  /** The server: its slots, who it is, since when, and what a replica has of the slots. */
  readonly slots: Map<string, Slot<Uint8Array>>;
  readonly owners: Map<string, Life>;
  identity: number;
  changed: number;
  copy: ReadonlyMap<string, Slot<Uint8Array>> | undefined;
  served: number;
  /** The source: what it has now, what it had, and the place of each written value in the order of commits. */
  readonly rows: Map<string, string | undefined>;
  readonly versions: Map<string, Array<string | undefined>>;
  readonly orders: Map<string, number>;
  events: number;
  /** Whether all is over: what is still asked then is answered at once. */
  quiet: boolean;
}

/** A world in which nothing has happened. */
export function worldOf(setting: Setting, plan: Plan, met: Map<string, number>, log: Array<string> | undefined): World {
  const planned = plan.events.flatMap((each) => each._tag === "Delay" ? [[placeOf(each), each] as const] : []);
  return {
    setting,
    plan,
    clock: simulatedClock(),
    met,
    log,
    violations: [],
    recorded: [],
    lives: Array.from({ length: plan.processes }, () => undefined),
    started: 0,
    armed: [],
    happened: new Map(),
    delays: new Map(planned),
    counts: new Map(),
    slots: new Map(),
    owners: new Map(),
    identity: 0,
    changed: -Infinity,
    copy: undefined,
    served: 0,
    rows: new Map(plan.keys),
    versions: new Map([...plan.keys].map(([key, value]) => [key, [value]])),
    orders: new Map(),
    events: 0,
    quiet: false,
  };
}

/** Says what is wrong, if it breaks what is promised. */
export function violate(world: World, invariant: Invariant, reason: string): void {
  if (world.setting.promised.includes(invariant)) world.violations.push({ invariant, reason });
}

/** Counts something that was met. */
export function meet(world: World, what: string): void {
  world.met.set(what, (world.met.get(what) ?? 0) + 1);
}

/** Writes down what happens, if anybody wants to read it. */
export function note(world: World, line: () => string): void {
  world.log?.push(`${world.clock.now()} ms: ${line()}`);
}

/** Says that a misfortune happened now, and how. */
export function mark(world: World, { id, fault }: Mishap, how: string): void {
  if (!world.happened.has(`${id}`)) world.happened.set(`${id}`, { at: momentOf(world), how });
  meet(world, fault);
  note(world, () => `${fault}: ${how}`);
}

/** The next moment of a run: the time, and behind the point what tells apart what happens at one time. */
export function momentOf(world: World): number {
  return world.clock.now() + ++world.events * 1e-6;
}

/** What distinguishes a delay from others. */
export function placeOf({ name, at }: Pick<Delay, "name" | "at">): string {
  return `${name}, at ${at} ms`;
}

/** The first misfortune that waits for something like this. */
export function befall(world: World, faults: ReadonlySet<Fault>, what: string): Mishap | undefined {
  if (world.armed.length === 0) return undefined;
  const index = world.armed.findIndex(({ fault, befalls }) =>
    faults.has(fault) && (befalls === undefined || befalls === what)
  );
  return index < 0 ? undefined : world.armed.splice(index, 1)[0];
}

/** Whether a planned event came to pass. */
export function happenedIn(world: World, event: PlannedEvent): boolean {
  switch (event._tag) {
    case "Action":
      return world.recorded.some(({ action }) => action === event);
    case "Delay":
      return world.happened.has(placeOf(event));
    case "Mishap":
      return world.happened.has(`${event.id}`);
    case "Restart":
      return true;
  }
}
