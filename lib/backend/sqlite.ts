/**
 * A backend in a file that the processes of one machine share, by node:sqlite.
 *
 * It does not tell of changes by other processes: to ask the file each turn would cost each hit of a memory tier many times
 * what it costs. A memory tier above goes by its ttl and grace, and by the epoch of the shared tier if it has one.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import type { Backend, Call } from "./port.ts";
import { unreachable } from "./port.ts";
import type { InTheWay, Replies, Requests, SlotFile } from "./sqlite_step.ts";
import { openSlotFile } from "./sqlite_step.ts";
import type { FileWatching } from "./sqlite_watch.ts";
import { fileWatching } from "./sqlite_watch.ts";

/** Where a SQLite backend keeps its slots, what bounds it, and its effects. */
export interface SqliteOptions {
  /** The file; `":memory:"` for one that only this backend sees. Beside it SQLite keeps `-wal` and `-shm`. */
  readonly path: string;
  /**
   * The most slots it keeps; above, the oldest go, but never a live lock. 100,000 unless told: with entries of 1 KiB
   * that is a file of about 150 MB, which is what a machine's page cache can be expected to hold.
   */
  readonly maxEntries?: number;
  /** The most bytes of payload it keeps; an entry larger than all that is not kept. No limit unless told. */
  readonly maxBytes?: number;
  /**
   * What survives: `"crash"` (of any process; the default), or also a `"powerCut"`, for a sync of the disk a write. With
   * the former a power cut may bring back entries that a write had cleared just before: remove the file at boot, or
   * let the ttl bound it.
   */
  readonly durability?: "crash" | "powerCut";
  /** The time of the slots: it has to be the same in all processes that share the file. The wall clock unless told. */
  readonly clock?: Pick<Clock, "now">;
  /** What waiting goes by. */
  readonly timers?: Clock;
}

interface State {
  readonly file: SlotFile;
  readonly watching: FileWatching;
  readonly timers: Clock;
  /** The calls that wait for another process. */
  readonly waiting: Set<Promise<unknown>>;
  /** When, on the timers' clock, waiting ends because the backend closes. */
  end: number;
  closed: Promise<void> | undefined;
}

/** No call waits longer for other processes, whatever it asks for: a transaction here takes milliseconds. */
const longestWait = 30_000;

/** How long a closing backend lets its calls wait: most transactions of others end within a hundredth of it. */
const longestDrain = 1_000;

/** The pauses between attempts grow between these: below, timers cost more than they wait, above, the wait shows. */
const shortestPause = 2;
const longestPause = 50;

/**
 * A backend in a SQLite file, shared by all processes of one machine that open it. Each call is one transaction that
 * runs the slot function itself, and what changes nothing (a hit, however it is asked for) none at all. A live lock is
 * never evicted, so its level is `pinned`.
 *
 * SQLite is synchronous: a call holds up the event loop while it runs (microseconds a slot), but waits for other
 * processes without. Opening blocks, for up to 5 s while other processes make the same new file.
 *
 * Throws a RangeError for options out of bounds and for a file that belongs to another program or version, an Error if
 * the file cannot be opened. Afterwards every failure is the reply `Unreachable`.
 *
 * @example Two backends on one file see each other's slots
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sqliteBackend } from "@lamina/cache/sqlite";
 *
 * const path = await Deno.makeTempFile({ suffix: ".sqlite" });
 * await using here = sqliteBackend({ path });
 * await using there = sqliteBackend({ path });
 *
 * const call = { within: 1_000, lease: 10_000, level: "pinned" } as const;
 * await here.run([{ slot: "user:42", operation: { _tag: "lock", token: "mine" } }], call)();
 * const [reply] = await there.run([{ slot: "user:42", operation: { _tag: "look" } }], call)();
 * assertEquals(reply, { _tag: "Guarded" });
 * ```
 */
export function sqliteBackend(options: SqliteOptions): Backend<Uint8Array> {
  const state = makeState(options);
  const close = (): Promise<void> => state.closed ??= drain(state);
  return {
    name: "sqlite",
    level: () => "pinned",
    run: (requests, call) => () => run(state, requests, call),
    changed: state.watching.changed,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function makeState(options: SqliteOptions): State {
  const { path, maxEntries = 100_000, maxBytes = Infinity, durability = "crash" } = options;
  const { clock = { now: Date.now }, timers = systemClock } = options;
  const refuse = (what: string, received: unknown): never => {
    throw new RangeError(`Cannot make a SQLite backend: expected ${what}: received ${JSON.stringify(received)}`);
  };
  // SQLite itself would take "" for a temporary database, which no other process sees.
  if (typeof path !== "string" || path === "") refuse('a path, or ":memory:"', path);
  if (!(Number.isInteger(maxEntries) && maxEntries > 0)) refuse("a positive whole maxEntries", maxEntries);
  if (!(maxBytes > 0)) refuse("positive maxBytes", maxBytes);
  const file = openSlotFile(path, durability, { maxEntries, maxBytes }, clock, (slot) => watching.written(slot));
  const watching = fileWatching(file, timers);
  return { file, watching, timers, waiting: new Set(), end: Infinity, closed: undefined };
}

async function drain(state: State): Promise<void> {
  state.end = state.timers.now() + longestDrain;
  state.watching.close();
  await Promise.all(state.waiting);
  state.file.close();
}

function run(state: State, requests: Requests, call: Call): Promise<Replies> {
  if (state.closed !== undefined) return Promise.resolve(unreachable(requests.length, "closed"));
  const first = state.file.attempt(requests, call);
  if (!("cause" in first)) return Promise.resolve(first);
  const waiting = retry(state, requests, call, first);
  state.waiting.add(waiting);
  waiting.then(() => state.waiting.delete(waiting));
  return waiting;
}

async function retry(state: State, requests: Requests, call: Call, first: InTheWay): Promise<Replies> {
  const { timers } = state;
  const end = timers.now() + Math.min(call.within, longestWait);
  let last = first;
  for (let pause = shortestPause;; pause = Math.min(2 * pause, longestPause)) {
    const left = Math.min(end, state.end) - timers.now();
    if (!(left > 0)) return unreachable(requests.length, "busy", last.cause);
    // Half of it at random, or processes that met once would meet at each attempt.
    await sleep(timers, Math.min(left, pause + pause * Math.random()));
    if (timers.now() >= Math.min(end, state.end)) return unreachable(requests.length, "busy", last.cause);
    const replies = state.file.attempt(requests, call);
    if (!("cause" in replies)) return replies;
    last = replies;
  }
}

function sleep(timers: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => timers.after(milliseconds, resolve));
}
