import type { Buffer } from "node:buffer";
import { type Connection, send } from "./connection.ts";
import { runScript } from "./script_step.ts";
import { done, failed, sendFor, type Step } from "./step.ts";
import { type Reading, readSlot } from "./value.ts";

/** The most keys of one MGET: while it runs, the server does nothing else, and its answer stands in memory whole. */
const mostJoined = 1_024;

/**
 * Looks by reading the slot's value; all looks of one turn of the event loop go in one command, but for a cluster's,
 * where each key may be moved on its own.
 */
export function look(step: Step, connection: Connection): void {
  const { node, request } = step;
  if (!node.settings.joins) {
    const answer = (value: unknown): void => read(step, connection, value as Buffer | null, readingOf(connection));
    return sendFor(step, connection, ["GET", request.slot], answer);
  }
  node.looks.push(step);
  // Callers that one MGET answered ask again a few microtasks later; the driver writes at the end of the turn anyway.
  if (node.looks.length === 1) queueMicrotask(() => queueMicrotask(() => lookJoined(node.looks.splice(0), connection)));
}

function lookJoined(steps: ReadonlyArray<Step>, connection: Connection): void {
  for (let start = 0; start < steps.length; start += mostJoined) {
    const part = steps.slice(start, start + mostJoined);
    const command = ["MGET"];
    for (const { request } of part) command.push(request.slot);
    send(connection, command, (values) => {
      const reading = readingOf(connection);
      for (let i = 0; i < part.length; i++) read(part[i]!, connection, (values as Array<Buffer | null>)[i]!, reading);
    }, (error) => {
      for (const step of part) failed(step, error);
    });
  }
}

function read(step: Step, connection: Connection, value: Buffer | null, reading: Reading): void {
  const reply = readSlot(value, reading);
  if (reply === undefined) runScript(step, connection);
  else done(step, reply);
}

/** What a connection's reader knows beside a slot's value; without a connection, that nothing is valid any more. */
export function readingOf(connection: Connection): Reading {
  if (connection.phase._tag !== "Ready") return { now: Infinity, identity: "" };
  const { server } = connection.phase;
  return { now: connection.settings.clock.now() + server.offset, identity: server.identity };
}
