import type { At, Operation, Reply, Stored } from "../../protocol/slot.ts";
import { tell } from "./instances.ts";
import type { Fault } from "./names.ts";
import type { Setting } from "./setting.ts";
import { meet } from "./setting.ts";
import { far, lease } from "./time.ts";
import type { Message, World } from "./world.ts";
import { leftOf, spend } from "./world.ts";

/** What a cache command led to: the world after it, what its client was answered, and what went wrong with it. */
export interface Answer {
  readonly world: World;
  readonly reply: Reply<number>;
  readonly how: Fault | "notOnReplicas" | undefined;
}

/** What a server knows at this moment of the world. */
export function atNow({ now, identity, changed }: World, { level }: Setting): At {
  return { now, lease, level, identity: `${identity}`, changed };
}

/**
 * A value to store, whose lifetime ends after everything else; its age does not matter. Its freshness has ended before
 * it began, or ends never.
 */
export function storedAt(payload: number, now: number, fresh: number = Infinity): Stored<number> {
  return { payload, age: now, fresh, until: far * (Math.floor(now / far) + 1) - now };
}

/** A command takes effect: one atomic step of its slot, at a moment of its own. */
export function effect(
  world: World,
  setting: Setting,
  key: number,
  operation: Operation<number>,
): readonly [World, Reply<number>] {
  const later = { ...world, now: world.now + 1 };
  const fresh = setting.entries === "expired" ? -Infinity : Infinity;
  const asked = dated(operation, later.now, fresh);
  const before = world.slots[key]!;
  const [slot, reply] = setting.protocol.apply(before, asked, atNow(later, setting));
  meet(setting, `${operation._tag} → ${reply._tag}`);
  const instances = slot === before ? world.instances : tell(world.instances, "who has read");
  return [{ ...later, slots: world.slots.with(key, slot), instances }, reply];
}

// A stored value is given by how long it lives from the moment it is stored.
function dated(operation: Operation<number>, now: number, fresh: number): Operation<number> {
  if (operation._tag === "fill") return { ...operation, stored: storedAt(operation.stored.payload, now, fresh) };
  if (operation._tag !== "unlock" || operation.written === undefined) return operation;
  return { ...operation, written: storedAt(operation.written.payload, now, fresh) };
}

/** What a client hears of a command that it gives up. */
export const unanswered: Reply<number> = { _tag: "Unreachable", reason: "given up" };

/** Everything that can become of a cache command that a client sends now. */
export function command(
  world: World,
  setting: Setting,
  key: number,
  operation: Operation<number>,
  who: string,
): ReadonlyArray<Answer> {
  const [after, reply] = effect(world, setting, key, operation);
  const answers: Array<Answer> = onReplicas(after, setting, operation, reply);
  const message: Message = { key, operation, who };
  const goesWrong = (fault: Fault, from: World, inFlight: ReadonlyArray<Message>, heard: Reply<number>): void => {
    if (leftOf(world, setting, fault) === 0) return;
    const changed = { ...from, left: spend(world, setting, fault) };
    const messages = inFlight.length === 0 ? from.messages : [...from.messages, ...inFlight];
    answers.push({ world: { ...changed, messages }, reply: heard, how: fault });
  };
  if (setting.granted.length === 0) return answers;
  goesWrong("failedNotApplied", world, [], unanswered);
  // A look changes nothing: whether it took effect, or will, makes no difference.
  if (operation._tag === "look") return answers;
  goesWrong("appliedButReportedFailed", after, [], unanswered);
  goesWrong("appliedLate", world, [message], unanswered);
  if (setting.repeatedSet.has(operation._tag)) goesWrong("appliedTwice", after, [message], reply);
  return answers;
}

/**
 * Where a lock counts only on the replicas: either the replica that has fallen behind catches up, or the client hears
 * that it did not. So it is after an unlock that found its lock gone, since what that emptied must stay empty.
 */
function onReplicas(
  after: World,
  setting: Setting,
  operation: Operation<number>,
  reply: Reply<number>,
): Array<Answer> {
  const guards = reply._tag === "Locked" || operation._tag === "unlock" &&
      (reply._tag === "Lost" || reply._tag === "Foreign");
  if (after.copy === undefined || setting.replicas !== "waited for" || !guards) {
    return [{ world: after, reply, how: undefined }];
  }
  return [
    { world: { ...after, copy: undefined }, reply, how: undefined },
    { world: after, reply: unanswered, how: "notOnReplicas" },
  ];
}
