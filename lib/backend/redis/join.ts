import type { Connection } from "./connection.ts";
import type { Node } from "./node.ts";
import type { Step } from "./step.ts";

/** The most keys of one command: a script of as many fills takes the server a quarter of a millisecond. */
const mostKeys = 64;

/** The most bytes of payload that are gathered for one command; one that is larger goes alone. */
const mostBytes = 131_072;

/** Sends steps of one operation, with one lease and level, together. */
export type Sending = (steps: ReadonlyArray<Step>, connection: Connection) => void;

/** The steps of one turn that may go in one command. */
export interface Joined {
  readonly connection: Connection;
  readonly send: Sending;
  readonly steps: Array<Step>;
}

/**
 * Performs a step together with those like it of one turn of the event loop. A command for each would cost us, the
 * driver and the server several times as much.
 */
export function joinStep(step: Step, connection: Connection, send: Sending): void {
  const { node } = step;
  const { joined } = node;
  const known = joined.find((each) =>
    each.connection === connection && each.send === send && areAlike(each.steps[0]!, step)
  );
  if (known !== undefined) return void known.steps.push(step);
  joined.push({ connection, send, steps: [step] });
  // As for looks: callers that one reply answered go on a few microtasks later.
  if (joined.length === 1) queueMicrotask(() => queueMicrotask(() => sendAll(node)));
}

function areAlike(one: Step, other: Step): boolean {
  return one.request.operation._tag === other.request.operation._tag && one.call.lease === other.call.lease &&
    one.call.level === other.call.level;
}

function sendAll(node: Node): void {
  for (const { connection, send, steps } of node.joined.splice(0)) {
    let [first, bytes] = [0, 0];
    for (let i = 0; i < steps.length; i++) {
      const size = sizeOf(steps[i]!);
      if (i - first === mostKeys || (i > first && bytes + size > mostBytes)) {
        send(steps.slice(first, i), connection);
        [first, bytes] = [i, 0];
      }
      bytes += size;
    }
    send(first === 0 ? steps : steps.slice(first), connection);
  }
}

function sizeOf({ request: { operation } }: Step): number {
  if (operation._tag === "fill") return operation.stored.payload.length;
  return operation._tag === "unlock" ? operation.written?.payload.length ?? 0 : 0;
}
