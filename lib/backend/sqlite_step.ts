import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../clock.ts";
import type { At, Reply, Slot } from "../protocol/slot.ts";
import { absent, apply, elapse } from "../protocol/slot.ts";
import type { Call, Request } from "./port.ts";
import { unreachable } from "./port.ts";
import type { File } from "./sqlite_file.ts";
import { openFile } from "./sqlite_file.ts";
import { isBusy, messageOf } from "./sqlite_open.ts";
import type { Bounds } from "./sqlite_room.ts";
import type { Table } from "./sqlite_table.ts";
import { makeTable } from "./sqlite_table.ts";
import type { Watched } from "./sqlite_watch.ts";

/** The answers of a call, one a request. */
export type Replies = ReadonlyArray<Reply<Uint8Array>>;

/** What a call asks. */
export type Requests = ReadonlyArray<Request<Uint8Array>>;

/** Another process is in the way, and nothing was done. */
export interface InTheWay {
  readonly cause: unknown;
}

/** The slots of an open file, in the time that its processes share. */
export interface SlotFile extends Watched {
  /** One transaction, if one is needed; never throws. */
  readonly attempt: (requests: Requests, call: Call) => Replies | InTheWay;
  readonly close: () => void;
}

interface State {
  readonly file: File;
  readonly table: Table;
  readonly now: () => number;
  /** Told of each slot that was written, once that is committed. */
  readonly written: (slot: string) => void;
  /** When the file is next looked for under its path. */
  lookAgain: number;
}

/** How often the path is checked: it costs as much as a hit, and bounds how long a deleted file is still believed in. */
const lookEvery = 100;

/** Opens a file; throws as {@linkcode openFile} does. */
export function openSlotFile(
  path: string,
  durability: "crash" | "powerCut",
  bounds: Bounds,
  clock: Pick<Clock, "now">,
  written: (slot: string) => void,
): SlotFile {
  const file = openFile(path, durability);
  const table = makeTable(file.statements, bounds);
  const state: State = { file, table, now: monotonic(clock), written, lookAgain: -Infinity };
  return {
    attempt: (requests, call) => attempt(state, requests, call),
    version: () => orUndefined(() => Number(Object.values(file.statements.version.get() ?? {})[0])),
    workLeft: (slots) => orUndefined(() => workLeft(state, slots)),
    close: () => {
      try {
        file.database.close();
      } catch {
        // What cannot be closed any more was damaged before; nobody asks it again.
      }
    },
  };
}

/** A wall clock may be set back; what has been seen to be over must not live again. */
function monotonic(clock: Pick<Clock, "now">): () => number {
  let latest = -Infinity;
  return () => latest = Math.max(latest, clock.now());
}

function attempt(state: State, requests: Requests, call: Call): Replies | InTheWay {
  try {
    return answerUnchanged(state, requests, call) ?? transact(state, requests, call);
  } catch (cause) {
    rollBack(state.file.database);
    return isBusy(cause) ? { cause } : unreachable(requests.length, messageOf(cause), cause);
  }
}

function rollBack(database: DatabaseSync): void {
  try {
    if (database.isTransaction) database.exec("ROLLBACK");
  } catch {
    // SQLite has rolled back by itself, or the next call will say what is wrong.
  }
}

function readAt(state: State, call: Call): At {
  const now = state.now();
  if (now >= state.lookAgain) {
    if (state.file.isMoved()) throw new Error("the file was moved or deleted");
    state.lookAgain = now + lookEvery;
  }
  return { now, lease: call.lease, level: call.level, identity: "", changed: -Infinity };
}

/**
 * The replies of a call that only asks and finds nothing to change: without a transaction, so that a hit never waits
 * for whoever is writing. Each reply is right at the moment of the read.
 */
function answerUnchanged(state: State, requests: Requests, call: Call): Replies | undefined {
  const only = requests.length === 1 ? requests[0] : undefined;
  if (only !== undefined) {
    if (!isAsking(only)) return undefined;
    const reply = unchanged(state.table.read(nameOf(only.slot)), only, readAt(state, call));
    return reply && [reply];
  }
  if (!requests.every(isAsking)) return undefined;
  const slots = state.table.readMany(requests.map(({ slot }) => nameOf(slot)));
  const at = readAt(state, call);
  const replies: Array<Reply<Uint8Array>> = [];
  for (const request of requests) {
    const reply = unchanged(slots.get(replies.length), request, at);
    if (reply === undefined) return undefined;
    replies.push(reply);
  }
  return replies;
}

function isAsking({ operation: { _tag } }: Requests[number]): boolean {
  return _tag === "look" || _tag === "claim" || _tag === "refresh";
}

/** The reply, if it needs nothing to be written; a look never does. */
function unchanged(
  before: Slot<Uint8Array> = absent,
  { operation }: Requests[number],
  at: At,
): Reply<Uint8Array> | undefined {
  const [after, reply] = apply(before, operation, at);
  return after === before || operation._tag === "look" ? reply : undefined;
}

function transact(state: State, requests: Requests, call: Call): Replies {
  const { table } = state;
  table.begin();
  // Now that nobody else writes: a time read earlier could lie before what others have written since.
  const at = readAt(state, call);
  const written: Array<string> = [];
  const replies = requests.map(({ slot, operation }) => {
    const name = nameOf(slot);
    const before = table.read(name);
    const [after, reply] = apply(before ?? absent, operation, at);
    if (after === (before ?? absent)) return reply;
    table.write(name, before, after, call.lease);
    written.push(slot);
    return reply;
  });
  table.settle(at.now);
  table.commit();
  written.forEach(state.written);
  return replies;
}

/** For how long yet readers may be at work on slots: until the deadline of a claim or a mark. */
function workLeft({ table, now }: State, slots: ReadonlyArray<string>): ReadonlyArray<number> {
  const found = table.readMany(slots.map(nameOf));
  const at: At = { now: now(), lease: 0, level: "pinned", identity: "", changed: -Infinity };
  return slots.map((_, i) => {
    const slot = elapse(found.get(i) ?? absent, at);
    if (slot._tag === "Claimed") return slot.deadline - at.now;
    return slot._tag === "Held" && slot.mark !== undefined ? slot.mark.deadline - at.now : 0;
  });
}

function orUndefined<A>(read: () => A): A | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** SQLite would write every lone surrogate as the same character, so that names differing in one would meet. */
function nameOf(slot: string): string {
  return slot.isWellFormed() && slot.charCodeAt(0) !== 0x22 ? slot : JSON.stringify(slot);
}
