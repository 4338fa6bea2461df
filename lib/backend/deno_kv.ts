import { Buffer } from "node:buffer";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import { late, orLate } from "../deadline.ts";
import { isLocked } from "../deno_kv.ts";
import type { Reply } from "../protocol/slot.ts";
import { type Answered, type Asked, type Attempt, attempt, messageOf } from "./deno_kv_step.ts";
import type { Backend, Call, Request } from "./port.ts";
import { unreachable } from "./port.ts";

/** Where a Deno KV backend keeps its slots, and its effects. */
export interface DenoKvOptions {
  /** The database, from `Deno.openKv`; it is left open when the backend is closed. */
  readonly kv: Deno.Kv;
  /** What the keys of its slots begin with, `["lamina"]` unless told. */
  readonly at?: Deno.KvKey;
  /** The time of the slots: it has to be the same in all processes. The wall clock unless told. */
  readonly clock?: Pick<Clock, "now">;
  /** What waiting goes by. */
  readonly timers?: Clock;
}

interface State {
  readonly kv: Deno.Kv;
  readonly at: Deno.KvKey;
  readonly now: () => number;
  readonly timers: Clock;
  /** The calls under way. */
  readonly open: Set<Promise<unknown>>;
  closed: Promise<void> | undefined;
}

type Replies = ReadonlyArray<Reply<Uint8Array>>;

/** No call goes on longer than this against other writers, whatever it asks for: a commit takes milliseconds. */
const longestWait = 30_000;

/** How long a closing backend waits for its calls: most commits end within a hundredth of it. */
const longestDrain = 1_000;

/** The pauses between attempts grow between these: below, timers cost more than they wait, above, the wait shows. */
const shortestPause = 1;
const longestPause = 20;

/** The longest name of a slot, in bytes: KV's keys have 2,048, of which NULs take two, and the folder some. */
const longestName = 700;

/** The longest folder, as JSON. */
const longestAt = 300;

/**
 * A backend in a Deno KV database, which needs `--unstable-kv`. A step is a loop: read, apply the slot function, commit
 * if nobody has changed the slot meanwhile. What changes nothing (a hit, however it is asked for) commits nothing.
 *
 * KV evicts nothing, so the level is `pinned`. It has no clock of its own: leases hold only while the clocks of all
 * processes agree within the margin of a tenth of the lease that writes keep anyway. Values above 60,000 bytes are cut
 * into pieces, those above 720,000 are not stored: the fill is answered so, and read from below meanwhile.
 *
 * Throws a RangeError if an option is refused. Nothing throws or rejects afterwards.
 *
 * @example A tier in Deno KV
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { promises, shared, source } from "@lamina/cache";
 * import { denoKvBackend } from "@lamina/cache/deno-kv";
 * import * as t from "io-ts";
 *
 * let loads = 0;
 * const kv = await Deno.openKv(":memory:");
 * const tier = shared({ backend: denoKvBackend({ kv }), name: "user", codec: t.string, ttl: "10m" });
 * const users = promises(tier(source({ load: async (ids: ReadonlyArray<number>) => ids.map((id) => `user ${id} ${++loads}`) })));
 *
 * assertEquals(await users.get(42), "user 42 1");
 * assertEquals(await users.get(42), "user 42 1");
 * await users.close();
 * kv.close();
 * ```
 */
export function denoKvBackend(options: DenoKvOptions): Backend<Uint8Array> {
  const { kv, at = ["lamina"], clock = { now: Date.now }, timers = systemClock } = options;
  if (!(Array.isArray(at) && at.length > 0 && JSON.stringify(at, textOf).length <= longestAt)) {
    const wanted = `a key of one or more parts, at most ${longestAt} bytes in all`;
    throw new RangeError(`Cannot make a Deno KV backend: expected ${wanted}: received ${JSON.stringify(at, textOf)}`);
  }
  let latest = -Infinity;
  // A wall clock may be set back; what has been seen to be over must not live again.
  const now = (): number => latest = Math.max(latest, clock.now());
  const state: State = { kv, at, now, timers, open: new Set(), closed: undefined };
  const close = (): Promise<void> => state.closed ??= drain(state);
  return {
    name: "deno-kv",
    level: () => "pinned",
    run: (requests, call) => () => run(state, requests, call),
    close,
    [Symbol.asyncDispose]: close,
  };
}

