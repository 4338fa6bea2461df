import { Buffer } from "node:buffer";
import { strictest } from "../port.ts";
import type { Operation, Reply, Stored } from "../../protocol/slot.ts";
import { type Connection, whyNot } from "./connection.ts";
import { isUnknownScript } from "./failure.ts";
import { type ScriptName, scripts } from "./scripts.ts";
import { done, failed, sendFor, type Step } from "./step.ts";
import { readReply } from "./value.ts";

/**
 * Performs an operation by its script. A server that does not know it certainly did nothing, and is sent the whole of
 * it: `resent` is told, since that comes behind whatever went out in the meantime.
 */
export function runScript(
  step: Step,
  connection: Connection,
  answer: (reply: Reply<Uint8Array>) => void = (reply) => done(step, reply),
  resent?: () => void,
): void {
  // A second command that nobody waits for is not sent: it would only take effect late.
  if (step.gather.left === 0) return;
  if (connection.phase._tag !== "Ready") return failed(step, whyNot(connection));
  const { operation } = step.request;
  const name: ScriptName = operation._tag;
  const { text, digest } = scripts[name];
  const args = ["1", step.request.slot, ...contextOf(step, connection), ...argumentsOf(operation)];
  const read = (reply: unknown): void => answer(readReply(reply as Buffer));
  sendFor(step, connection, ["EVALSHA", digest, ...args], read, (error) => {
    if (!isUnknownScript(error)) return failed(step, error);
    if (step.gather.left === 0) return;
    resent?.();
    sendFor(step, connection, ["EVAL", text, ...args], read);
  });
}

// The same words for each script; lua_slot.ts says what they are.
function contextOf(step: Step, connection: Connection): ReadonlyArray<string> {
  const { time } = step.node.settings;
  const { identity = "", changed = 0, level = "probation" } = connection.known ?? {};
  return [
    String(step.call.lease),
    time === undefined ? String(changed) : "-Infinity",
    identity,
    strictest(step.call.level, level),
    level === "pinned" ? "n" : "y",
    time === undefined ? "" : String(time()),
  ];
}

function argumentsOf(operation: Operation<Uint8Array>): ReadonlyArray<string | Buffer> {
  switch (operation._tag) {
    case "look":
      return [];
    case "claim":
      return [operation.owner];
    case "refresh":
      return [operation.owner, operation.which];
    case "fill":
      return [operation.owner, String(operation.generation), ...storedArguments(operation.stored)];
    case "release":
      return [operation.owner, String(operation.generation), String(operation.pass)];
    case "lock":
      return [operation.token];
    case "unlock":
      return [
        operation.token,
        String(operation.generation),
        ...(operation.written === undefined ? [] : storedArguments(operation.written)),
      ];
  }
}

function storedArguments({ payload, age, fresh, until }: Stored<Uint8Array>): ReadonlyArray<string | Buffer> {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  return [String(age), String(fresh), String(until), bytes];
}
