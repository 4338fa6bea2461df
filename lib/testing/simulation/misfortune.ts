import type { Slot } from "../../protocol/slot.ts";
import type { Mishap } from "./plan.ts";
import { commandFaults, sourceFaults } from "./plan.ts";
import { atNow, labelOf } from "./server.ts";
import type { Life, World } from "./world.ts";
import { mark, note } from "./world.ts";

type Bytes = Uint8Array;

/** The time of a misfortune has come: it happens, or waits for what it befalls. */
export function happen(world: World, mishap: Mishap, crash: (life: Life, down: number) => void): void {
  if (commandFaults.has(mishap.fault) || sourceFaults.has(mishap.fault)) return void world.armed.push(mishap);
  switch (mishap.fault) {
    case "evict":
      return evict(world, mishap);
    case "flush":
      return flush(world, mishap);
    case "expire":
      return expire(world, mishap);
    case "failover":
      return failover(world, mishap);
    case "crash": {
      const alive = world.lives.flatMap((life) => life?.state === "open" ? [life] : []);
      const life = alive[mishap.pick % alive.length];
      if (life === undefined) return;
      mark(world, mishap, `${life.name} crashes, for ${mishap.later} ms`);
      return crash(life, mishap.later);
    }
  }
}

/** The slots as they are now, without those that are over. */
function alive(world: World): ReadonlyArray<readonly [string, Slot<Bytes>]> {
  const at = atNow(world);
  return [...world.slots].flatMap(([name, slot]) => {
    const [now] = world.setting.apply(slot, { _tag: "look" }, at);
    return now._tag === "Absent" ? [] : [[name, now] as const];
  });
}

function evict(world: World, mishap: Mishap): void {
  const evictable = alive(world).filter(([, { _tag }]) => world.setting.level !== "pinned" || _tag !== "Locked");
  const one = evictable[mishap.pick % evictable.length];
  if (one === undefined) return;
  const [name, slot] = one;
  world.slots.delete(name);
  mark(world, mishap, `the slot of ${labelOf(name)} is evicted (it was ${slot._tag})`);
}

function flush(world: World, mishap: Mishap): void {
  if (alive(world).length === 0) return;
  world.slots.clear();
  mark(world, mishap, "the server is flushed");
}

/** A lease ends while its owner is under way: one claim, mark or lock, in all the slots that it is in. */
function expire(world: World, mishap: Mishap): void {
  const slots = alive(world);
  const owners = [...new Set(slots.flatMap(([, slot]) => ownersOf(slot)))];
  const owner = owners[mishap.pick % owners.length];
  if (owner === undefined) return;
  const { now } = atNow(world);
  for (const [name, slot] of slots) world.slots.set(name, cut(slot, owner, now));
  const life = world.owners.get(owner);
  if (life !== undefined && world.setting.source === "fenced") life.fencedAt = world.clock.now();
  mark(world, mishap, `a lease of ${life?.name ?? "nobody"} ends early`);
}

function ownersOf(slot: Slot<Bytes>): ReadonlyArray<string> {
  switch (slot._tag) {
    case "Claimed":
      return [slot.owner];
    case "Locked":
      return slot.tokens.map(({ token }) => token);
    case "Held":
      return slot.mark === undefined ? [] : [slot.mark.owner];
    default:
      return [];
  }
}

function cut(slot: Slot<Bytes>, owner: string, now: number): Slot<Bytes> {
  switch (slot._tag) {
    case "Claimed":
      return slot.owner === owner ? { ...slot, deadline: now } : slot;
    case "Locked":
      return {
        ...slot,
        tokens: slot.tokens.map((each) => each.token === owner ? { ...each, deadline: now } : each),
      };
    case "Held":
      return slot.mark?.owner === owner ? { ...slot, mark: { ...slot.mark, deadline: now } } : slot;
    default:
      return slot;
  }
}

/** A replica falls behind, and takes over later as it then is. */
function failover(world: World, mishap: Mishap): void {
  world.copy = new Map(world.slots);
  note(world, () => "the replica falls behind");
  world.clock.after(mishap.later, () => {
    const copy = world.copy ?? world.slots;
    const slots = [...copy];
    world.slots.clear();
    for (const [name, slot] of slots) world.slots.set(name, slot);
    world.copy = undefined;
    world.identity += 1;
    world.changed = atNow(world).now;
    mark(world, mishap, `a replica takes over that fell behind ${mishap.later} ms ago`);
  });
}
