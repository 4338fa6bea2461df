import type { Slot } from "../../protocol/slot.ts";
import { absent } from "../../protocol/slot.ts";
import { atNow, effect } from "./commands.ts";
import { tell } from "./instances.ts";
import { cutAll, lineSteps } from "./lines.ts";
import type { Setting } from "./setting.ts";
import { meet } from "./setting.ts";
import { far, lease, never } from "./time.ts";
import { nextVersion, withVersion } from "./versions.ts";
import { meaningOf, verbOf } from "./words.ts";
import type { Step, World } from "./world.ts";
import { leftOf, spend } from "./world.ts";

/** What happens without any client: late effects, time, and what befalls the backend. */
export function environmentSteps(world: World, setting: Setting): ReadonlyArray<Step> {
  const waiting = wait(world, setting);
  return [
    ...world.messages.map((_, i) => deliver(world, i, setting)),
    ...world.late.map((_, i) => applyLate(world, i)),
    ...(waiting === undefined ? [] : [waiting]),
    ...(setting.entries === "expiring" ? world.slots.flatMap((slot, key) => stale(world, slot, key)) : []),
    ...(setting.processes === 0 ? [] : lineSteps(world, setting)),
    ...(setting.granted.length === 0 ? [] : misfortunes(world, setting)),
  ];
}

function deliver(world: World, i: number, setting: Setting): Step {
  const { key, operation, who } = world.messages[i]!;
  const [after, reply] = effect({ ...world, messages: world.messages.toSpliced(i, 1) }, setting, key, operation);
  return { world: after, says: () => `late, ${who} ${verbOf(operation)}: ${meaningOf(reply)}; nobody hears it` };
}

function applyLate(world: World, i: number): Step {
  const { who, keys } = world.late[i]!;
  const version = nextVersion(world);
  return {
    world: { ...world, source: withVersion(world.source, keys, version), late: world.late.toSpliced(i, 1) },
    says: () => `late, the source applies the write of ${who} as v${version}`,
  };
}

/**
 * Time passes up to the next moment at which something ends. A lease passes while its owner is under way, or its write
 * not yet applied, only where `expire` is granted.
 */
function wait(world: World, setting: Setting): Step | undefined {
  const leases = underWay(world, setting).filter((granted) => granted + lease > world.now);
  const expiring = leftOf(world, setting, "expire");
  const next = Math.min(
    ...world.slots.flatMap((slot) => ends(slot, setting)).filter((time) => time > world.now),
    ...(world.changed + lease > world.now ? [world.changed + lease] : []),
    ...(expiring > 0 ? leases.map((granted) => granted + lease) : []),
  );
  if (next >= far) return undefined;
  const cut = leases.filter((granted) => granted + lease <= next).length;
  if (cut > expiring) return undefined;
  if (cut > 0) meet(setting, "expire");
  meet(setting, "time passes");
  const left = cut === 0 ? world.left : spend(world, setting, "expire", cut);
  const at = { ...atNow(world, setting), now: next };
  // What is found elapsed may as well be written back: the next step would see the same.
  const slots = world.slots.map((slot) => setting.protocol.apply(slot, { _tag: "look" }, at)[0]);
  const late = setting.source === "fenced" ? world.late.filter(({ granted }) => next < granted + lease) : world.late;
  const changed = slots.some((slot, key) => slot !== world.slots[key]);
  const instances = changed ? tell(world.instances, "who has read") : world.instances;
  return {
    world: { ...world, now: next, slots, late, left, instances },
    says: () => cut === 0 ? "time passes until something ends" : "a lease ends while its owner is under way",
  };
}

/** When the leases began whose owners are at work, or whose writes are on their way to the source. */
function underWay({ readers, writers, late }: World, { protocol: { reading } }: Setting): ReadonlyArray<number> {
  return [
    ...readers.filter(({ state, granted }) => granted !== never && reading[state] !== undefined),
    ...writers.filter(({ state, granted }) => granted !== never && state !== "Done"),
    ...late,
  ].map(({ granted }) => granted);
}

/** The freshness of an entry ends; the entry stays. */
function stale(world: World, slot: Slot<number>, key: number): ReadonlyArray<Step> {
  if (slot._tag !== "Held" || slot.fresh <= world.now) return [];
  const slots = world.slots.with(key, { ...slot, fresh: -Infinity });
  return [{ world: { ...world, slots }, says: () => "the entry's freshness ends" }];
}

function ends(slot: Slot<number>, { level }: Setting): ReadonlyArray<number> {
  if (slot._tag === "Absent") return [];
  const times = level === "pinned" ? [] : [slot.born + lease];
  switch (slot._tag) {
    case "Void":
      return [...times, slot.pass, slot.expires];
    case "Claimed":
      return [...times, slot.deadline];
    case "Locked":
      return [...times, ...slot.tokens.map(({ deadline }) => deadline)];
    case "Held":
      return [...times, slot.until, slot.expires, slot.mark?.deadline ?? far];
  }
}

function misfortunes(world: World, setting: Setting): ReadonlyArray<Step> {
  const steps: Array<Step> = [];
  if (leftOf(world, setting, "evict") > 0) {
    world.slots.forEach((slot, key) => {
      if (slot._tag === "Absent" || slot._tag === "Locked" && setting.level === "pinned") return;
      meet(setting, "evict");
      const slots = world.slots.with(key, absent);
      const says = () => `the slot is evicted (it was ${slot._tag})`;
      const instances = tell(world.instances, "who has read");
      steps.push({ world: { ...world, slots, instances, left: spend(world, setting, "evict") }, says });
    });
  }
  if (leftOf(world, setting, "flush") > 0 && world.slots.some(({ _tag }) => _tag !== "Absent")) {
    meet(setting, "flush");
    const slots = world.slots.map(() => absent);
    steps.push({
      world: { ...world, slots, instances: tell(world.instances, "all"), left: spend(world, setting, "flush") },
      says: () => "the backend is flushed",
    });
  }
  if (leftOf(world, setting, "failover") > 0) steps.push(failover(world, setting));
  return steps;
}

/** A replica falls behind; or, once it has, takes over as it is. */
function failover(world: World, setting: Setting): Step {
  const { copy } = world;
  if (copy === undefined) return { world: { ...world, copy: world.slots }, says: () => "the replica falls behind" };
  meet(setting, "failover");
  const left = spend(world, setting, "failover");
  const now = world.now + 1;
  const instances = cutAll(world.instances);
  const after = {
    ...world,
    now,
    instances,
    slots: copy,
    copy: undefined,
    identity: world.identity + 1,
    changed: now,
    left,
  };
  const slots = copy.map((slot) => setting.protocol.apply(slot, { _tag: "look" }, atNow(after, setting))[0]);
  return { world: { ...after, slots }, says: () => `the replica takes over: its slot is ${slots[0]!._tag}` };
}