// What JSON cannot say, and KV can.
function textOf(_: string, part: unknown): unknown {
  return typeof part === "bigint" ? `${part}n` : part;
}

async function drain({ open, timers }: State): Promise<void> {
  await orLate(timers, longestDrain, Promise.all(open));
}

async function run(state: State, requests: ReadonlyArray<Request<Uint8Array>>, call: Call): Promise<Replies> {
  if (state.closed !== undefined) return unreachable(requests.length, "closed");
  const replies = new Array<Reply<Uint8Array> | undefined>(requests.length).fill(undefined);
  const going = answer(state, requests, call, replies).catch((cause) => fillIn(replies, messageOf(cause), cause));
  state.open.add(going);
  const ended = await orLate(state.timers, call.within, going);
  going.then(() => state.open.delete(going));
  // What is there by then took effect, and what is not may still.
  const reason = state.closed === undefined ? `no answer within ${Math.round(call.within)} ms` : "closed";
  return ended === late ? withRest(replies, reason) : withRest(replies, "busy");
}

function withRest(replies: ReadonlyArray<Reply<Uint8Array> | undefined>, reason: string, cause?: unknown): Replies {
  return replies.map((reply) => reply ?? unreachable<Uint8Array>(1, reason, cause)[0]!);
}

function fillIn(replies: Array<Reply<Uint8Array> | undefined>, reason: string, cause: unknown): void {
  withRest(replies, reason, cause).forEach((reply, i) => replies[i] = reply);
}

/** What is asked of one slot, and whose replies they are. */
interface Part extends Asked {
  readonly indices: ReadonlyArray<number>;
}

/** Attempts until all slots have answered, or the caller's time is over; all together first, then each by itself. */
async function answer(
  state: State,
  requests: ReadonlyArray<Request<Uint8Array>>,
  call: Call,
  replies: Array<Reply<Uint8Array> | undefined>,
): Promise<void> {
  const { kv, now, timers } = state;
  const end = timers.now() + Math.min(call.within, longestWait);
  const isOver = (): boolean => timers.now() >= end || state.closed !== undefined;
  const self: Attempt = { kv, now, call, isOver };
  const take = (parts: ReadonlyArray<Part>, answered: ReadonlyArray<Answered>): ReadonlyArray<Part> => {
    parts.forEach(({ indices }, i) => indices.forEach((index, n) => replies[index] = answered[i]?.[n]));
    return parts.filter((_, i) => answered[i] === undefined);
  };
  const parts = partsOf(state, requests, replies);
  const left = take(parts, await attemptOr(self, parts));
  await Promise.all(left.map(async (part) => {
    for (let pause = shortestPause;; pause = Math.min(2 * pause, longestPause)) {
      // At random, or processes that met once would meet at each attempt.
      await new Promise<void>((resolve) => timers.after(pause * Math.random(), resolve));
      if (isOver()) return;
      if (take([part], await attemptOr(self, [part])).length === 0) return;
    }
  }));
}

async function attemptOr(self: Attempt, parts: ReadonlyArray<Part>): Promise<ReadonlyArray<Answered>> {
  try {
    return await attempt(self, parts);
  } catch (cause) {
    if (isLocked(cause)) return parts.map(() => undefined);
    // Nothing was committed yet, or what was has its reply: a read failed.
    return parts.map(({ indices }) => unreachable(indices.length, messageOf(cause), cause));
  }
}

function partsOf(
  { at }: State,
  requests: ReadonlyArray<Request<Uint8Array>>,
  replies: Array<Reply<Uint8Array> | undefined>,
): ReadonlyArray<Part> {
  const places = new Map<string, Array<number>>();
  requests.forEach(({ slot }, index) => {
    const length = Buffer.byteLength(slot);
    if (length > longestName) {
      const reason = `expected a slot's name of at most ${longestName} bytes: received ${length}`;
      replies[index] = { _tag: "Unreachable", reason };
    } else places.set(slot, [...places.get(slot) ?? [], index]);
  });
  return [...places].map(([slot, indices]) => ({
    key: [...at, nameOf(slot)],
    operations: indices.map((index) => requests[index]!.operation),
    indices,
  }));
}

/** KV would write every lone surrogate as the same character, so that names differing in one would meet. */
function nameOf(slot: string): string {
  return slot.isWellFormed() && slot.charCodeAt(0) !== 0x22 ? slot : JSON.stringify(slot);
}
