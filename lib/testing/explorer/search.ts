import { cycleOf } from "./cycles.ts";
import { environmentSteps } from "./environment.ts";
import { joinSteps } from "./joiners.ts";
import { keyOf } from "./key.ts";
import type { Invariant } from "./names.ts";
import { makeJudge } from "./quiet.ts";
import { readerSteps } from "./readers.ts";
import type { Setting } from "./setting.ts";
import { momentsOf, renumber } from "./time.ts";
import type { Broken, Step, World } from "./world.ts";
import { begin, isQuiet } from "./world.ts";
import { writerSteps } from "./writers.ts";

/** A shortest way to a broken invariant. */
export interface Counterexample {
  /** What is broken. */
  readonly invariant: Invariant;
  /** What is wrong at its end. */
  readonly reason: string;
  /** What happened, one after the other. */
  readonly steps: ReadonlyArray<string>;
}

/** What a search has seen. */
export interface Findings {
  readonly broken: ReadonlyArray<Counterexample>;
  readonly states: number;
  readonly transitions: number;
  /** Whether every state was visited. */
  readonly complete: boolean;
}

/** Where each state of a search was first reached from; the first one is the beginning. */
interface Trail {
  readonly keys: Array<string>;
  readonly from: Array<number>;
}

interface Search {
  readonly setting: Setting;
  readonly trail: Trail;
  readonly known: Set<string>;
  readonly broken: Map<Invariant, Counterexample>;
  readonly next: Array<World>;
  readonly nextIds: Array<number>;
  transitions: number;
}

/** Breadth-first search over everything that can happen: the first way found to a broken invariant is a shortest one. */
export function search(setting: Setting): Findings {
  const first = begin(setting);
  const key = keyOf(first, momentsOf(first), setting);
  const state: Search = {
    setting,
    trail: { keys: [key], from: [-1] },
    known: new Set([key]),
    broken: new Map(),
    next: [first],
    nextIds: [0],
    transitions: 0,
  };
  const cycle = cycleOf(setting);
  if (cycle !== undefined && setting.invariants.includes("I5")) {
    const reason = "an operation need not end: its table leads back to a state it has been in";
    state.broken.set("I5", { invariant: "I5", reason, steps: cycle });
  }
  const complete = visitAll(state) && state.next.length === 0;
  return { broken: [...state.broken.values()], states: state.known.size, transitions: state.transitions, complete };
}

/** Visits what can be reached, nearest first; false if that is more than the bound. */
function visitAll(state: Search): boolean {
  const judge = makeJudge(state.setting);
  while (state.next.length > 0 && !isDecided(state)) {
    const worlds = state.next.splice(0);
    const ids = state.nextIds.splice(0);
    for (let i = 0; i < worlds.length; i++) {
      if (isDecided(state)) return false;
      if (state.known.size > state.setting.bound) return false;
      expand(state, worlds[i]!, ids[i]!);
      if (isQuiet(worlds[i]!)) note(state, judge(worlds[i]!), ids[i]!, undefined);
    }
  }
  return true;
}

function isDecided({ setting, broken }: Search): boolean {
  return broken.size > 0 && (setting.until === "first" || setting.invariants.every((each) => broken.has(each)));
}

function expand(state: Search, world: World, id: number): void {
  const steps = successors(world, state.setting);
  if (steps.length === 0 && !isQuiet(world)) {
    note(state, [{ invariant: "I5", reason: "nothing can happen any more, and somebody waits" }], id, undefined);
  }
  for (const step of steps) {
    state.transitions++;
    if (step.broke !== undefined && step.broke.length > 0) note(state, step.broke, id, step);
    const moments = momentsOf(step.world);
    const key = keyOf(step.world, moments, state.setting);
    if (state.known.has(key)) continue;
    state.known.add(key);
    state.nextIds.push(state.trail.keys.push(key) - 1);
    state.trail.from.push(id);
    state.next.push(renumber(step.world, moments));
  }
}

/** Everything that can happen next. */
export function successors(world: World, setting: Setting): ReadonlyArray<Step> {
  const steps: Array<Step> = [];
  for (let i = 0; i < setting.readers; i++) steps.push(...readerSteps(world, i, setting));
  for (let i = 0; i < setting.writers; i++) steps.push(...writerSteps(world, i, setting));
  if (setting.joiners > 0) steps.push(...joinSteps(world, setting));
  steps.push(...environmentSteps(world, setting));
  return steps;
}

/** Keeps the first counterexample to each invariant that is checked. */
function note(state: Search, broke: ReadonlyArray<Broken>, id: number, last: Step | undefined): void {
  for (const { invariant, reason } of broke) {
    if (state.broken.has(invariant) || !state.setting.invariants.includes(invariant)) continue;
    const steps = [...replay(state, id), ...(last === undefined ? [] : [last.says()])];
    state.broken.set(invariant, { invariant, reason, steps });
  }
}

/**
 * The steps to a state. States that differ in who is who are one, so that the way is walked again with fixed names: each
 * step is one that leads to the next state of the trail.
 */
function replay({ setting, trail }: Search, id: number): ReadonlyArray<string> {
  const way: Array<number> = [];
  for (let each = id; each > 0; each = trail.from[each]!) way.unshift(each);
  const told = { ...setting, met: new Map() };
  const steps: Array<string> = [];
  let world = begin(setting);
  for (const each of way) {
    for (const step of successors(world, told)) {
      const moments = momentsOf(step.world);
      if (keyOf(step.world, moments, setting) !== trail.keys[each]) continue;
      steps.push(step.says());
      world = renumber(step.world, moments);
      break;
    }
  }
  return steps;
}
