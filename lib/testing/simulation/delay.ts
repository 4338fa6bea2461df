import { drawn } from "./dice.ts";
import type { Delay } from "./plan.ts";
import type { Life, World } from "./world.ts";
import { momentOf, placeOf } from "./world.ts";

/**
 * How long something takes that is sent now; drawn or planned, or else a millisecond each way. It is known by its name and
 * its time, and not by how many there were before: so what else is left out of a run does not change it.
 */
export function delayOf(world: World, what: string, kind: keyof typeof longest): Delay {
  const at = world.clock.now();
  const name = numbered(world, what, at);
  const place = placeOf({ name, at });
  const known = world.delays.get(place);
  if (world.quiet || known === undefined && world.plan.delays === "planned") {
    return { _tag: "Delay", at, name, before: 1, after: 1 };
  }
  const delay = known ?? { _tag: "Delay", at, name, ...drawnDelay(world.plan.seed, place, kind) };
  if (delay.before === 1 && delay.after === 1) return delay;
  if (known === undefined) world.delays.set(place, delay);
  const { before, after } = delay;
  const how = `${name} takes ${before} ms to arrive and ${after} ms to be answered`;
  if (!world.happened.has(place)) world.happened.set(place, { at: momentOf(world), how });
  return delay;
}

/** One of several that are sent at the same moment. */
function numbered(world: World, what: string, at: number): string {
  const place = placeOf({ name: what, at });
  const count = (world.counts.get(place) ?? 0) + 1;
  world.counts.set(place, count);
  return count === 1 ? what : `${what} (${count})`;
}

/** The longest delays, in milliseconds: what goes wrong without a fault in the plan must stay within time-outs and leases. */
const longest = { command: 350, load: 1_200, save: 2_300 };

function drawnDelay(seed: number, name: string, kind: keyof typeof longest): Pick<Delay, "before" | "after"> {
  const length = (of: string): number => {
    const number = drawn(seed, of + name);
    const share = number % 1_000;
    const fraction = (number >>> 10) / 2 ** 22;
    if (share < 300) return 1;
    if (share < 650) return 1 + Math.floor(fraction * 9);
    if (share < 970) return 10 + Math.floor(fraction * 50);
    return 60 + Math.floor(fraction * (longest[kind] - 60));
  };
  return { before: length("before "), after: length("after ") };
}

/** Whether what a crashed process had under way still takes effect. */
export function survives(world: World, life: Life, sent: Delay): boolean {
  return life.state !== "crashed" || drawn(world.plan.seed, `survives ${placeOf(sent)}`) % 2 === 0;
}
