/** What has to be true of the processes when nothing is in flight. */
import { absent } from "../../protocol/slot.ts";
import { idle } from "./actors.ts";
import type { Instance } from "./instances.ts";
import { hearChange, instancesOf } from "./instances.ts";
import { deliver } from "./lines.ts";
import { readerSteps } from "./readers.ts";
import type { Setting } from "./setting.ts";
import { lease } from "./time.ts";
import { versionOf } from "./versions.ts";
import type { Broken, World } from "./world.ts";

/** I1: what is left in the processes, and may still be answered. */
export function staleAbove(world: World, { hearing }: Setting): ReadonlyArray<Broken> {
  return world.instances.flatMap(({ slot, line }, process): ReadonlyArray<Broken> => {
    if (slot._tag !== "Held" || hearing === "tracking, leased" && line !== "up") return [];
    const version = versionOf(slot.payload, 0, world.source);
    if (version === world.source[0]) return [];
    const reason = `v${version} stays in process ${process + 1} until its ttl, the source has v${world.source[0]}`;
    return [{ invariant: "I1", reason }];
  });
}

/** I6: of a few reads of each process, once it is connected, the last ones are answered by its slot. */
export function unrecoveredAbove(world: World, given: Setting): ReadonlyArray<Broken> {
  const setting = { ...given, places: world.instances.map((_, process) => process) };
  const recovers = world.instances.every((_, process) => recoversAbove(connected(world, setting), process, setting));
  return recovers ? [] : [{ invariant: "I6", reason: "reads are never answered by a process's slot again" }];
}

function connected(world: World, setting: Setting): World {
  const fresh = instancesOf(setting);
  const instances = world.instances.map(({ slot, line, remembered }, process): Instance => ({
    ...fresh[process]!,
    slot: slot._tag === "Locked" ? absent : slot,
    remembered: line === "up" && remembered,
    proved: true,
  }));
  const none = world.slots.map(() => 0);
  const readers = Array.from({ length: setting.processes }, () => idle(0));
  const after: World = { ...world, instances, acknowledged: none, seen: none, readers, now: world.now + 4 * lease };
  return world.instances.reduce(
    (before, { line }, process) => line === "up" ? before : hearChange(before, process, setting),
    after,
  );
}

function recoversAbove(world: World, process: number, setting: Setting): boolean {
  let [alone, last] = readAlone(world, process, setting);
  for (let round = 0; round < mostReads; round++) {
    const [after, effects] = readAlone(alone, process, setting);
    if (last === 1 && effects === 1) return true;
    [alone, last] = [{ ...after, now: after.now + lease }, effects];
  }
  return false;
}

// The first read fills the shared slot, the next one its own, and the server tells of the fill between them.
const mostReads = 6;

/** A read without anybody else, in how many steps of its own; whatever is on its way is heard. */
function readAlone(before: World, reader: number, setting: Setting): readonly [World, number] {
  let world = before;
  let effects = 0;
  do {
    const [own] = readerSteps(world, reader, setting);
    world = own?.world ?? heard(world, setting);
    if (own !== undefined) effects++;
  } while (world.readers[reader]!.state !== "Idle" && effects < mostEffects);
  return [heard(world, setting), effects];
}

// More than any way through both tables takes.
const mostEffects = 24;

function heard(before: World, setting: Setting): World {
  let world = before;
  for (let process = 0; process < setting.processes; process++) {
    for (
      let step = deliver(world, process, setting)[0];
      step !== undefined;
      step = deliver(world, process, setting)[0]
    ) {
      world = step.world;
    }
  }
  return world;
}
