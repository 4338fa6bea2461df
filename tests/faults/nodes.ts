import { assert } from "@std/assert";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import type { RedisEvent } from "../../lib/backend/redis/mod.ts";
import { redisBackend } from "../../lib/backend/redis/mod.ts";
import { type Gate, openGate } from "../../lib/task/faults/gate.ts";
import { sleep } from "../../lib/task/faults/patience.ts";
import type { TierEvent } from "../../lib/observe/observer.ts";
import type { Entry, Invalidations, SharedOptions, Store } from "../../mod.ts";
import { memory, shared, source } from "../../mod.ts";
import { right } from "../support/results.ts";

/** A place where whoever comes by is stopped until the test lets it go on. */
export interface Stop {
  /** Somebody came by. */
  readonly reached: Promise<void>;
  readonly release: () => void;
}

/** Where a node's source can be stopped. */
export type Place = "after load" | "before save" | "after save";

/** A process of its own, as far as stores go: its backend, its way to Redis, its way to the source of truth. */
export interface Node extends AsyncDisposable {
  readonly store: Store<string, string>;
  readonly gate: Gate;
  readonly events: ReadonlyArray<TierEvent["_tag"] | RedisEvent["_tag"]>;
  /** Stops the next one that comes by there. */
  readonly stopAt: (place: Place) => Stop;
}

/** Short, so that a test can wait for its end; long enough for a lock and a commit on a machine that is busy. */
const lease = "2s";

/** When all leases are over, in milliseconds. */
export const afterLease = 2_100;

/** How a node is built. */
export interface NodeOptions {
  readonly port: number;
  /** What the source holds, shared by all nodes. */
  readonly rows: Map<string, string>;
  readonly tiers?: "shared" | "memory and shared";
  /** Whether the shared tier can be cleared as a whole. */
  readonly epoch?: SharedOptions<string>["epoch"];
  /** How its memory tier hears of the other node. */
  readonly invalidations?: Invalidations;
}

/** Opens a node. */
export function openNode({ port, rows, tiers = "shared", epoch = "none", invalidations = "none" }: NodeOptions): Node {
  const gate = openGate(port);
  const events: Array<TierEvent["_tag"] | RedisEvent["_tag"]> = [];
  const note = ({ _tag }: TierEvent | RedisEvent): void => void events.push(_tag);
  const backend = redisBackend({ url: `redis://127.0.0.1:${gate.port}`, connectTimeout: "1s", onEvent: note });
  const stops = new Map<Place, () => Promise<void>>();
  const pass = async (place: Place): Promise<void> => {
    const stop = stops.get(place);
    stops.delete(place);
    await stop?.();
  };
  const below = pipe(
    sourceOf(rows, pass),
    shared({ backend, name: "node", codec: t.string, ttl: "1h", lease, epoch, observer: { event: note } }),
  );
  return {
    store: tiers === "shared" ? below : memory({ capacity: 100, ttl: "1h", lease, invalidations })(below),
    gate,
    events,
    stopAt: (place) => {
      const reached = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      stops.set(place, () => (reached.resolve(), released.promise));
      return { reached: reached.promise, release: released.resolve };
    },
    [Symbol.asyncDispose]: async () => {
      await below.close();
      await backend.close();
      await gate[Symbol.asyncDispose]();
    },
  };
}

function sourceOf(rows: Map<string, string>, pass: (place: Place) => Promise<void>): Store<string, string> {
  return source<string, string>({
    load: async (keys) => {
      const read = keys.map((key) => rows.get(key));
      await pass("after load");
      return read;
    },
    save: async ([change]) => {
      await pass("before save");
      if (change?.value._tag === "Some") rows.set(change.key, change.value.value);
      else if (change !== undefined) rows.delete(change.key);
      await pass("after save");
    },
    commit: "500ms",
  });
}

/** Reads a key with what is known of it. */
export async function entryOf(node: Node, key: string): Promise<Entry<string>> {
  const [entry] = await node.store.entries([key])();
  return right(entry!);
}

/** Reads until the tier answers; nobody restarts anything. */
export async function untilHit(node: Node, key: string): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await entryOf(node, key)).verdict._tag.startsWith("Hit")) {
    assert(performance.now() < end, "expected the tier to answer again");
    await sleep(20);
  }
}

/** What a node reads for a key; undefined for "no such key". */
export async function readOf(node: Node, key: string): Promise<string | undefined> {
  const { value } = await entryOf(node, key);
  return value._tag === "Some" ? value.value : undefined;
}
