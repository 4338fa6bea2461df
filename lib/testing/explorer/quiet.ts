import type { ReadingState } from "../../protocol/reading.ts";
import { idle } from "./actors.ts";
import { atNow } from "./commands.ts";
import { keyOf } from "./key.ts";
import { staleAbove, unrecoveredAbove } from "./quiet_above.ts";
import { readerSteps } from "./readers.ts";
import type { Setting } from "./setting.ts";
import { far, lease, momentsOf } from "./time.ts";
import { versionOf } from "./versions.ts";
import type { Broken, World } from "./world.ts";

/** Judges worlds in which nothing is in flight: what is true of one is true of all that have the same slots. */
export type Judge = (world: World) => ReadonlyArray<Broken>;

/** A judge that remembers what it has seen. */
export function makeJudge(setting: Setting): Judge {
  const known = new Map<string, ReadonlyArray<Broken>>();
  const calm: Setting = {
    ...setting,
    granted: [],
    times: [],
    joiners: 0,
    writers: 0,
    entries: "fresh",
    ahead: "never",
    met: new Map(),
  };
  return (world) => {
    const left = {
      ...world,
      readers: [],
      writers: [],
      joiners: [],
      acknowledged: [],
      seen: [],
      left: [],
      copy: undefined,
      instances: world.instances.map((each) => ({ ...each, own: 0, seen: 0, delivered: 0, proved: false })),
      pivot: "ahead" as const,
      bounded: 0,
    };
    const key = keyOf(left, momentsOf(left), setting);
    let broke = known.get(key);
    if (broke === undefined) {
      broke = left.instances.length === 0
        ? [...stale(left, calm), ...unrecovered(left, calm)]
        : [...stale(left, calm), ...staleAbove(left, calm), ...unrecoveredAbove(left, calm)];
      known.set(key, broke);
    }
    return broke;
  };
}

/** When all leases are over, and when all lifetimes are. */
function afterwards({ now }: World): ReadonlyArray<number> {
  return [now + 4 * lease, far + lease];
}

/** I1: what is left in the slots. */
function stale(world: World, setting: Setting): ReadonlyArray<Broken> {
  const broke: Array<Broken> = [];
  for (const now of afterwards(world)) {
    world.slots.forEach((slot, key) => {
      const [, reply] = setting.protocol.apply(slot, { _tag: "look" }, { ...atNow(world, setting), now });
      if (reply._tag !== "Hit") return;
      const version = versionOf(reply.found.payload, key, world.source);
      const current = world.source[key]!;
      if (version === current) return;
      broke.push({ invariant: "I1", reason: `v${version} stays in the slot, the source has v${current}` });
    });
  }
  return broke.slice(0, 1);
}

/**
 * I6: of a few reads, a lease apart, one fills for good. On probation the first entry lives for a lease, and where the
 * level is strict the first fill is refused.
 */
function unrecovered(world: World, setting: Setting): ReadonlyArray<Broken> {
  for (let reader = 0; reader < setting.keys; reader++) {
    for (const begins of afterwards(world)) {
      if (!recovers(world, begins, reader, setting)) {
        return [{ invariant: "I6", reason: "reads are never answered by the slot again" }];
      }
    }
  }
  return [];
}

function recovers(world: World, begins: number, reader: number, setting: Setting): boolean {
  const none = world.slots.map(() => 0);
  let alone: World = { ...world, acknowledged: none, seen: none, readers: none.map(() => idle(0)) };
  for (let round = 0; round < 4; round++) {
    alone = { ...alone, now: Math.max(alone.now + lease, begins) };
    const [filled] = readAlone(alone, reader, setting);
    const later = { ...filled, now: filled.now + 3 * lease };
    const [, first] = readAlone(filled, reader, setting);
    const [, last] = readAlone(later, reader, setting);
    // Where reads may be forced, one of them finds nothing in its way: it asks, loads and fills.
    const forced = !setting.starts.includes("Forcing") || readAlone(later, reader, setting, "Forcing")[1] === 3;
    if (first === 1 && last === 1 && forced) return true;
    alone = filled;
  }
  return false;
}

/** A read without anybody else, and how many effects it took: one, if the slot answers it. */
function readAlone(
  before: World,
  reader: number,
  setting: Setting,
  start: ReadingState = setting.starts.find((each) => each === "Looking") ?? "Claiming",
): readonly [World, number] {
  const quiet: Setting = { ...setting, starts: [start] };
  let world = before;
  let effects = 0;
  do {
    world = readerSteps(world, reader, quiet)[0]!.world;
    effects++;
  } while (world.readers[reader]!.state !== "Idle" && effects < mostEffects);
  return [world, effects];
}

// More than any way through a table takes that waits no more than twice.
const mostEffects = 24;
