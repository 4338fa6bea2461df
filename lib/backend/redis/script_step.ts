import type { Buffer } from "node:buffer";
import { ErrorReply } from "redis";
import type { Reply } from "../../protocol/slot.ts";
import { strictest } from "../port.ts";
import { type Connection, refuse, whyNot } from "./connection.ts";
import { isUnjoinable, isUnknownScript } from "./failure.ts";
import { type Script, scripts } from "./scripts.ts";
import { done, failed, sendFor, type Step } from "./step.ts";
import { readReply } from "./value.ts";
import { type Context, packWords } from "./words.ts";

/** How steps are performed by one script: what it is told beside their keys, and what its reply to one of them means. */
export interface Way {
  readonly script: Script;
  readonly tell: (steps: ReadonlyArray<Step>) => ReadonlyArray<string | Buffer>;
  readonly hear: (step: Step, reply: Buffer) => void;
}

/** What is done with a step's reply. */
export type Answer = (step: Step, reply: Reply<Uint8Array>) => void;

/** Performs steps of one operation, with one lease and level, by its script; see {@linkcode evaluate}. */
export function runScripts(
  steps: ReadonlyArray<Step>,
  connection: Connection,
  answer: Answer = done,
  resent?: () => void,
): void {
  const way: Way = {
    script: scripts[steps[0]!.request.operation._tag],
    tell: (open) => [packWords(contextOf(open[0]!, connection), open.map(({ request }) => request))],
    hear: (step, reply) => answer(step, readReply(reply, step.request.operation)),
  };
  evaluate(steps, connection, way, resent);
}

/**
 * Performs steps by one script. A server that does not know it certainly did nothing, and is sent the whole of it:
 * `resent` is told, since that comes behind whatever went out in the meantime.
 */
export function evaluate(
  steps: ReadonlyArray<Step>,
  connection: Connection,
  way: Way,
  resent?: () => void,
): void {
  const refused = (error: unknown): void => {
    // Who stands before several servers may take no command for keys of more than one; nothing was done.
    if (steps.length === 1 || !isUnjoinable(error)) return failAll(steps, error);
    steps[0]!.node.joins = false;
    for (const step of steps) evaluate([step], connection, way);
  };
  attempt(steps, connection, way, "EVALSHA", way.script.digest, (error) => {
    if (!isUnknownScript(error)) return refused(error);
    resent?.();
    attempt(steps, connection, way, "EVAL", way.script.text, refused);
  });
}

function attempt(
  steps: ReadonlyArray<Step>,
  connection: Connection,
  way: Way,
  verb: string,
  script: string,
  fail: (error: unknown) => void,
): void {
  // What was not sent when the time was over never is: it would only take effect late.
  const open = steps.filter(({ gather }) => gather.left > 0);
  if (open.length === 0) return;
  if (connection.phase._tag !== "Ready") return failAll(open, whyNot(connection));
  const command = [verb, script, String(open.length)];
  for (const { request } of open) command.push(request.slot);
  sendFor(open[0]!, connection, [...command, ...way.tell(open)], (replies) => {
    // What is the same for all is said once.
    for (let i = 0; i < open.length; i++) {
      hear(open[i]!, connection, way, Array.isArray(replies) ? replies[i] : replies);
    }
  }, fail);
}

function hear(step: Step, connection: Connection, way: Way, reply: unknown): void {
  if (reply instanceof ErrorReply) {
    refuse(connection, reply);
    return failed(step, reply);
  }
  try {
    way.hear(step, reply as Buffer);
  } catch (error) {
    // What cannot be read is none of ours; the others' replies stand.
    failed(step, error);
  }
}

function failAll(steps: ReadonlyArray<Step>, error: unknown): void {
  for (const step of steps) failed(step, error);
}

/** The same for all steps of one script. */
function contextOf({ node, call }: Step, connection: Connection): Context {
  const { time } = node.settings;
  const { identity = "-".repeat(8), changed = 0, level = "probation" } = connection.known ?? {};
  return {
    lease: call.lease,
    level: strictest(call.level, level),
    changed: time === undefined ? changed : -Infinity,
    identity,
    evictable: level !== "pinned",
    now: time?.(),
  };
}
