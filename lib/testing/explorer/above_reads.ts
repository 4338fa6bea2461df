/** Reads of a process: its own slot first, and the shared tier's read below it. */
import { step } from "../../protocol/machine.ts";
import type { Reply } from "../../protocol/slot.ts";
import type { Above, Reader } from "./actors.ts";
import { idle } from "./actors.ts";
import { generation, hearChange, processOf, serves, stepInside, withInstance } from "./instances.ts";
import { endRead } from "./joiners.ts";
import type { Setting } from "./setting.ts";
import { meet } from "./setting.ts";
import { never } from "./time.ts";
import { versionOf } from "./versions.ts";
import { meaningOf } from "./words.ts";
import type { Broken, Step, World } from "./world.ts";
import { nameOf } from "./world.ts";

/** A read begins: with a claim in its process. Below it begins as `reader` says. */
export function beginAbove(world: World, i: number, reader: Reader, setting: Setting): Step {
  const process = processOf("reader", i, setting);
  const above: Above = { state: "Claiming", tracked: false, asked: false, ...floorsOf(world, process, setting) };
  const [after, reply] = stepInside(world, process, { _tag: "claim", owner: reader.owner }, setting);
  const served = reply._tag !== "Hit" || serves(world, process, setting);
  const { checked } = setting;
  const floors = {
    acknowledged: checked.has("I2") ? reader.acknowledged : 0,
    seen: checked.has("I3") ? reader.seen : 0,
  };
  const asking = { ...reader, ...floors, above, found: reply._tag === "Hit" ? reply.found.payload : 0 };
  const clears = !served && setting.protocol.instances.runsOut === "clearing";
  const passed = clears ? hearChange(after, process, setting) : after;
  const next = stepAbove(passed, i, asking, served ? meaning(reply) : "Unreachable", setting);
  const who = `${nameOf("reader", i)} claims in process ${process + 1}`;
  const how = served ? meaningOf(reply) : "the connection has not proved itself alive";
  return { ...next, says: () => `${who}: ${how}${next.says()}` };
}

/** What a read that begins now may not fall behind, as far as that is checked: what is not makes no worlds different. */
function floorsOf(
  world: World,
  process: number,
  { checked }: Setting,
): Pick<Above, "own" | "seen" | "delivered" | "bounded"> {
  const { own, seen, delivered } = world.instances[process]!;
  return {
    own: checked.has("I2 own") ? own : 0,
    seen: checked.has("I3 own") ? seen : 0,
    delivered: checked.has("X02") ? delivered : 0,
    bounded: checked.has("X03") && world.pivot === "past" ? world.bounded : 0,
  };
}

function meaning(reply: Reply<number>): string {
  return reply._tag === "Hit" ? "Fresh" : reply._tag;
}

/** The next state of the process's machine: it loads by the tier below, does something in its slot, or is over. */
function stepAbove(world: World, i: number, reader: Reader, reply: string, setting: Setting): Step {
  const above = reader.above!;
  const next = step(setting.protocol.reading, above.state, reply);
  meet(setting, `reading above ${above.state} → ${reply}`);
  if (next === "Waiting") return stepAbove(world, i, { ...reader, above: { ...above, state: next } }, "Spent", setting);
  if (setting.protocol.reading[next] === undefined) return endAbove(world, i, reader, next, setting);
  const loads = next === "Loading" || next === "Bypassing";
  const state = loads ? reader.state : "Above";
  const begun = { ...reader, state, found: loads ? 0 : reader.found, above: { ...above, state: next, tracked: false } };
  return { world: { ...world, readers: world.readers.with(i, begun) }, says: () => "" };
}

/** The read of the tier below is over: only what a tracked read answered is kept. */
export function hearBelow(
  world: World,
  i: number,
  reader: Reader,
  how: string,
  payload: number | undefined,
  setting: Setting,
): Step {
  const { state, tracked } = reader.above!;
  const isKept = setting.hearing === "nothing" || setting.protocol.instances.keeps === "anything" ||
    how === "Hit" && tracked;
  const reply = payload === undefined ? "Failed" : state === "Bypassing" || isKept ? "Loaded" : "Unstorable";
  // What is known of the tier below is of no use any more.
  const over = { ...reader, loaded: payload ?? 0, found: 0, generation: never, granted: never };
  const next = stepAbove(world, i, over, reply, setting);
  const returns = payload === undefined ? "" : `; process ${processOf("reader", i, setting) + 1} has it`;
  return { ...next, says: () => (next.says() === "" ? returns : "") + next.says() };
}

/** What a read does in its process's slot after the tier below has answered. */
export function readAbove(world: World, i: number, reader: Reader, setting: Setting): Step {
  const process = processOf("reader", i, setting);
  const { owner, loaded } = reader;
  const fills = reader.above!.state === "Filling";
  const [after, reply] = fills
    ? stepInside(world, process, {
      _tag: "fill",
      owner,
      generation,
      stored: { payload: loaded, age: 0, fresh: Infinity, until: Infinity },
    }, setting)
    : stepInside(world, process, { _tag: "release", owner, generation, pass: 0 }, setting);
  const next = stepAbove(after, i, reader, reply._tag, setting);
  const verb = fills ? "fills" : "releases its claim";
  return {
    ...next,
    says: () => `${nameOf("reader", i)} ${verb} in process ${process + 1}: ${meaningOf(reply)}${next.says()}`,
  };
}

function endAbove(world: World, i: number, reader: Reader, how: string, setting: Setting): Step {
  const process = processOf("reader", i, setting);
  const rested = idle(reader.reads, setting.protocol.names === "each client" ? reader.owner : "");
  const payload = how === "Failed" ? undefined : how === "Hit" ? reader.found : reader.loaded;
  const ended = endRead(world, i, rested, payload, setting, reader);
  const over = setting.checked.has("I3") ? ended : { ...ended, world: { ...ended.world, seen: world.seen } };
  if (payload === undefined) return over;
  const version = versionOf(payload, 0, world.source);
  const before = over.world.instances[process]!.seen;
  const seen = setting.checked.has("I3 own") ? Math.max(before, version) : before;
  const broke = [...over.broke ?? [], ...judgeAbove(version, reader.above!)];
  return { ...over, world: withInstance(over.world, process, { seen }), broke };
}

/** What a returned version breaks of what is promised towards other processes, if anything. */
function judgeAbove(version: number, { own, seen, delivered, bounded }: Above): ReadonlyArray<Broken> {
  const older = (invariant: Broken["invariant"], floor: number, what: string): ReadonlyArray<Broken> =>
    version < floor
      ? [{ invariant, reason: `a read returned v${version}, but v${floor} ${what} before it began` }]
      : [];
  return [
    ...older("I2 own", own, "was acknowledged to its own process"),
    ...older("I3 own", seen, "had been read in its process"),
    ...older("X02", delivered, "was acknowledged, and its process had heard all that was told until then,"),
    ...older("X03", bounded, "was acknowledged more than a lease of the connection"),
  ];
}
