import type { Fault } from "../explorer/names.ts";
import type { Dice } from "./dice.ts";
import { diceOf } from "./dice.ts";

/**
 * What a client does. `entries` and `force` read with everything that is known about a value. `change` changes a row of
 * the source without any cache, `clear` and `clear softly` invalidate all that there is.
 */
export type Doing = "get" | "getMany" | "entries" | "force" | "peek" | Writing | Clearing;

type Writing = "put" | "remove" | "mutate" | "invalidate" | "change";

type Clearing = "clear" | "clear softly";

/** A client's operation. It begins at its time, or when the client's operation before it has ended. */
export interface Action {
  readonly _tag: "Action";
  readonly id: number;
  readonly at: number;
  readonly client: number;
  readonly does: Doing;
  readonly keys: ReadonlyArray<string>;
  /** Whether a `mutate` tells what it wrote. */
  readonly told: boolean;
  /** For how long its caller waits. */
  readonly patience: number;
}

/** Something that goes wrong: at its time, or to the next command, load or save that it fits. */
export interface Mishap {
  readonly _tag: "Mishap";
  readonly id: number;
  readonly at: number;
  readonly fault: Fault;
  /** Chooses among what it may befall. */
  readonly pick: number;
  /** How much later what is put off happens. */
  readonly later: number;
  /** Which cache command it befalls, or whether a load or a save; any, where it is not said. */
  readonly befalls: string | undefined;
}

/** A process is closed, and another takes its place. */
export interface Restart {
  readonly _tag: "Restart";
  readonly id: number;
  readonly at: number;
  readonly process: number;
}

