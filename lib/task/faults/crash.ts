import { sleep } from "./patience.ts";
import type { World } from "./scenario.ts";
import { slowCommit } from "./settings.ts";

/**
 * Does something to the lock of a slow write, and leaves readers the rest of its time to cache what is going to be old;
 * then the writer commits, and is killed.
 */
export async function underSlowCommit(world: World, fault: () => Promise<void>): Promise<void> {
  const end = performance.now() + slowCommit * world.lease / 2;
  await world.crash("after a slow commit", () => performance.now() < end ? fault() : sleep(10));
  // What the dead writer left behind would now stay.
  await world.pause(1.5 * world.lease);
}
