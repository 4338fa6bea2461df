import { step } from "../../protocol/machine.ts";
import { goingOn } from "../../protocol/reading.ts";
import { hearBelow } from "./above_reads.ts";
import type { Reader } from "./actors.ts";
import { idle } from "./actors.ts";
import { flightsOf } from "./flights.ts";
import { endRead } from "./joiners.ts";
import { returning } from "./needs.ts";
import type { Setting } from "./setting.ts";
import { meet } from "./setting.ts";
import { never } from "./time.ts";
import type { Broken, Step, World } from "./world.ts";
import { nameOf } from "./world.ts";

/** The machine's next state by its table; at its end, the read is over. */
export function advance(world: World, i: number, reader: Reader, reply: string, setting: Setting, how = ""): Step {
  const { reading } = setting.protocol;
  const next = step(reading, reader.state, reply);
  meet(setting, `reading ${reader.state} → ${reply}`);
  if (reading[next] === undefined) return end(world, i, reader, next, setting, how);
  const entered = enter(reader, next, setting);
  // What is known without asking anybody is no step of its own.
  if (next === "Waiting" && entered.patience === 0) return advance(world, i, entered, "Spent", setting, how);
  if (next === "Renewing" && setting.renewal === "served" && !entered.answered) {
    return advance(world, i, entered, "Slow", setting, how);
  }
  const begun = next !== "Waiting"
    ? entered
    : { ...entered, patience: entered.patience - 1, waits: flightsOf(world, i, setting)[0] ?? -1 };
  return { world: { ...world, readers: world.readers.with(i, begun) }, says: () => how };
}

/** A reader in its next state, with what it needs there. */
function enter(reader: Reader, state: string, { needs }: Setting): Reader {
  const returns = needs.found.has(state) && !reader.answered;
  const waits = needs.patience.has(state);
  const bypasses = state === "Bypassing";
  return {
    ...reader,
    state,
    generation: bypasses ? never : reader.generation,
    granted: bypasses ? never : reader.granted,
    found: returns ? reader.found : 0,
    superseded: returns && reader.superseded,
    patience: waits ? reader.patience : 0,
    current: waits ? reader.current : 0,
    waits: -1,
    above: reader.above && { ...reader.above, tracked: false },
  };
}

const behind: ReadonlyMap<string, string> = new Map(Object.entries(goingOn));

function end(world: World, i: number, reader: Reader, how: string, setting: Setting, before: string): Step {
  const { answered, reads, owner, generation, granted } = reader;
  const rested = idle(reads, setting.protocol.names === "each client" ? owner : "");
  if (answered) {
    const over = { ...world, readers: world.readers.with(i, rested) };
    return land({ world: over, says: () => `${before}; the renewal is over` }, i, reader.loaded, how, setting);
  }
  const payload = how === "Failed" ? undefined : returning.has(how) ? reader.found : reader.loaded;
  if (reader.above !== undefined) {
    const heard = hearBelow(world, i, reader, how, payload, setting);
    return { ...heard, says: () => before + heard.says() };
  }
  const goesOn = behind.get(how);
  const after = goesOn === undefined
    ? rested
    : { ...rested, state: goesOn, owner, generation, granted, answered: true };
  const over = endRead(world, i, after, payload, setting, reader);
  const outdated = reader.superseded && (how === "Stale" || how === "Answered");
  const broke = outdated ? [...over.broke ?? [], superseded] : over.broke ?? [];
  const ended: Step = { world: over.world, broke, says: () => before + over.says() };
  return goesOn === undefined ? land(ended, i, reader.loaded, how, setting) : ended;
}

const superseded: Broken = {
  invariant: "D05",
  reason: "a read returned an old value, but a newer one had been acknowledged when the slot last answered it",
};

/** A load is over: those who wait for it share what it brought, if they may, or its failure. */
export function land(over: Step, i: number, loaded: number, how: string, setting: Setting): Step {
  if (setting.patience === 0) return over;
  const bit = 1 << i;
  return over.world.readers.reduce((before, { waits, current }, each): Step => {
    if (waits !== i && (current & bit) === 0) return before;
    const left = { ...before.world.readers[each]!, current: current & ~bit, waits: waits === i ? -1 : waits };
    const world = { ...before.world, readers: before.world.readers.with(each, left) };
    const mayShare = loaded !== 0 && ((current & bit) !== 0 || setting.protocol.joining === "blindly");
    if (waits !== i || how !== "Failed" && !mayShare) return { ...before, world };
    const reply = how === "Failed" ? "Failed" : "Shared";
    const heard = advance(world, each, { ...left, loaded: reply === "Shared" ? loaded : 0 }, reply, setting);
    return {
      world: heard.world,
      broke: [...before.broke ?? [], ...heard.broke ?? []],
      says: () => `${before.says()}; ${nameOf("reader", each)} has waited for it${heard.says()}`,
    };
  }, over);
}
