import type { Buffer } from "node:buffer";
import type { Reply } from "../../protocol/slot.ts";
import { type Connection, send, whenSettled } from "./connection.ts";
import { unreachableBy } from "./failure.ts";
import { settle } from "./gather.ts";
import { joinStep } from "./join.ts";
import type { Node } from "./node.ts";
import { runScripts } from "./script_step.ts";
import { done, type Run, sendFor, type Step, stepOf } from "./step.ts";
import { type Reading, readSlot } from "./value.ts";

/**
 * The most keys of one MGET. While the server works on one, it does nothing else, and we have nothing to read: in
 * several, 1,000 keys are there sooner.
 */
const mostKeys = 256;

/** The most calls of one MGET: those of the first go on while the others are still being answered. */
const mostCalls = 32;

/** Of a call that only looks, the requests from `first` to before `end`. */
interface Looks {
  readonly run: Run;
  readonly first: number;
  readonly end: number;
}

/**
 * Looks for a call together with all others of one turn of the event loop. A look that joins has nothing of its own on the
 * way; only what a script has to decide becomes a step.
 */
export function joinLooks(node: Node, run: Run): void {
  const watched = run.call.watched === true;
  const looks = watched ? node.watchedLooks : node.looks;
  looks.push(run);
  // Callers that one MGET answered ask again a few microtasks later; the driver writes at the end of the turn anyway.
  if (looks.length > 1) return;
  const send = (): void => sendAll(node, looks, lookingAt(node, watched));
  queueMicrotask(() => queueMicrotask(() => whenSettled(node.data, send)));
}

/** The connection for looks; word of changes comes on the one for watched looks, where that is there. */
export function lookingAt(node: Node, watched: boolean): Connection {
  return watched && node.settings.feed.isTelling(node) ? node.telling! : node.data;
}

function sendAll(node: Node, looks: Run[], connection: Connection): void {
  let joined: Looks[] = [];
  let room = mostKeys;
  for (const run of looks.splice(0)) {
    // What was not sent when the time was over never is.
    const count = run.gather.left === 0 ? 0 : run.requests.length;
    for (let first = 0; first < count;) {
      const end = Math.min(count, first + room);
      joined.push({ run, first, end });
      room -= end - first;
      first = end;
      if (room > 0 && joined.length < mostCalls) continue;
      sendJoined(node, joined, connection);
      [joined, room] = [[], mostKeys];
    }
  }
  if (joined.length > 0) sendJoined(node, joined, connection);
}

function sendJoined(node: Node, joined: ReadonlyArray<Looks>, connection: Connection): void {
  const command = ["MGET"];
  for (const { run, first, end } of joined) {
    for (let i = first; i < end; i++) command.push(run.requests[i]!.slot);
  }
  send(connection, command, (values) => {
    const reading = readingOf(connection);
    let at = 0;
    for (const { run, first, end } of joined) {
      for (let i = first; i < end; i++) {
        const reply = readSlot((values as ReadonlyArray<Buffer | null>)[at++]!, reading);
        if (reply === undefined) lookByScript(stepOf(node, run, i), connection);
        else settle(run.gather, i, toldOf(connection, reply));
      }
    }
  }, (error) => {
    const reply = unreachableBy(error);
    for (const { run, first, end } of joined) {
      for (let i = first; i < end; i++) settle(run.gather, i, reply);
    }
  });
}

/** Looks by a command of its own: in a cluster, where each key may be moved on its own, or where something waits for it. */
export function lookAlone(step: Step, connection: Connection): void {
  sendFor(step, connection, ["GET", step.request.slot], (value) => {
    const reply = readSlot(value as Buffer | null, readingOf(connection));
    if (reply === undefined) lookByScript(step, connection);
    else done(step, toldOf(connection, reply));
  });
}

/** The command before it was watched: if the slot has changed since, word of that comes before this answer. */
function lookByScript(step: Step, connection: Connection): void {
  if (step.node.joins) joinStep(step, connection, lookByScripts);
  else lookByScripts([step], connection);
}

function lookByScripts(steps: ReadonlyArray<Step>, connection: Connection): void {
  runScripts(steps, connection, (step, reply) => done(step, toldOf(connection, reply)));
}

function toldOf(connection: Connection, reply: Reply<Uint8Array>): Reply<Uint8Array> {
  const isWatched = connection.settings.onChange !== undefined && reply._tag === "Hit";
  return isWatched ? { ...reply, watched: true } : reply;
}

/** What a connection's reader knows beside a slot's value; without a connection, that nothing is valid any more. */
export function readingOf(connection: Connection): Reading {
  if (connection.phase._tag !== "Ready") return { now: Infinity, identity: "", view: undefined };
  const { server } = connection.phase;
  return { now: connection.settings.clock.now() + server.offset, identity: server.identity, view: undefined };
}
