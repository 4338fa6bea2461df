import type { Action, Delay, Mishap, Plan, PlannedEvent } from "./plan.ts";
import { run } from "./run.ts";
import type { Setting } from "./setting.ts";
import type { World } from "./world.ts";
import { happenedIn } from "./world.ts";

/** How many smaller plans are tried: enough for what a hundred events can lose, and over in a few seconds. */
const mostTries = 3_000;

/**
 * A run of the smallest plan that was found to break the same invariant: events are left out for as long as that helps,
 * and then made simpler. Delays that were drawn become events like the others, so that what is left of them is told.
 */
export async function shrink(setting: Setting, failed: World): Promise<World> {
  const { invariant } = failed.violations[0]!;
  let best = failed;
  let tries = 0;
  const helps = async (plan: Plan): Promise<boolean> => {
    if (tries++ >= mostTries) return false;
    const world = await run(setting, plan);
    if (!world.violations.some((each) => each.invariant === invariant)) return false;
    best = world;
    return true;
  };
  if (!await helps(withDelays(failed))) return best;
  for (let before = Infinity; sizeOf(best.plan) < before;) {
    before = sizeOf(best.plan);
    await helps({ ...best.plan, events: best.plan.events.filter((each) => happenedIn(best, each)) });
    await leaveOut(() => best.plan, helps);
    await simplify(() => best.plan, helps);
  }
  tries = 0;
  await helps({ ...best.plan, events: best.plan.events.filter((each) => happenedIn(best, each)) });
  await helps(renumbered(best.plan));
  return best;
}

/** The same run with its delays as events, and each operation at the time at which it began. */
function withDelays({ plan, delays, recorded }: World): Plan {
  const began = new Map(recorded.map(({ action, startedAt }, i) => [action, { at: startedAt, place: i }]));
  const events = plan.events.filter((event) => event._tag !== "Action" && event._tag !== "Delay");
  const actions = plan.events.flatMap((event) => {
    const found = event._tag === "Action" ? began.get(event) : undefined;
    return event._tag === "Action" && found !== undefined ? [{ ...event, ...found }] : [];
  }).sort((left, right) => left.place - right.place).map(({ place: _place, ...action }): Action => action);
  return { ...plan, delays: "planned", events: [...actions, ...events, ...delays.values()] };
}

/** What a simplification must lower: the events first, then what they hold. */
function sizeOf({ events, processes }: Plan): number {
  return events.reduce((sum, each) => sum + 1e6 + weightOf(each), processes * 1e4);
}

function weightOf(event: PlannedEvent): number {
  switch (event._tag) {
    case "Action":
      return event.at + event.keys.length + (event.does === "get" ? 0 : 1) + (event.patience === Infinity ? 0 : 1);
    case "Mishap":
      return event.at + event.later;
    case "Restart":
      return event.at;
    case "Delay":
      return event.at + event.before + event.after;
  }
}

type Current = () => Plan;
type Helps = (plan: Plan) => Promise<boolean>;

/** Leaves out halves of what is left, then quarters, and so on down to single events. */
async function leaveOut(current: Current, helps: Helps): Promise<void> {
  for (let size = current().events.length >> 1; size >= 1; size >>= 1) {
    for (let from = 0; from < current().events.length;) {
      const { events } = current();
      const fewer = [...events.slice(0, from), ...events.slice(from + size)];
      if (!await helps({ ...current(), events: fewer })) from += size;
    }
  }
}

async function simplify(current: Current, helps: Helps): Promise<void> {
  while (current().processes > 1 && await helps({ ...current(), processes: current().processes - 1 }));
  for (let i = 0; i < current().events.length; i++) {
    for (let again = true; again;) {
      again = false;
      for (const simpler of simplerThan(current(), i)) {
        if (sizeOf(simpler) >= sizeOf(current()) || !await helps(simpler)) continue;
        again = true;
        break;
      }
    }
  }
}

/** Plans in which one event is simpler; or earlier, together with all that follow it. */
function* simplerThan(plan: Plan, i: number): Generator<Plan> {
  const { events } = plan;
  const event = events[i]!;
  const before = Math.max(0, ...events.flatMap(({ at }) => at < event.at ? [at] : []));
  for (const to of [before, (before + event.at) >> 1]) yield moved(plan, event.at, to - event.at);
  for (const each of simplerEvents(event)) yield { ...plan, events: events.with(i, each) };
  if (event._tag !== "Delay") return;
  for (const each of shorter(event)) {
    const less = event.before + event.after - each.before - each.after;
    yield moved({ ...plan, events: events.with(i, each) }, event.at + 1, -less);
  }
}

/** A plan in which everything from a time on happens earlier. */
function moved(plan: Plan, from: number, by: number): Plan {
  const events = plan.events.map((each) => each.at >= from ? { ...each, at: Math.max(0, each.at + by) } : each);
  return { ...plan, events };
}

function simplerEvents(event: PlannedEvent): Iterable<PlannedEvent> {
  switch (event._tag) {
    case "Action":
      return plainer(event);
    case "Mishap":
      return sooner(event);
    case "Delay":
      return shorter(event);
    case "Restart":
      return [];
  }
}

function* shorter(delay: Delay): Generator<Delay> {
  const { before, after } = delay;
  for (const length of [1, before >> 1, before - 1]) if (length >= 1) yield { ...delay, before: length };
  for (const length of [1, after >> 1, after - 1]) if (length >= 1) yield { ...delay, after: length };
}

function* sooner(mishap: Mishap): Generator<Mishap> {
  for (const later of [1, mishap.later >> 1]) if (later >= 1) yield { ...mishap, later };
}

function* plainer(action: Action): Generator<Action> {
  const isWrite = action.does === "mutate" || action.does === "put" || action.does === "remove";
  if (!isWrite) yield { ...action, does: "get", keys: action.keys.slice(0, 1) };
  else yield { ...action, does: "mutate", told: false, keys: action.keys.slice(0, 1) };
  yield { ...action, keys: action.keys.slice(0, 1) };
  yield { ...action, patience: Infinity };
}

/** Actions and misfortunes numbered as they come, so that the values that are written are easy to follow. */
function renumbered(plan: Plan): Plan {
  const events = [...plan.events].sort((left, right) => left.at - right.at);
  return { ...plan, events: events.map((each, i) => each._tag === "Delay" ? each : { ...each, id: i + 1 }) };
}
