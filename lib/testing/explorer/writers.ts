import { step } from "../../protocol/machine.ts";
import type { Operation } from "../../protocol/slot.ts";
import type { Answer } from "./commands.ts";
import { command, storedAt } from "./commands.ts";
import type { Setting } from "./setting.ts";
import { meet } from "./setting.ts";
import { lease, never } from "./time.ts";
import { tell } from "./words.ts";
import type { Broken, Step, World, Writer } from "./world.ts";
import { leftOf, nameOf, payloadOf, spend } from "./world.ts";

/** What a writer can do next: each state does what the tiers do in it, one key after the other. */
export function writerSteps(world: World, i: number, setting: Setting): ReadonlyArray<Step> {
  const writer = world.writers[i]!;
  if (writer.state === "Done") return [];
  const steps = writer.state === "Writing" ? writes(world, i, writer, setting) : guards(world, i, writer, setting);
  if (writer.state === "Locking" && writer.position === 0) return steps;
  return leftOf(world, setting, "crash") > 0 ? [...steps, crash(world, i, setting)] : steps;
}

function crash(world: World, i: number, setting: Setting): Step {
  meet(setting, "crash");
  const left = spend(world, setting, "crash");
  return { world: finished({ ...world, left }, i), says: () => `${nameOf("writer", i)} crashes` };
}

function finished(world: World, i: number): World {
  const writer = world.writers[i]!;
  const done: Writer = {
    ...writer,
    state: "Done",
    position: 0,
    placed: writer.placed.map(() => never),
    granted: never,
  };
  return { ...world, writers: world.writers.with(i, done) };
}

/** Locks and unlocks: the pending effect on the next key it has to be performed on. */
function guards(world: World, i: number, writer: Writer, setting: Setting): ReadonlyArray<Step> {
  const { position, state } = writer;
  const locking = state === "Locking";
  const key = keyAt(setting, i, position);
  const operation = locking ? lockOf(writer) : unlockOf(writer, key, setting);
  const who = nameOf("writer", i);
  return command(world, setting, key, operation, who).map((answer): Step => {
    if (answer.how !== undefined) meet(setting, answer.how);
    const heard = locking ? hearLock(writer, key, answer) : hearUnlock(writer, key, answer);
    const next = settleEffect(answer.world, i, { ...heard, position: position + 1 }, setting);
    return { ...next, says: () => tell(who, key, setting.keys, operation, answer) + next.says() };
  });
}

/** The key that a writer's effect is performed on in each step of its way through them. */
function keyAt({ order, keys }: Setting, i: number, position: number): number {
  return order === "opposite" && i % 2 === 1 ? keys - 1 - position : position;
}

function lockOf({ token }: Writer): Operation<number> {
  return { _tag: "lock", token };
}

function unlockOf({ state, token, placed, version }: Writer, key: number, setting: Setting): Operation<number> {
  const publishes = state === "Unlocking" || state === "UnlockingAgain";
  const known = publishes && setting.written === "said" && version > 0;
  const written = known ? storedAt(payloadOf(version, key), 0) : undefined;
  return { _tag: "unlock", token, generation: placed[key]!, written };
}

function hearLock(writer: Writer, key: number, { world, reply }: Answer): Writer {
  // The lease counts from before the lock was sent.
  const granted = writer.granted === never ? world.now : writer.granted;
  if (reply._tag !== "Locked") return { ...writer, granted };
  return { ...writer, granted, placed: writer.placed.with(key, reply.generation) };
}

const unlocked: ReadonlySet<string> = new Set(["Shared", "Published", "Cleared", "Foreign", "Lost"]);

function hearUnlock(writer: Writer, key: number, { reply }: Answer): Writer {
  if (!unlocked.has(reply._tag)) return writer;
  return { ...writer, confirmed: writer.confirmed.with(key, true) };
}

/** Goes on to the next key that the pending effect is performed on, or steps by the reply of all of them together. */
function settleEffect(world: World, i: number, writer: Writer, setting: Setting): Step {
  const { state, position, placed, confirmed, granted } = writer;
  if (state === "Locking") {
    if (position < setting.keys) return { world: withWriter(world, i, writer), says: () => "" };
    const inTime = world.now < granted + lease;
    return advance(world, i, writer, placed.includes(never) || !inTime ? "Refused" : "Locked", setting);
  }
  for (let next = position; next < setting.keys; next++) {
    const key = keyAt(setting, i, next);
    if (placed[key] !== never && !confirmed[key]) {
      return { world: withWriter(world, i, { ...writer, position: next }), says: () => "" };
    }
  }
  const open = placed.some((generation, key) => generation !== never && !confirmed[key]);
  return advance(world, i, writer, open ? "Unconfirmed" : "Confirmed", setting);
}

