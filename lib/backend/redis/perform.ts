import { strictest } from "../port.ts";
import type { Reply } from "../../protocol/slot.ts";
import { claimAll } from "./claim.ts";
import { type Connection, whenSettled, whyNot } from "./connection.ts";
import { joinStep } from "./join.ts";
import { lookAlone, lookingAt } from "./look.ts";
import { confirm, type Doubt, levelOf, type Replicas } from "./node.ts";
import { runScripts } from "./script_step.ts";
import { done, failed, type Step } from "./step.ts";

/**
 * Performs an operation once its connection is there: by one command, with others of its turn where keys may go together,
 * and by a script where that is no answer.
 */
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
    return node.joins ? joinStep(step, connection, claimAll) : claimAll([step], connection);
  }
  if (replicas !== undefined && connection === node.guarding) return guard(step, connection, replicas);
  if (node.joins) joinStep(step, connection, runScripts);
  else runScripts([step], connection);
}

// A lock counts only if it reached the replicas. An unlock that found its lock gone has emptied the slot, or marked it:
// that too has to survive a failover, or what the lost lock let in would come back.
function guard(step: Step, connection: Connection, replicas: Replicas): void {
  const confirmed = (): Promise<Doubt> => confirm(step.node, replicas);
  const settled = (reply: Reply<Uint8Array>, confirmation: Promise<Doubt>): void => {
    confirmation.then((doubt) => done(step, doubt === undefined ? reply : { _tag: "Unreachable", reason: doubt }));
  };
  let sent = step.request.operation._tag === "lock" ? confirmed() : undefined;
  runScripts([step], connection, (_, reply) => {
    if (reply._tag === "Locked") settled(reply, sent ?? confirmed());
    else if (reply._tag === "Lost" || reply._tag === "Foreign") settled(reply, confirmed());
    else done(step, reply);
  }, () => sent = undefined);
}
