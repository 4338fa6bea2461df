import type { Buffer } from "node:buffer";
import { strictest } from "../port.ts";
import type { Reply } from "../../protocol/slot.ts";
import { type Connection, whenSettled, whyNot } from "./connection.ts";
import { lookAlone, lookingAt, readingOf } from "./look.ts";
import { confirm, type Doubt, levelOf, type Replicas } from "./node.ts";
import { runScript } from "./script_step.ts";
import { done, failed, sendFor, type Step } from "./step.ts";
import { isScriptClaim, readClaim, readSlot } from "./value.ts";

/** Performs an operation once its connection is there: one command, and a script where that is no answer. */
export function perform(step: Step): void {
  const { operation } = step.request;
  const locks = operation._tag === "lock" || operation._tag === "unlock";
  const watched = operation._tag === "look" && step.call.watched === true;
  const connection = locks ? step.node.guarding : lookingAt(step.node, watched);
  if (connection.phase._tag === "Ready") return begin(step, connection);
  whenSettled(connection, () => {
    // What was not sent when the time was over never is.
    if (step.gather.left === 0) return;
    if (connection.phase._tag === "Ready") begin(step, connection);
    else failed(step, whyNot(connection));
  });
}

function begin(step: Step, connection: Connection): void {
  const { node, request: { operation }, call } = step;
  const { time, replicas } = node.settings;
  if (operation._tag === "look" && time === undefined && !step.asking) return lookAlone(step, connection);
  if (operation._tag === "claim" && time === undefined && strictest(call.level, levelOf(node)) === "pinned") {
    return claim(step, connection, operation.owner);
  }
  if (replicas !== undefined && connection === node.guarding) return guard(step, connection, replicas);
  runScript(step, connection);
}

// On an absent slot, which is what a claim is for, the command is the claim; else it is a look. The generation is ours:
// a server would have to choose it if the command could be sent twice, which it cannot (see Connection).
function claim(step: Step, connection: Connection, owner: string): void {
  const { request, call, node } = step;
  const generation = node.settings.generate();
  const lease = String(Math.max(1, Math.ceil(call.lease)));
  sendFor(step, connection, ["SET", request.slot, `c${generation}:${owner}`, "NX", "GET", "PX", lease], (answer) => {
    const value = answer as Buffer | null;
    const granted = value === null ? generation : readClaim(value, owner);
    if (granted !== undefined) return done(step, { _tag: "Mine", generation: granted, found: undefined });
    // A claim that a script made may be our own.
    const reply = value === null || isScriptClaim(value) ? undefined : readSlot(value, readingOf(connection));
    if (reply === undefined) runScript(step, connection);
    else done(step, reply);
  });
}

// A lock counts only if it reached the replicas. An unlock that found its lock gone has emptied the slot, or marked it:
// that too has to survive a failover, or what the lost lock let in would come back.
function guard(step: Step, connection: Connection, replicas: Replicas): void {
  const confirmed = (): Promise<Doubt> => confirm(step.node, replicas);
  const settled = (reply: Reply<Uint8Array>, confirmation: Promise<Doubt>): void => {
    confirmation.then((doubt) => done(step, doubt === undefined ? reply : { _tag: "Unreachable", reason: doubt }));
  };
  let sent = step.request.operation._tag === "lock" ? confirmed() : undefined;
  runScript(step, connection, (reply) => {
    if (reply._tag === "Locked") settled(reply, sent ?? confirmed());
    else if (reply._tag === "Lost" || reply._tag === "Foreign") settled(reply, confirmed());
    else done(step, reply);
  }, () => sent = undefined);
}
