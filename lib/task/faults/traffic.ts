import type { Crew, RunSettings } from "./crew.ts";
import { sleep } from "./patience.ts";
import type { World } from "./scenario.ts";

/** Lets a crew work, and one fault after the other happen, for as long as the run lasts; returns their world. */
export async function makeTraffic(
  crew: Crew,
  fault: (world: World) => Promise<void>,
  { seconds, lease, signal }: RunSettings,
  counts: Map<string, number>,
): Promise<World> {
  const count = (what: string, by = 1): void => void counts.set(what, (counts.get(what) ?? 0) + by);
  const world: World = {
    lease,
    count,
    pause: sleep,
    stall: crew.stall,
    crash: async (point, meanwhile) => {
      const trapped = await crew.crash(point, meanwhile);
      count(trapped ? `killed ${point}` : "killed late");
      return trapped;
    },
  };
  await crew.start();
  const end = performance.now() + seconds * 1_000;
  while (performance.now() < end && signal?.aborted !== true) await fault(world);
  return world;
}
