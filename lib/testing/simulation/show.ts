import { saidOf } from "./operation.ts";
import type { PlannedEvent } from "./plan.ts";
import type { World } from "./world.ts";
import { placeOf } from "./world.ts";

/** The events of a run as lines, each with its time and with what came of it, in the order in which they happened. */
export function stepsOf(world: World): ReadonlyArray<string> {
  return world.plan.events
    .map((event) => lineOf(world, event))
    .sort((left, right) => left.at - right.at)
    .map(({ at, says }) => at === Infinity ? says : `at ${Math.floor(at)} ms ${says}`);
}

interface Line {
  readonly at: number;
  readonly says: string;
}

function lineOf(world: World, event: PlannedEvent): Line {
  switch (event._tag) {
    case "Action": {
      const recorded = world.recorded.find(({ action }) => action === event);
      const who = `client ${event.client + 1}`;
      if (recorded === undefined) return { at: Infinity, says: `${who} never comes to ${saidOf(event)}` };
      const { start, endedAt, life, says } = recorded;
      const end = endedAt === Infinity ? says : `${says}, at ${endedAt} ms`;
      return { at: start, says: `${who} of ${life.name}: ${saidOf(event)} → ${end}` };
    }
    case "Delay": {
      const found = world.happened.get(placeOf(event));
      return found === undefined
        ? { at: Infinity, says: `${placeOf(event)}, would take longer` }
        : { at: found.at, says: found.how };
    }
    case "Mishap": {
      const found = world.happened.get(`${event.id}`);
      return found === undefined
        ? { at: Infinity, says: `${event.fault} befalls nothing` }
        : { at: found.at, says: `${event.fault}: ${found.how}` };
    }
    case "Restart":
      return { at: event.at, says: `process ${event.process + 1} is closed, and started again` };
  }
}
