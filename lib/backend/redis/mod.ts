/**
 * The Redis backend: the slots of a shared tier as keys of one Redis, of the primary that sentinels name,
 * or of a Redis Cluster.
 *
 * A hit is a GET, a claim a `SET … NX GET PX`; what they cannot decide is decided by scripts, each the slot function's
 * step of that name. Where all keys are on one server, what many callers ask in one turn of the event loop goes out
 * together: looks as an MGET, anything else as one script for each operation and up to 64 keys, of which each is stepped
 * on its own. Only locks that wait for replicas, and their unlocks, go alone.
 *
 * What a server knows about itself (who it is, whether it evicts locks) is asked for before the first command of each
 * connection, and decides how cautious the tier is.
 *
 * Gotchas
 * - A server that started less than a lease ago may have lost locks, so what is stored then is stored until a lease
 *   after its start at most. So is what is stored under an `allkeys-*` policy for a key seen less than a lease ago.
 * - Payloads are views on what was received, without a copy: one that is kept for long keeps up to 64 KiB with it.
 * - The server needs Redis 7.0 or later: `SET … NX GET`.
 * - A proxy in front of several servers has to refuse a script for keys of more than one. One that runs it where the first
 *   key is would place locks where nobody looks for them.
 *
 * @module
 */
import type { Clock } from "../../clock.ts";
import { coarse } from "../../clock.ts";
import type { Level, Reply } from "../../protocol/slot.ts";
import type { Backend, Call, Request } from "../port.ts";
import { strictest, unreachable } from "../port.ts";
import { followers, type Following, none } from "./following.ts";
import { type Gatherer, gatherer, settle } from "./gather.ts";
import { keepHouse } from "./housekeeping.ts";
import { joinLooks } from "./look.ts";
import { levelOf, type Node } from "./node.ts";
import { readOptions, type RedisOptions } from "./options.ts";
import { type Router, routerOf } from "./router.ts";
import { perform } from "./perform.ts";
import type { Run } from "./step.ts";
import { watching } from "./watch.ts";

export type { RedisEvent } from "./events.ts";
export type { RedisAggregateOptions } from "./aggregate.ts";
export { redisCounters } from "./aggregate_counters.ts";
export { redisQueue } from "./aggregate_queue.ts";
export { type RedisLeases, redisLeases, type RedisLeasesOptions } from "./lease.ts";
export type { RedisOptions, RedisPlace } from "./options.ts";

/** A server as the backend sees it. */
export interface RedisNode {
  /** Host and port. */
  readonly name: string;
  /** Whether commands reach it. */
  readonly state: "connecting" | "ready" | "down" | "closed";
  /** Why it is down. */
  readonly reason: string | undefined;
  /** The level that it allows; the more cautious one before it was asked. */
  readonly level: Level;
  /** Who it is: another identity is another server, or another life of this one. */
  readonly identity: string | undefined;
}

/** A backend on Redis. */
export interface RedisBackend extends Backend<Uint8Array> {
  /** The servers it knows of. */
  readonly nodes: () => ReadonlyArray<RedisNode>;
}

/** How long closing waits for answers: they take milliseconds, and what takes longer is unknown anyway. */
const drainWithin = 1_000;

interface State {
  readonly router: Router;
  readonly clock: Clock;
  readonly now: () => number;
  readonly gather: Gatherer;
  /** Calls under way, and what to do when there are none. */
  open: number;
  onIdle: () => void;
  closed: Promise<void> | undefined;
}

/**
 * A backend on Redis. It connects in the background, and again for as long as it is open; until it has, calls are
 * `Unreachable`, and only those before the end of the first attempt wait for it.
 *
 * Throws a RangeError if an option is refused. Nothing throws or rejects afterwards.
 *
 * @example Where nobody answers, every reply says so
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { redisBackend } from "@lamina/cache/redis";
 *
 * await using backend = redisBackend({ url: "redis://127.0.0.1:1" });
 * const look = { slot: "lamina:example:0:a", operation: { _tag: "look" } } as const;
 * const replies = await backend.run([look], { within: 1_000, lease: 10_000, level: "pinned" })();
 * assertEquals(replies.map(({ _tag }) => _tag), ["Unreachable"]);
 * ```
 */
