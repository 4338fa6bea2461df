import { step } from "../../protocol/machine.ts";
import type { Operation } from "../../protocol/slot.ts";
import { hearWritten, writeAbove } from "./above_writes.ts";
import type { Writer } from "./actors.ts";
import type { Answer } from "./commands.ts";
import { command, storedAt } from "./commands.ts";
import { crash, finishWrite } from "./crash.ts";
import { fates } from "./fates.ts";
import { acknowledge, processOf } from "./instances.ts";
import type { Setting } from "./setting.ts";
import { meet } from "./setting.ts";
import { lease, never } from "./time.ts";
import { keysOf, leftLocked, mayRetry, nextAttempt } from "./transactions.ts";
import { payloadOf, withVersion } from "./versions.ts";
import { tell } from "./words.ts";
import type { Broken, Step, World } from "./world.ts";
import { leftOf, nameOf } from "./world.ts";

/** What a writer can do next: each state does what the tiers do in it, one key after the other. */
export function writerSteps(world: World, i: number, setting: Setting): ReadonlyArray<Step> {
  const writer = world.writers[i]!;
  if (writer.state === "Done") return [];
  const steps = effects(world, i, writer, setting);
  const begins = setting.processes > 0 ? "Above" : "Locking";
  if (writer.above === "Locking" && writer.state === begins && writer.position === 0) return steps;
  return leftOf(world, setting, "crash") > 0 ? [...steps, crash(world, "writer", i, setting)] : steps;
}

function effects(world: World, i: number, writer: Writer, setting: Setting): ReadonlyArray<Step> {
  if (writer.state === "Writing") return writes(world, i, writer, setting);
  return writer.state === "Above"
    ? [writeAbove(world, i, writer, setting, (...args) => over(...args, setting))]
    : guards(world, i, writer, setting);
}

/** Locks and unlocks: the pending effect on the next key it has to be performed on. */
function guards(world: World, i: number, writer: Writer, setting: Setting): ReadonlyArray<Step> {
  const { position, state } = writer;
  const locking = state === "Locking";
  const key = keysOf(setting, i, writer)[position]!;
  const operation = locking ? lockOf(writer) : unlockOf(writer, key, setting);
  const who = nameOf("writer", i);
  return command(world, setting, key, operation, who).map((answer): Step => {
    if (answer.how !== undefined) meet(setting, answer.how);
    const heard = locking ? hearLock(writer, key, answer) : hearUnlock(writer, key, answer);
    const next = settleEffect(answer.world, i, { ...heard, position: position + 1 }, setting);
    return { ...next, says: () => tell(who, key, setting.keys, operation, answer) + next.says() };
  });
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
  const keys = keysOf(setting, i, writer);
  if (state === "Locking") {
    if (position < keys.length) return { world: withWriter(world, i, writer), says: () => "" };
    const inTime = world.now < granted + lease;
    return advance(
      world,
      i,
      writer,
      keys.some((key) => placed[key] === never) || !inTime ? "Refused" : "Locked",
      setting,
    );
  }
  for (let next = position; next < keys.length; next++) {
    const key = keys[next]!;
    if (placed[key] !== never && !confirmed[key]) {
      return { world: withWriter(world, i, { ...writer, position: next }), says: () => "" };
    }
  }
  const open = placed.some((generation, key) => generation !== never && !confirmed[key]);
  return advance(world, i, writer, open ? "Unconfirmed" : "Confirmed", setting);
}

function writes(world: World, i: number, writer: Writer, setting: Setting): ReadonlyArray<Step> {
  return fates(world, i, writer, keysOf(setting, i, writer), setting).map((fate): Step => {
    const unlocks = !fate.writer.again || setting.protocol.retrying !== "without unlocking";
    const next = unlocks
      ? advance(fate.world, i, fate.writer, fate.reply, setting)
      : nextAttempt(withWriter(fate.world, i, fate.writer), i, setting);
    const twice = writer.applied && fate.world.source !== world.source;
    const broke = twice ? [...next.broke ?? [], appliedTwice] : next.broke ?? [];
    return { ...next, broke, says: () => `${nameOf("writer", i)} ${fate.how}${next.says()}` };
  });
}

const appliedTwice: Broken = { invariant: "I4", reason: "a write took effect twice" };

/** The machine's next state by its table; at its end, the write is over. */
function advance(world: World, i: number, writer: Writer, reply: string, setting: Setting): Step {
  const { writing } = setting.protocol;
  const next = step(writing, writer.state, reply);
  meet(setting, `writing ${writer.state} → ${reply}`);
  if (writing[next] === undefined) return end(world, i, writer, next, setting);
  const begun: Writer = { ...writer, state: next, position: 0 };
  // Where nothing is left to do, the effect is answered without the server.
  if (next === "Writing" || next === "Locking") return { world: withWriter(world, i, begun), says: () => "" };
  return settleEffect(world, i, begun, setting);
}

function end(world: World, i: number, writer: Writer, how: string, setting: Setting): Step {
  const unsure = how === "Unknown" && setting.protocol.retrying === "whatever became of it";
  if (writer.again || unsure && mayRetry(i, writer, setting)) {
    return nextAttempt(withWriter(world, i, writer), i, setting);
  }
  if (setting.processes === 0) return over(world, i, writer, how, setting);
  return hearWritten(world, i, writer, how, setting, (...args) => over(...args, setting));
}

/** A write is over, in its process as well. */
function over(world: World, i: number, writer: Writer, how: string, setting: Setting): Step {
  const broke: Array<Broken> = [];
  if (how === "Aborted" && writer.applied) {
    broke.push({ invariant: "I4", reason: "a write was reported as certainly not applied, and was" });
  }
  if (how === "Committed" && writer.version === 0) {
    broke.push({ invariant: "I2", reason: "a write was acknowledged that was not applied" });
  }
  if (how !== "Unknown") broke.push(...leftLocked(world, i, setting));
  const acknowledged = how === "Committed"
    ? withVersion(world.acknowledged, keysOf(setting, i, writer), writer.version)
    : world.acknowledged;
  const ended = finishWrite({ ...world, acknowledged }, i);
  return {
    world: how === "Committed" && setting.processes > 0
      ? acknowledge(ended, processOf("writer", i, setting), writer.version, setting)
      : ended,
    says: () => `; the write ends ${how === "Committed" ? "acknowledged" : how.toLowerCase()}`,
    broke,
  };
}

function withWriter(world: World, i: number, writer: Writer): World {
  return { ...world, writers: world.writers.with(i, writer) };
}