/** What the source makes of a write, and what its writer hears of that. */
interface Fate {
  readonly world: World;
  readonly writer: Writer;
  readonly reply: string;
  readonly how: string;
}

function writes(world: World, i: number, writer: Writer, setting: Setting): ReadonlyArray<Step> {
  return fates(world, i, writer, setting).map((fate): Step => {
    const next = advance(fate.world, i, fate.writer, fate.reply, setting);
    return { ...next, says: () => `${nameOf("writer", i)} ${fate.how}${next.says()}` };
  });
}

function fates(world: World, i: number, writer: Writer, setting: Setting): ReadonlyArray<Fate> {
  if (setting.source === "fenced" && world.now >= writer.granted + lease) {
    return [
      { world, writer, reply: "Aborted", how: "writes too late: the source refuses it" },
      { world, writer, reply: "Unknown", how: "gives up its write, which the source refuses" },
    ];
  }
  const version = world.source + 1;
  const committed = { ...world, source: version };
  const knowing = { ...writer, version, applied: true };
  const found: Array<Fate> = [{ world: committed, writer: knowing, reply: "Committed", how: `commits v${version}` }];
  for (const fault of sourceFaults) {
    if (leftOf(world, setting, fault) === 0) continue;
    meet(setting, fault);
    const fate = misfortune(fault, world, i, writer);
    found.push({ ...fate, world: { ...fate.world, left: spend(world, setting, fault) } });
  }
  return found;
}

const sourceFaults = [
  "sourceAborted",
  "sourceUnconfirmed",
  "sourceUnknownNotApplied",
  "sourceUnknownApplied",
  "sourceAppliedLate",
] as const;

function misfortune(fault: typeof sourceFaults[number], world: World, i: number, writer: Writer): Fate {
  const version = world.source + 1;
  const committed = { ...world, source: version };
  const applied = { ...writer, applied: true };
  const silence = "hears nothing of its write, which is";
  switch (fault) {
    case "sourceAborted":
      return { world, writer, reply: "Aborted", how: "is refused by the source" };
    case "sourceUnconfirmed": {
      const how = `commits v${version}, unconfirmed below`;
      return { world: committed, writer: { ...applied, version }, reply: "Unconfirmed", how };
    }
    case "sourceUnknownNotApplied":
      return { world, writer, reply: "Unknown", how: `${silence} not applied` };
    case "sourceUnknownApplied":
      return { world: committed, writer: applied, reply: "Unknown", how: `${silence} applied as v${version}` };
    case "sourceAppliedLate": {
      const late = [...world.late, { granted: writer.granted, who: nameOf("writer", i) }];
      return { world: { ...world, late }, writer: applied, reply: "Unknown", how: `${silence} still in flight` };
    }
  }
}

/** The machine's next state by its table; at its end, the write is over. */
function advance(world: World, i: number, writer: Writer, reply: string, setting: Setting): Step {
  const { writing } = setting.protocol;
  const next = step(writing, writer.state, reply);
  meet(setting, `writing ${writer.state} → ${reply}`);
  if (writing[next] === undefined) return end(world, i, writer, next);
  const begun: Writer = { ...writer, state: next, position: 0 };
  // Where nothing is left to do, the effect is answered without the server.
  if (next === "Writing" || next === "Locking") return { world: withWriter(world, i, begun), says: () => "" };
  return settleEffect(world, i, begun, setting);
}

function end(world: World, i: number, writer: Writer, how: string): Step {
  const broke: Array<Broken> = [];
  if (how === "Aborted" && writer.applied) {
    broke.push({ invariant: "I4", reason: "a write was reported as certainly not applied, and was" });
  }
  if (how === "Committed" && writer.version === 0) {
    broke.push({ invariant: "I2", reason: "a write was acknowledged that was not applied" });
  }
  const acknowledged = how === "Committed" ? Math.max(world.acknowledged, writer.version) : world.acknowledged;
  return {
    world: finished({ ...world, acknowledged }, i),
    says: () => `; the write ends ${how === "Committed" ? "acknowledged" : how.toLowerCase()}`,
    broke,
  };
}

function withWriter(world: World, i: number, writer: Writer): World {
  return { ...world, writers: world.writers.with(i, writer) };
}
