import { step } from "../../protocol/machine.ts";
import type { Operation } from "../../protocol/slot.ts";
import type { Answer } from "./commands.ts";
import { command, storedAt } from "./commands.ts";
import { endRead, joinersSee } from "./joiners.ts";
import type { Setting } from "./setting.ts";
import { meet } from "./setting.ts";
import { lease, never } from "./time.ts";
import { tell } from "./words.ts";
import type { Reader, Step, World } from "./world.ts";
import { idle, leftOf, nameOf, payloadOf, spend } from "./world.ts";

/** What a reader can do next. A read begins with its first effect, and ends with its last. */
export function readerSteps(world: World, i: number, setting: Setting): ReadonlyArray<Step> {
  const reader = world.readers[i]!;
  if (reader.state === "Crashed") return [];
  if (reader.state === "Idle") return effects(world, i, beginRead(world, i, setting), setting);
  const steps = effects(world, i, reader, setting);
  return leftOf(world, setting, "crash") > 0 ? [...steps, crash(world, i, setting)] : steps;
}

function beginRead(world: World, i: number, { keys, starts, protocol }: Setting): Reader {
  const { reads } = world.readers[i]!;
  return {
    ...idle(reads + 1),
    state: starts[i % starts.length]!,
    owner: protocol.names === "each client" ? nameOf("reader", i) : `${nameOf("reader", i)}, read ${reads + 1}`,
    acknowledged: world.acknowledged,
    seen: world.seen[i % keys]!,
  };
}

function crash(world: World, i: number, setting: Setting): Step {
  meet(setting, "crash");
  const { reads, owner } = world.readers[i]!;
  const left = spend(world, setting, "crash");
  const stopped: Reader = { ...idle(reads, setting.protocol.names === "each client" ? owner : ""), state: "Crashed" };
  return {
    world: endRead({ ...world, left }, i, stopped, undefined, setting).world,
    says: () => `${nameOf("reader", i)} crashes`,
  };
}

/** What each state does is what the tiers do in it. */
function effects(world: World, i: number, reader: Reader, setting: Setting): ReadonlyArray<Step> {
  if (reader.state === "Loading" || reader.state === "Bypassing") return loads(world, i, reader, setting);
  const key = i % setting.keys;
  const operation = operationOf(reader);
  if (operation === undefined) {
    const broke = [{ invariant: "I5", reason: `a reader is ${reader.state} without a loaded value` }] as const;
    return [{ world, broke, says: () => `${nameOf("reader", i)} is ${reader.state}` }];
  }
  const who = nameOf("reader", i);
  return command(world, setting, key, operation, who).flatMap((answer) =>
    hear(i, reader, answer, setting).map((each): Step => ({
      ...each,
      says: () => tell(who, key, setting.keys, operation, answer) + each.says(),
    }))
  );
}

function operationOf({ state, owner, generation, loaded }: Reader): Operation<number> | undefined {
  switch (state) {
    case "Looking":
      return { _tag: "look" };
    case "Claiming":
      return { _tag: "claim", owner };
    case "Healing":
    case "Forcing":
      return { _tag: "refresh", owner, which: "any" };
    case "Filling":
      return loaded === 0 ? undefined : { _tag: "fill", owner, generation, stored: storedAt(loaded, 0) };
    default:
      return { _tag: "release", owner, generation, pass: state === "Passing" ? lease : 0 };
  }
}

/** What a slot's answer means to the reader's machine. */
function hear(i: number, reader: Reader, { world, reply, how }: Answer, setting: Setting): ReadonlyArray<Step> {
  if (how !== undefined) meet(setting, how);
  const known = setting.protocol.reading[reader.state] ?? {};
  if (reply._tag === "Hit" && "Fresh" in known) {
    const heard = { ...reader, found: reply.found.payload };
    const fresh = advance(joinersSee(world, i), i, heard, "Fresh", setting);
    if (leftOf(world, setting, "unreadable") === 0) return [fresh];
    meet(setting, "unreadable");
    const left = spend(world, setting, "unreadable");
    return [fresh, advance({ ...world, left }, i, reader, "Unreadable", setting, ", but cannot be decoded")];
  }
  if (reply._tag === "Mine" && "Mine" in known) {
    return [advance(world, i, { ...reader, generation: reply.generation, granted: world.now }, "Mine", setting)];
  }
  const seen = reply._tag === "Filled" ? joinersSee(world, i) : world;
  return [advance(seen, i, reader, reply._tag in known ? reply._tag : "Unreachable", setting)];
}

function loads(world: World, i: number, reader: Reader, setting: Setting): ReadonlyArray<Step> {
  const { source } = world;
  const who = nameOf("reader", i);
  const load = (version: number, from: World, reply: string): Step => {
    const loaded = payloadOf(version, i % setting.keys);
    const loading = advance(joinersSee(from, i), i, { ...reader, loaded }, reply, setting);
    return { ...loading, says: () => `${who} loads v${version}${loading.says()}` };
  };
  const steps = [load(source, world, "Loaded")];
  if (setting.granted.length === 0) return steps;
  const spent = (fault: "laggingReplica" | "unstorable" | "sourceAborted" | "sourceUnknownNotApplied") => {
    meet(setting, fault);
    return { ...world, left: spend(world, setting, fault) };
  };
  if (leftOf(world, setting, "laggingReplica") > 0) {
    for (let version = 0; version < source; version++) steps.push(load(version, spent("laggingReplica"), "Loaded"));
  }
  if (leftOf(world, setting, "unstorable") > 0) steps.push(load(source, spent("unstorable"), "Unstorable"));
  for (const [fault, reply] of [["sourceAborted", "Failed"], ["sourceUnknownNotApplied", "Late"]] as const) {
    if (leftOf(world, setting, fault) === 0) continue;
    const failed = advance(spent(fault), i, reader, reply, setting);
    steps.push({
      ...failed,
      says: () => `${who}'s load ${reply === "Late" ? "is too slow" : "fails"}${failed.says()}`,
    });
  }
  return steps;
}

/** The machine's next state by its table; at its end, the read is over. */
function advance(world: World, i: number, reader: Reader, reply: string, setting: Setting, how = ""): Step {
  const { reading, names } = setting.protocol;
  const next = step(reading, reader.state, reply);
  meet(setting, `reading ${reader.state} → ${reply}`);
  if (reading[next] !== undefined) {
    const kept = next === "Bypassing" ? { generation: never, granted: never } : {};
    return {
      world: { ...world, readers: world.readers.with(i, { ...reader, state: next, ...kept }) },
      says: () => how,
    };
  }
  const payload = next === "Failed" ? undefined : next === "Hit" ? reader.found : reader.loaded;
  const over = endRead(
    world,
    i,
    idle(reader.reads, names === "each client" ? reader.owner : ""),
    payload,
    setting,
    reader,
  );
  return { ...over, says: () => how + over.says() };
}
