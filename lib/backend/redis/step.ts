import type { Buffer } from "node:buffer";
import type { Call, Request } from "../port.ts";
import type { Reply } from "../../protocol/slot.ts";
import { type Connection, send } from "./connection.ts";
import { readRedirection, type Redirection, unreachableBy } from "./failure.ts";
import { type Gather, settle } from "./gather.ts";
import type { Node } from "./node.ts";

/** A call under way: what it asks, and where the replies go. */
export interface Run {
  readonly requests: ReadonlyArray<Request<Uint8Array>>;
  readonly call: Call;
  readonly gather: Gather;
}

/** One operation under way on one node. */
export interface Step {
  readonly node: Node;
  readonly request: Request<Uint8Array>;
  readonly call: Call;
  /** Where its reply goes. */
  readonly gather: Gather;
  readonly index: number;
  /** What is to begin when the reply is there. */
  readonly after: (() => void) | undefined;
  /** What to do if the node says that the key is elsewhere, and did nothing; false if nothing can be done. */
  readonly redirect: ((redirection: Redirection, step: Step) => boolean) | undefined;
  /** Whether the key's slot is being moved to this node. */
  readonly asking: boolean;
  /** How often the key was elsewhere. */
  readonly moves: number;
}

/** The step of a request on a node where its key is for good, and after which nothing waits. */
export function stepOf(node: Node, { requests, call, gather }: Run, index: number): Step {
  const request = requests[index]!;
  return { node, request, call, gather, index, after: undefined, redirect: undefined, asking: false, moves: 0 };
}

/** Ends a step with its reply. */
export function done(step: Step, reply: Reply<Uint8Array>): void {
  settle(step.gather, step.index, reply);
  step.after?.();
}

/** Ends a step that failed: nobody knows whether it took effect. Or begins it anew where the key is. */
export function failed(step: Step, error: unknown): void {
  const redirection = step.redirect === undefined ? undefined : readRedirection(error, step.node.address.name);
  if (redirection !== undefined && step.redirect!(redirection, step)) return;
  done(step, unreachableBy(error));
}

/** Sends a command of a step. */
export function sendFor(
  step: Step,
  connection: Connection,
  words: ReadonlyArray<string | Buffer>,
  answer: (reply: unknown) => void,
  fail: (error: unknown) => void = (error) => failed(step, error),
): void {
  // For a slot that is being moved to a node, it answers only right behind an ASKING.
  if (step.asking) send(connection, ["ASKING"], () => {}, () => {});
  send(connection, words, answer, fail);
}