/** How long something takes that is sent at that time: until it takes effect, and until that is known. */
export interface Delay {
  readonly _tag: "Delay";
  readonly at: number;
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

/** What happens in a run by its own: the rest follows. */
export type PlannedEvent = Action | Mishap | Restart | Delay;

/** A run before it is run. */
export interface Plan {
  readonly seed: number;
  readonly processes: number;
  /** Every key with the value that it has at first, if it has one. */
  readonly keys: ReadonlyMap<string, string | undefined>;
  readonly events: ReadonlyArray<PlannedEvent>;
  /** Whether delays are drawn from the seed, or as short as possible where no event says otherwise. */
  readonly delays: "drawn" | "planned";
}

/** The plan of a seed; the same seed and faults give the same one, and others besides where all can be invalidated. */
export function planOf(seed: number, faults: ReadonlyArray<Fault>, invalidates: "keys" | "all" = "keys"): Plan {
  const dice = diceOf(seed);
  const processes = dice.pick([1, 2, 2, 3]);
  const names = ["a", "b", "c"].slice(0, 2 + dice.below(2));
  const keys = new Map(names.map((name) => [name, dice.chance(0.6) ? `${name}0` : undefined]));
  const actions = randomActions(dice, 3 + dice.below(4), keys);
  const id = actions.length;
  const when = () => dice.pick(actions).at + dice.below(dice.chance(0.7) ? 30 : 120);
  const mishaps: Array<Mishap> = [];
  for (const [i, fault] of faults.entries()) {
    const made = randomMishap(dice, id + 1 + i, fault, when());
    mishaps.push(dice.chance(0.4) ? together(made, mishaps.at(-1)) : made);
  }
  const restarts: ReadonlyArray<Restart> = dice.chance(0.15)
    ? [{ _tag: "Restart", id: id + 1 + faults.length, at: when(), process: dice.below(processes) }]
    : [];
  const clears = invalidates === "all" ? randomClears(dice, id + 2 + faults.length, actions, [...keys.keys()]) : [];
  return { seed, processes, keys, events: [...actions, ...clears, ...mishaps, ...restarts], delays: "drawn" };
}

/** Rows that change behind the caches' back, and what is done about it, mostly soon: by one client, or by several at once. */
function randomClears(
  dice: Dice,
  first: number,
  actions: ReadonlyArray<Action>,
  names: ReadonlyArray<string>,
): ReadonlyArray<Action> {
  const clears: Array<Action> = [];
  const add = (at: number, does: Doing): void => {
    const { client } = dice.pick(actions);
    const keys = does === "change" ? [dice.chance(0.7) ? names[0]! : dice.pick(names)] : [];
    clears.push({ _tag: "Action", id: first + clears.length, at, client, does, keys, told: false, patience: Infinity });
  };
  for (let round = 1 + dice.below(3); round > 0; round--) {
    const at = dice.pick(actions).at + dice.below(dice.chance(0.7) ? 30 : 120);
    if (dice.chance(0.9)) add(at, "change");
    const clearing = dice.pick(["clear", "clear", "clear softly"] as const);
    add(at + dice.below(20), clearing);
    if (dice.chance(0.4)) add(at + dice.below(20), dice.pick([clearing, "clear", "clear softly"]));
  }
  return clears;
}

const reads = ["get", "get", "get", "entries", "entries", "getMany", "force", "peek"] as const;
const writes = ["put", "put", "mutate", "mutate", "mutate", "invalidate", "remove"] as const;

function randomActions(
  dice: Dice,
  clients: number,
  keys: ReadonlyMap<string, string | undefined>,
): ReadonlyArray<Action> {
  const names = [...keys.keys()];
  // A history tells writes apart by their values, so that each value, "no such key" as well, is written once.
  const removable = new Set(names.filter((name) => keys.get(name) !== undefined));
  const writing = dice.pick([0.15, 0.25, 0.4]);
  const skew = dice.pick([0.7, 0.9, 1]);
  let at = 0;
  return Array.from({ length: 20 + dice.below(21) }, (_, id): Action => {
    at += randomPause(dice);
    const key = dice.chance(skew) ? names[0]! : dice.pick(names);
    let does: Doing = dice.chance(writing) ? dice.pick(writes) : dice.pick(reads);
    if (does === "remove" && !removable.delete(key)) does = "put";
    const many = does === "getMany" || does === "entries" || does === "mutate" || does === "invalidate";
    const others = many ? names.filter((each) => each !== key && dice.chance(0.4)) : [];
    const twice = does === "getMany" && dice.chance(0.3) ? [key] : [];
    return {
      _tag: "Action",
      id: id + 1,
      at,
      client: dice.below(clients),
      does,
      keys: [key, ...others, ...twice],
      told: dice.chance(0.6),
      patience: dice.chance(0.04) && !writes.some((each) => each === does) ? 1 + dice.below(40) : Infinity,
    };
  });
}

/** Mostly too short for what is under way to end; sometimes longer than a lease, or than an entry lives in memory. */
function randomPause(dice: Dice): number {
  if (dice.chance(0.35)) return 0;
  if (dice.chance(0.65)) return 1 + dice.below(4);
  if (dice.chance(0.85)) return 5 + dice.below(40);
  return dice.chance(0.7) ? 50 + dice.below(1_000) : 1_000 + dice.below(14_000);
}

const commands = [
  "claim",
  "claim",
  "fill",
  "fill",
  "lock",
  "lock",
  "unlock",
  "unlock",
  "refresh",
  "release",
  undefined,
];

function randomMishap(dice: Dice, id: number, fault: Fault, at: number): Mishap {
  const later = dice.chance(fault === "failover" ? 0.9 : 0.5)
    ? 1 + dice.below(30)
    : dice.chance(0.5)
    ? 30 + dice.below(1_000)
    : 1_000 + dice.below(24_000);
  const befalls = commandFaults.has(fault) && fault !== "unreadable"
    ? dice.pick(commands)
    : fault === "sourceAborted"
    ? dice.pick(["load", "save"])
    : undefined;
  return { _tag: "Mishap", id, at, fault, pick: dice.below(1 << 20), later, befalls };
}

/** A misfortune that seldom comes alone: what is done twice, such as an unlock, can go wrong twice. */
function together(made: Mishap, before: Mishap | undefined): Mishap {
  if (before === undefined) return made;
  const alike = commandFaults.has(made.fault) && commandFaults.has(before.fault);
  return { ...made, at: before.at, befalls: alike ? before.befalls : made.befalls };
}

/** What can go wrong with a cache command. */
export const commandFaults: ReadonlySet<Fault> = new Set<Fault>([
  "failedNotApplied",
  "appliedButReportedFailed",
  "appliedLate",
  "appliedTwice",
  "unreadable",
]);

/** What can go wrong with a load or a save. */
export const sourceFaults: ReadonlySet<Fault> = new Set<Fault>([
  "sourceAborted",
  "sourceUnknownNotApplied",
  "sourceUnknownApplied",
  "sourceAppliedLate",
  "laggingReplica",
]);
