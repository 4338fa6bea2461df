import type { Operation, Reply } from "../../protocol/slot.ts";
import { beginAbove, readAbove } from "./above_reads.ts";
import type { Above, Reader } from "./actors.ts";
import { idle } from "./actors.ts";
import { advance } from "./advance.ts";
import type { Answer } from "./commands.ts";
import { command, effect, storedAt, unanswered } from "./commands.ts";
import { crash } from "./crash.ts";
import { choices, joinFlights, othersSee } from "./flights.ts";
import { processOf, withInstance } from "./instances.ts";
import { joinersSee } from "./joiners.ts";
import { hasFailed, loading, loads, waits } from "./loads.ts";
import type { Setting } from "./setting.ts";
import { meet } from "./setting.ts";
import { lease } from "./time.ts";
import { versionOf } from "./versions.ts";
import { meaningOf, tell } from "./words.ts";
import type { Step, World } from "./world.ts";
import { leftOf, nameOf, spend } from "./world.ts";

/** What a reader can do next. A read begins with its first effect, and ends with its last. */
export function readerSteps(world: World, i: number, setting: Setting): ReadonlyArray<Step> {
  const reader = world.readers[i]!;
  if (reader.state === "Crashed") return [];
  if (reader.state === "Idle") return begin(world, i, beginRead(world, i, setting), setting);
  const steps = effects(world, i, reader, setting);
  return leftOf(world, setting, "crash") > 0 ? [...steps, crash(world, "reader", i, setting)] : steps;
}

function begin(world: World, i: number, reader: Reader, setting: Setting): ReadonlyArray<Step> {
  if (setting.processes > 0) return [beginAbove(world, i, reader, setting)];
  if (reader.state !== "Waiting") return effects(world, i, reader, setting);
  return joinFlights({ ...world, readers: world.readers.with(i, reader) }, i, setting);
}

function beginRead(world: World, i: number, { keys, starts, protocol, patience }: Setting): Reader {
  const { reads } = world.readers[i]!;
  return {
    ...idle(reads + 1),
    state: starts[i % starts.length]!,
    owner: protocol.names === "each client" ? nameOf("reader", i) : `${nameOf("reader", i)}, read ${reads + 1}`,
    acknowledged: world.acknowledged[i % keys]!,
    seen: world.seen[i % keys]!,
    patience,
  };
}