export function redisBackend(options: RedisOptions): RedisBackend {
  const settings = readOptions(options);
  const { clock } = settings;
  const router = routerOf(settings);
  const state: State = {
    router,
    clock,
    now: coarse(clock),
    gather: gatherer(clock, () => {
      if (--state.open === 0) state.onIdle();
    }),
    open: 0,
    onIdle: () => {},
    closed: undefined,
  };
  const watches = watching(router, clock);
  const close = (): Promise<void> => {
    watches.close();
    settings.feed.close();
    return state.closed ??= drain(state);
  };
  return {
    name: "redis",
    run: (requests, call) => () => run(state, requests, call),
    changed: watches.changed,
    listen: settings.feed.listen,
    level: () => router.nodes().map(levelOf).reduce(strictest, router.nodes().length === 0 ? "probation" : "pinned"),
    nodes: () => router.nodes().map(describe),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function run(
  state: State,
  requests: ReadonlyArray<Request<Uint8Array>>,
  call: Call,
): Promise<ReadonlyArray<Reply<Uint8Array>>> {
  if (state.closed !== undefined) return Promise.resolve(unreachable(requests.length, "closed"));
  if (requests.length === 0) return Promise.resolve([]);
  state.open++;
  return new Promise((resolve) => {
    const run: Run = { requests, call, gather: state.gather(requests.length, call.within, resolve) };
    state.router.whenSettled(() => begin(state, run));
  });
}

function begin(state: State, run: Run): void {
  const { router } = state;
  const { requests, call } = run;
  const onlyLooks = areLooks(requests);
  const { joining } = router;
  if (onlyLooks && joining !== undefined) {
    keepHouse(joining, call, state.now());
    return joinLooks(joining, run);
  }
  if (requests.length === 1) return start(state, run, 0, none);
  const next = onlyLooks ? none : followers(requests);
  const behind = next.size === 0 ? undefined : new Set(next.values());
  for (let i = 0; i < requests.length; i++) if (behind?.has(i) !== true) start(state, run, i, next);
}

function areLooks(requests: ReadonlyArray<Request<Uint8Array>>): boolean {
  for (let i = 0; i < requests.length; i++) if (requests[i]!.operation._tag !== "look") return false;
  return true;
}

/** Begins with one of a call's requests; `next` tells which comes after which on the same slot. */
function start(state: State, run: Run, index: number, next: Following): void {
  const { router, now } = state;
  const { requests, call, gather } = run;
  // What was not sent when the time was over never is.
  if (gather.left === 0) return;
  const request = requests[index]!;
  const node = router.route(request.slot);
  const follower = next.get(index);
  // Not at once: on a connection that is down, a long queue would be as deep a recursion.
  const after = follower === undefined ? undefined : () => queueMicrotask(() => start(state, run, follower, next));
  if (typeof node === "string") {
    settle(gather, index, { _tag: "Unreachable", reason: node });
    return after?.();
  }
  keepHouse(node, call, now());
  perform({ node, request, call, gather, index, after, redirect: router.redirect, asking: false, moves: 0 });
}

async function drain(state: State): Promise<void> {
  if (state.open > 0) {
    await new Promise<void>((resolve) => {
      const cancel = state.clock.after(drainWithin, resolve);
      state.onIdle = () => {
        cancel();
        resolve();
      };
    });
  }
  state.router.close();
}

function describe(node: Node): RedisNode {
  const { address, data } = node;
  const states = { Connecting: "connecting", Ready: "ready", Down: "down", Closed: "closed" } as const;
  return {
    name: address.name,
    state: states[data.phase._tag],
    reason: data.phase._tag === "Down" ? data.phase.reason : undefined,
    level: levelOf(node),
    identity: data.known?.identity,
  };
}
