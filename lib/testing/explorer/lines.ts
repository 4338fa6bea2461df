/** What happens between the server and the processes: what is told arrives, connections end, leases of them pass. */
import { absent } from "../../protocol/slot.ts";
import type { Instance, Item } from "./instances.ts";
import { absorb, hearChange, processOf, withInstance } from "./instances.ts";
import { hearAnswer } from "./readers.ts";
import type { Setting } from "./setting.ts";
import { meet } from "./setting.ts";
import type { Step, World } from "./world.ts";
import { leftOf, spend } from "./world.ts";

/** What can happen to the processes next. */
export function lineSteps(world: World, setting: Setting): ReadonlyArray<Step> {
  return [
    ...world.instances.flatMap((instance, process) => [
      ...deliver(world, process, setting),
      ...notice(world, process, instance, setting),
      ...lapse(world, process, instance),
      ...prove(world, process, instance, setting),
      ...lose(world, process, instance, setting),
    ]),
    ...passPivot(world, setting),
  ];
}

/** The first thing that is on its way arrives. */
export function deliver(world: World, process: number, setting: Setting): ReadonlyArray<Step> {
  const instance = world.instances[process]!;
  const [item, ...queue] = instance.queue;
  if (item === undefined) return [];
  const after = { ...world, instances: world.instances.with(process, absorb({ ...instance, queue })) };
  const who = `process ${process + 1}`;
  const was = instance.slot._tag;
  switch (item._tag) {
    case "Change":
      meet(setting, `hears of a change → ${was}`);
      return [{
        world: hearChange(after, process, setting),
        says: () => `${who} hears of a change: its slot was ${was}`,
      }];
    case "Answer":
      return hearAnswer(after, item.reader, item.reply, setting).map((each) => ({
        ...each,
        says: () => `${who} hears an answer: ${each.says()}`,
      }));
    case "Proof":
      return [{
        world: withInstance(after, process, { proved: true }),
        says: () => `${who} hears that the server is there`,
      }];
    case "End":
      return [{ world: clear(after, process, setting), says: () => `${who} notices that its connection was cut` }];
    case "Acknowledged":
      return [];
  }
}

/** A process knows that its connection is no more: what it holds may be old, and what it loads as well. */
function clear(world: World, process: number, setting: Setting): World {
  const down = withInstance(world, process, { line: "down" });
  return setting.protocol.instances.loses === "keeping" ? down : hearChange(down, process, setting);
}

/** A half-open connection is given up, some time; a new one is made. */
function notice(world: World, process: number, { line }: Instance, setting: Setting): ReadonlyArray<Step> {
  const who = `process ${process + 1}`;
  if (line === "silent") {
    return [{ world: clear(world, process, setting), says: () => `${who} gives up its connection, which is silent` }];
  }
  if (line !== "down" || setting.hearing === "nothing" || isOver(world, process, setting)) return [];
  const proved = world.pivot !== "ahead";
  return [{ world: withInstance(world, process, { line: "up", proved }), says: () => `${who} connects again` }];
}

/** Whether nobody is left in a process. */
function isOver({ readers }: World, process: number, setting: Setting): boolean {
  return readers.every(({ state }, i) => processOf("reader", i, setting) !== process || state === "Crashed");
}

/** The lock of a write of which nobody knows what became ends, once nothing can become of it any more. */
function lapse(world: World, process: number, { slot }: Instance): ReadonlyArray<Step> {
  if (slot._tag !== "Locked" || world.late.length > 0) return [];
  const alive = slot.tokens.filter(({ token }) =>
    world.writers.some((each) => each.token === token && each.state !== "Done")
  );
  if (alive.length === slot.tokens.length) return [];
  const left = alive.length === 0 ? absent : { ...slot, tokens: alive };
  return [{
    world: withInstance(world, process, { slot: left }),
    says: () => `a lease ends in process ${process + 1}`,
  }];
}

/** A process asks whether the server is there; the answer comes after all that was told it before. */
function prove(
  world: World,
  process: number,
  { line, queue, proved }: Instance,
  setting: Setting,
): ReadonlyArray<Step> {
  if (setting.hearing !== "tracking, leased" || world.pivot === "ahead" || line !== "up" || proved) return [];
  if (queue.some(({ _tag }) => _tag === "Proof")) return [];
  const asked: ReadonlyArray<Item> = [...queue, { _tag: "Proof" }];
  return [{
    world: withInstance(world, process, { queue: asked }),
    says: () => `process ${process + 1} asks whether the server is there`,
  }];
}

/** A connection is lost, with all that was on its way. */
function lose(world: World, process: number, instance: Instance, setting: Setting): ReadonlyArray<Step> {
  if (instance.line !== "up") return [];
  const marks = instance.queue.filter(({ _tag }) => _tag === "Acknowledged");
  const losses: ReadonlyArray<readonly ["connectionLost" | "halfOpen", Partial<Instance>, string]> = [
    ["connectionLost", { line: "cut", queue: [{ _tag: "End" }, ...marks] }, "is cut"],
    ["halfOpen", { line: "silent", queue: marks }, "goes silent"],
  ];
  return losses.flatMap(([fault, change, how]): ReadonlyArray<Step> => {
    if (leftOf(world, setting, fault) === 0) return [];
    meet(setting, fault);
    const lost = absorb({ ...instance, ...change, remembered: false });
    const after = { ...world, instances: world.instances.with(process, lost), left: spend(world, setting, fault) };
    return [{ world: after, says: () => `the connection of process ${process + 1} ${how}` }];
  });
}

/** Another server takes over: it remembers nobody, and who was connected is not any more. */
export function cutAll(instances: ReadonlyArray<Instance>): ReadonlyArray<Instance> {
  return instances.map((each) => {
    if (each.line !== "up") return each;
    const marks = each.queue.filter(({ _tag }) => _tag === "Acknowledged");
    return { ...each, remembered: false, line: "cut", queue: [{ _tag: "End" }, ...marks] };
  });
}

/** The moment comes from which a bound is counted, and is a lease ago. */
function passPivot(world: World, setting: Setting): ReadonlyArray<Step> {
  if (!setting.invariants.includes("X03") || world.pivot === "past") return [];
  if (world.pivot === "near") {
    return [{ world: { ...world, pivot: "past" }, says: () => "that moment is a lease of the connections ago" }];
  }
  const instances = world.instances.map((each) => ({ ...each, proved: false }));
  const bounded = world.acknowledged[0]!;
  return [{ world: { ...world, instances, pivot: "near", bounded }, says: () => "a lease of the connections begins" }];
}