/** What each state does is what the tiers do in it. */
function effects(world: World, i: number, reader: Reader, setting: Setting): ReadonlyArray<Step> {
  if (loading.has(reader.state)) return loads(world, i, reader, setting);
  if (reader.state === "Waiting") return waits(world, i, reader, setting);
  if (reader.state === "Above") return [readAbove(world, i, reader, setting)];
  if (reader.state === "Looking" && isTracked(world, i, setting)) {
    return looks(world, i, reader, reader.above!, setting);
  }
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

/** Whether a reader looks by a read that the server remembers, over a connection that it believes in. */
function isTracked({ instances }: World, i: number, setting: Setting): boolean {
  return setting.processes > 0 && instances[processOf("reader", i, setting)]!.line !== "down";
}

/** A tracked look: the server remembers it, and its answer comes after all that was told before. */
function looks(world: World, i: number, reader: Reader, above: Above, setting: Setting): ReadonlyArray<Step> {
  const process = processOf("reader", i, setting);
  const { line, queue } = world.instances[process]!;
  const who = nameOf("reader", i);
  if (above.asked && queue.some((item) => item._tag === "Answer" && item.reader === i)) return [];
  if (above.asked || line !== "up") {
    const asking = { ...reader, above: { ...above, asked: false } };
    return hear(i, asking, { world, reply: unanswered, how: undefined }, setting).map((each): Step => ({
      ...each,
      says: () => `${who} ${above.asked ? "waits no longer" : "looks: no answer"}${each.says()}`,
    }));
  }
  const [after, reply] = effect(world, setting, i % setting.keys, { _tag: "look" });
  const told = withInstance(after, process, {
    remembered: true,
    queue: [...queue, { _tag: "Answer", reader: i, reply }],
  });
  const asked = { ...reader, above: { ...above, asked: true } };
  return [{
    world: { ...told, readers: told.readers.with(i, asked) },
    says: () => `${who} looks by a tracked read: ${meaningOf(reply)}; the answer is on its way`,
  }];
}

/** The answer to a tracked look arrives. */
export function hearAnswer(world: World, i: number, reply: Reply<number>, setting: Setting): ReadonlyArray<Step> {
  const reader = world.readers[i]!;
  const asking = { ...reader, above: { ...reader.above!, asked: false, tracked: true } };
  return hear(i, asking, { world, reply, how: undefined }, setting).map((each): Step => ({
    ...each,
    says: () => `${nameOf("reader", i)} hears ${meaningOf(reply)}${each.says()}`,
  }));
}

function operationOf({ state, owner, generation, loaded }: Reader): Operation<number> | undefined {
  switch (state) {
    case "Looking":
      return { _tag: "look" };
    case "Claiming":
      return { _tag: "claim", owner };
    case "Refreshing":
      return { _tag: "refresh", owner, which: "expired" };
    case "Healing":
    case "Forcing":
    case "Anticipating":
      return { _tag: "refresh", owner, which: "any" };
    case "Filling":
      return loaded === 0 ? undefined : { _tag: "fill", owner, generation, stored: storedAt(loaded, 0) };
    default:
      return { _tag: "release", owner, generation, pass: state === "Passing" ? lease : 0 };
  }
}

/** What a slot's answer means to the reader's machine. */
function hear(i: number, reader: Reader, answer: Answer, setting: Setting): ReadonlyArray<Step> {
  const { world, reply, how } = answer;
  if (how !== undefined) meet(setting, how);
  const known = setting.protocol.reading[reader.state] ?? {};
  if ("Fresh" in known && (reply._tag === "Hit" || reply._tag === "Mine" && "Mine" in known)) {
    return see(i, reader, answer, setting);
  }
  const seen = reply._tag === "Filled" ? othersSee(joinersSee(world, i), i, setting) : world;
  const heard = reply._tag in known ? reply._tag : "Unreachable";
  const asked = heard === "Unreachable" ? reader : answered(world, i, reader, setting);
  return choices(advance(seen, i, asked, heard, setting), i, setting);
}

/** A question was answered: whether what was found before, or just now, is known to be outdated. */
function answered(world: World, i: number, reader: Reader, { keys }: Setting): Reader {
  if (reader.found === 0) return reader;
  return { ...reader, superseded: versionOf(reader.found, i % keys, world.source) < world.acknowledged[i % keys]! };
}

/** What a slot shows, or gives to the reader alone: one that can be read, unless that goes wrong. */
function see(i: number, reader: Reader, { world, reply }: Answer, setting: Setting): ReadonlyArray<Step> {
  const isMine = reply._tag === "Mine";
  const found = reply._tag === "Hit" || isMine ? reply.found : undefined;
  const asking = isMine ? { ...reader, generation: reply.generation, granted: world.now } : reader;
  if (found === undefined || isMine && !renewing.has(reader.state)) {
    return [advance(world, i, asking, "Mine", setting)];
  }
  const heard = answered(world, i, { ...asking, found: found.payload }, setting);
  const seen = joinersSee(world, i);
  const steps = (isMine ? ["Marked"] : meanings(world, reader.state, found.fresh > 0, setting)).flatMap((each) =>
    choices(advance(seen, i, heard, each, setting), i, setting)
  );
  if (leftOf(world, setting, "unreadable") === 0) return steps;
  meet(setting, "unreadable");
  const left = spend(world, setting, "unreadable");
  const unread = advance(
    { ...world, left },
    i,
    asking,
    isMine ? "Mine" : "Unreadable",
    setting,
    ", but cannot be decoded",
  );
  return [...steps, ...choices(unread, i, setting)];
}

const renewing: ReadonlySet<string> = new Set(["Refreshing", "Anticipating"]);

/** What a value found may mean in a state. */
function meanings(world: World, state: string, fresh: boolean, setting: Setting): ReadonlyArray<string> {
  if (state === "Looking" || state === "Claiming") {
    if (fresh) return setting.ahead === "sometimes" ? ["Fresh", "Due"] : ["Fresh"];
    return hasFailed(world, setting) ? ["Stale", "Kept"] : ["Stale"];
  }
  if (fresh) return ["Fresh"];
  return renewing.has(state) && setting.renewal === "awaited" ? ["Awaited"] : ["Stale"];
}
