import type { Buffer } from "node:buffer";
import type { Connection } from "./connection.ts";
import { joinStep } from "./join.ts";
import { readingOf } from "./look.ts";
import { claims } from "./scripts.ts";
import { evaluate, runScripts } from "./script_step.ts";
import { done, sendFor, type Step } from "./step.ts";
import { claimValue, isScriptClaim, readClaim, readSlot } from "./value.ts";

/**
 * Claims slots. On an absent slot, which is what a claim is for, the command is the claim; else it is a look. For several
 * slots one script gives the command for each.
 *
 * The generation is ours, and the same for all of them: a server would have to choose it if the command could be sent
 * twice, which it cannot (see Connection).
 */
export function claimAll(steps: ReadonlyArray<Step>, connection: Connection): void {
  const { node, call, request, gather } = steps[0]!;
  const generation = node.settings.generate();
  const lease = String(Math.max(1, Math.ceil(call.lease)));
  if (steps.length > 1) {
    return evaluate(steps, connection, {
      script: claims,
      tell: (open) => [lease, ...open.map((step) => claimValue(ownerOf(step), generation))],
      hear: (step, value) => hear(step, value, generation, connection),
    });
  }
  // What was not sent when the time was over never is.
  if (gather.left === 0) return;
  const words = ["SET", request.slot, claimValue(ownerOf(steps[0]!), generation), "NX", "GET", "PX", lease];
  sendFor(steps[0]!, connection, words, (value) => hear(steps[0]!, value as Buffer | null, generation, connection));
}

function hear(step: Step, value: Buffer | null, generation: number, connection: Connection): void {
  const granted = value === null ? generation : readClaim(value, ownerOf(step));
  if (granted !== undefined) return done(step, { _tag: "Mine", generation: granted, found: undefined });
  // A claim that a script made may be our own.
  const reply = value === null || isScriptClaim(value) ? undefined : readSlot(value, readingOf(connection));
  if (reply !== undefined) return done(step, reply);
  if (step.node.joins) joinStep(step, connection, runScripts);
  else runScripts([step], connection);
}

function ownerOf({ request: { operation } }: Step): string {
  return operation._tag === "claim" ? operation.owner : "";
}
