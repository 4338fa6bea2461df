import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import { memoryBackend } from "../backend/memory.ts";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import type { DurationLike } from "../duration.ts";
import { duration } from "../duration.ts";
import type { Identity } from "../key.ts";
import type { Observer } from "../observe/observer.ts";
import type { Store } from "../store.ts";
import { type Invalidations, readInvalidations } from "./memory/coherence.ts";
import { roughSize } from "./memory/isolate.ts";
import type { Isolation } from "./memory/isolation.ts";
import { makeIsolation } from "./memory/isolation.ts";
import { optionLens } from "./memory/kept.ts";
import type { MemoryRoom } from "./memory/room.ts";
import { slotIndex } from "./memory/slot_index.ts";
import { memoryStore } from "./memory/store.ts";
import { type LifetimeOf, lifetimeOf, type LifetimeOptions } from "./tier/lifetime.ts";
import { boundedOf } from "./tier/options.ts";
import { policyOf, type PolicyOptions } from "./tier/policy.ts";

export type { Invalidations } from "./memory/coherence.ts";
export { type MemoryControls, type MemoryKept, type MemoryRoom, memoryRoom } from "./memory/room.ts";

/**
 * What bounds a tier in this process. Without `invalidations` its ttl and grace are also how stale an entry can be after
 * another process's write.
 */
export interface MemoryTierOptions extends Omit<LifetimeOptions<unknown>, "ttl">, PolicyOptions {
  /** How long entries are fresh, from the start of their load; 60 s by default. */
  readonly ttl?: LifetimeOptions<unknown>["ttl"];
  /**
   * How the tier hears of other processes' writes. `none` (default): not at all. `pushed`: the shared tier below has its
   * server tell of each change (Redis), and all is forgotten when a connection ends. With a `lease` an entry is served
   * only while that connection has proven itself alive within it: then no word that is lost can keep an entry for
   * longer than the lease after a write's lock. Only what a watched read found is kept, not what was just loaded.
   */
  readonly invalidations?: Invalidations;
  /** The most entries; above, the least recently used ones go. */
  readonly capacity: number;
  /** The most bytes, as `sizeOf` counts them. */
  readonly maxBytes?: number;
  /** What a value counts against `maxBytes`; a rough measure of plain data by default. */
  readonly sizeOf?: (value: unknown) => number;
  /**
   * `isolated` (default): entries are frozen copies, and what cannot be frozen is copied for each reader. `shared`: all
   * readers get the loaded object itself, and whoever changes it changes it for all.
   */
  readonly values?: "isolated" | "shared";
  /** How long a claim or a lock lives at most, 10 s by default: twice the default commit timeout. */
  readonly lease?: DurationLike;
  /** What its verdicts and events call it, `"memory"` by default. */
  readonly name?: string;
  /** A handle on the tier, to look into it, empty it, or switch it off. */
  readonly room?: MemoryRoom;
  /** Who is told of the tier's transitions and events. */
  readonly observer?: Observer;
  /** The time, {@linkcode systemClock} by default. */
  readonly clock?: Clock;
}

/**
 * A tier in this process: the same protocol on an in-process backend, with a synchronous `peek`.
 *
 * Within the process it keeps every invariant. Towards other processes:
 *
 * - by itself it does not hear of their writes, and its entries are stale by at most its ttl and grace;
 * - with `invalidations: "pushed"` a read that starts after word of a write was delivered returns nothing older;
 * - with `invalidations: { lease }` that holds of every read that starts a lease after the write's locks were placed, and
 *   so after its acknowledgement, whatever became of the word: `stale < lease + one turn of the event loop`;
 * - above a shared tier with an `epoch` it goes by that epoch. With `epoch: { lease }` nothing of before is served once
 *   `invalidateAll` is acknowledged; with `epoch: "every read"` once this process has read, or heard, of the new one.
 *
 * The tiers of a stack go by one clock.
 *
 * Throws a RangeError on options out of range, and when it is built with `invalidations` over a store that cannot tell.
 *
 * @example A hit needs no promise
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memory, source } from "@lamina/cache";
 * import { some } from "fp-ts/lib/Option.js";
 *
 * const load = async (keys: ReadonlyArray<string>) => keys.map((key) => key.length);
 * await using lengths = memory({ capacity: 10_000, ttl: "60s" })(source({ load }));
 * await lengths.get("four")();
 * assertEquals(lengths.peek("four"), some(some(4)));
 * ```
 */
export function memory(options: MemoryTierOptions): <K, V>(below: Store<K, V>) => Store<K, V> {
  const settings = readMemoryOptions(options);
  // A backend that is thrown away: options are checked where the tier is described, not where it is built.
  backendOf(options, makeIsolation(), () => {});
  return <K, V>(below: Store<K, V>) => {
    const isolation = makeIsolation();
    const index = slotIndex<Identity>();
    // Only identities are names here.
    const backend = backendOf<V>(options, isolation, (slot) => index.forget(slot as Identity | undefined));
    return memoryStore({ ...settings, backend, isolation, index }, below);
  };
}

/** Reads the options of a tier, but for those of its backend. */
function readMemoryOptions(options: MemoryTierOptions) {
  const { name = "memory", clock = systemClock, values = "isolated", observer, refresh } = options;
  const lease = boundedOf("a lease", options.lease ?? "10s");
  return {
    name,
    clock,
    values,
    keys: options.keys,
    observer,
    // Who wants to see every transition gets no short cut, nor do entries that are renewed ahead.
    isQuick: observer?.transition === undefined && refresh === undefined,
    lease,
    policy: policyOf(options, lease),
    lifetime: lifetimeOfTier(options),
    room: options.room,
    word: readInvalidations(options.invalidations ?? "none"),
  };
}

/** A grace wants a ttl of its own. */
function lifetimeOfTier(options: MemoryTierOptions): LifetimeOf<unknown> {
  const { ttl = options.grace === undefined ? defaultTtl : undefined } = options;
  return lifetimeOf({ ...options, ttl: ttl! });
}

/** Long enough to spare the tier below most reads of what is asked for often, short enough to be stale for. */
const defaultTtl = duration("60s");

function backendOf<V>(
  { capacity, maxBytes, sizeOf = roughSize, clock = systemClock }: MemoryTierOptions,
  isolation: Isolation,
  dropped: (slot: unknown) => void,
) {
  return memoryBackend<Option<V>, Identity>({
    capacity,
    clock,
    dropped,
    lens: optionLens<V>(isolation),
    ...(maxBytes === undefined
      ? {}
      : { maxBytes, sizeOf: (value: Option<V>) => O.isNone(value) ? 8 : sizeOf(value.value) }),
  });
}
