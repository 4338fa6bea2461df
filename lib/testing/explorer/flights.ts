import type { Setting } from "./setting.ts";
import { never } from "./time.ts";
import type { Step, World } from "./world.ts";
import { nameOf } from "./world.ts";

/** The readers of the same key that were granted a claim or a mark and are under way: others may wait for them. */
export function flightsOf(
  { readers }: World,
  i: number,
  { keys, protocol: { reading } }: Setting,
): ReadonlyArray<number> {
  const found: Array<number> = [];
  readers.forEach(({ granted, state }, each) => {
    if (each !== i && each % keys === i % keys && granted !== never && reading[state] !== undefined) found.push(each);
  });
  return found;
}

/** A step for each reader that one which has begun to wait can wait for. Which of them are of its process is not said. */
export function choices(step: Step, i: number, setting: Setting): ReadonlyArray<Step> {
  const reader = step.world.readers[i]!;
  if (reader.waits < 0 || setting.readers < 3) return [step];
  return flightsOf(step.world, i, setting).map((waits): Step => {
    const readers = step.world.readers.with(i, { ...reader, waits });
    return { ...step, world: { ...step.world, readers } };
  });
}

/** A read that begins while others load, and waits for one of them before it asks anything. */
export function joinFlights(world: World, i: number, setting: Setting): ReadonlyArray<Step> {
  const reader = world.readers[i]!;
  if (reader.patience === 0) return [];
  return flightsOf(world, i, setting).map((waits): Step => {
    const waiting = { ...reader, patience: reader.patience - 1, waits };
    return {
      world: { ...world, readers: world.readers.with(i, waiting) },
      says: () => `${nameOf("reader", i)} waits for ${nameOf("reader", waits)}`,
    };
  });
}

/** What a reader loaded was current at a moment after all reads of its key that are under way have begun. */
export function othersSee(world: World, i: number, { patience, keys, needs }: Setting): World {
  if (patience === 0 || world.readers[i]!.granted === never) return world;
  const bit = 1 << i;
  const readers = world.readers.map((each, j) =>
    j !== i && j % keys === i % keys && !each.answered && needs.patience.has(each.state)
      ? { ...each, current: each.current | bit }
      : each
  );
  return { ...world, readers };
}
