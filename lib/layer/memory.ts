import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { MemoryBackend } from "../backend/memory.ts";
import { memoryBackend } from "../backend/memory.ts";
import type { Cell } from "../backend/memory_cell.ts";
import { freshCell } from "../backend/memory_cell.ts";
import type { Clock } from "../clock.ts";
import { coarse, systemClock } from "../clock.ts";
import type { DurationLike } from "../duration.ts";
import { duration } from "../duration.ts";
import type { Identity } from "../key.ts";
import { identify } from "../key.ts";
import type { Observer } from "../observe/observer.ts";
import type { Store } from "../store.ts";
import { fromVerbs } from "../store.ts";
import { roughSize } from "./memory/isolate.ts";
import type { Isolation } from "./memory/isolation.ts";
import { copyOf, isMutable, makeIsolation, packed } from "./memory/isolation.ts";
import { tierVerbs } from "./tier/make.ts";
import { lifetimeOf, type LifetimeOptions } from "./tier/lifetime.ts";
import { boundedOf } from "./tier/options.ts";
import { policyOf, type PolicyOptions } from "./tier/policy.ts";
import type { Place, TierParts } from "./tier/tier.ts";

/** What bounds a tier in this process. Its ttl and grace are also how stale an entry can be after another's write. */
export interface MemoryTierOptions extends LifetimeOptions<unknown>, PolicyOptions {
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
  /** Who is told of the tier's transitions and events. */
  readonly observer?: Observer;
  /** The time, {@linkcode systemClock} by default. */
  readonly clock?: Clock;
}

/**
 * A tier in this process: the same protocol on an in-process backend, with a synchronous `peek`.
 *
 * Within the process it keeps every invariant. It does not hear of writes and invalidations by other processes: towards
 * those its entries are stale by at most its ttl and grace.
 *
 * Throws a RangeError on options out of range.
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
  const { capacity, maxBytes, sizeOf = roughSize, clock = systemClock } = options;
  // A backend that is thrown away: options are checked where the tier is described, not where it is built.
  const make = <V>(isolation: Isolation<V>): MemoryBackend<Option<V>, Identity> =>
    memoryBackend({
      capacity,
      clock,
      valueOf: (value) => O.isNone(value) || isMutable(isolation, value) ? undefined : value.value,
      ...(maxBytes === undefined
        ? {}
        : { maxBytes, sizeOf: (value: Option<V>) => O.isNone(value) ? 8 : sizeOf(value.value) }),
    });
  make(makeIsolation());
  policyOf(options, boundedOf("a lease", options.lease ?? "10s"));
  lifetimeOf(options);
  return <K, V>(below: Store<K, V>) => {
    const isolation = makeIsolation<V>();
    return memoryStore(options, make(isolation), isolation, below);
  };
}

function memoryStore<K, V>(
  options: MemoryTierOptions,
  backend: MemoryBackend<Option<V>, Identity>,
  isolation: Isolation<V>,
  below: Store<K, V>,
): Store<K, V> {
  const { cells } = backend;
  const now = coarse(options.clock ?? systemClock);
  const verbs = tierVerbs(partsOf<K, V>(options, backend, isolation), below);
  const store = fromVerbs({
    ...verbs,
    peek: (key) => {
      const cell = freshCell(cells, quickIdentity(key), now);
      if (cell === undefined) return O.none;
      // Made anew they cost less than to follow the payload's own, if they are made at all: most callers take them apart.
      // Made here, because the runtime puts all that is made where much of it lived long among what is old, and dear.
      if (cell.value !== undefined) return { _tag: "Some", value: { _tag: "Some", value: cell.value as V } };
      const payload = payloadOf(cell);
      return O.some(isMutable(isolation, payload) ? copyOf(payload) : payload);
    },
    close: async () => {
      await verbs.close();
      await backend.close();
    },
  });
  // Who wants to see every transition gets no short cut, nor do entries that are renewed ahead.
  return options.observer?.transition === undefined && options.refresh === undefined
    ? withQuickGet(store, cells, now, isolation)
    : store;
}

/**
 * Answers a fresh hit at once. The answer is made anew: if it were kept beside the entry it would be four objects to
 * follow, which among many entries is dearer than to make them.
 */
function withQuickGet<K, V>(
  store: Store<K, V>,
  cells: MemoryBackend<Option<V>, Identity>["cells"],
  now: () => number,
  isolation: Isolation<V>,
): Store<K, V> {
  return {
    ...store,
    get: (key, read) => {
      if (read !== undefined) return store.get(key, read);
      return () => {
        const cell = freshCell(cells, quickIdentity(key), now);
        if (cell === undefined) return store.get(key)();
        if (cell.value !== undefined) return Promise.resolve(rightOf(cell.value as V));
        const payload = payloadOf(cell);
        return isMutable(isolation, payload) ? store.get(key)() : Promise.resolve(E.right(payload));
      };
    },
  };
}

function rightOf<V>(value: V): E.Right<O.Some<V>> {
  return { _tag: "Right", right: { _tag: "Some", value } };
}

/** The payload of a cell that is fresh. */
function payloadOf<V>(cell: Cell<Option<V>>): Option<V> {
  return cell.slot._tag === "Held" ? cell.slot.payload : O.none;
}

/** An identity without an allocation for the usual keys; a key without one is not in the map. */
function quickIdentity(key: unknown): Identity {
  if (typeof key === "number") return key;
  // NUL marks what was encoded.
  if (typeof key === "string" && key.charCodeAt(0) !== 0) return key;
  const id = identify(key);
  return id._tag === "Left" ? nowhere : id.right;
}

/** Begins with NUL as encoded identities do, and is none of them. */
const nowhere = "\0";

function partsOf<K, V>(
  options: MemoryTierOptions,
  backend: MemoryBackend<Option<V>, Identity>,
  isolation: Isolation<V>,
): TierParts<K, V, Option<V>, Identity> {
  const { values = "isolated", name = "memory", clock = systemClock } = options;
  const lease = duration(options.lease ?? "10s");
  return {
    name,
    hit: "HitMemory",
    backend,
    clock,
    place: (key): Place<Identity> | { _tag: "KeyRefused"; reason: string } => {
      const id = identify(key);
      return id._tag === "Left" ? { _tag: "KeyRefused", reason: id.left.reason } : { all: [id.right], reads: 1 };
    },
    identify: quickIdentity,
    pack: (value) => values === "shared" ? E.right(value) : packed(value, isolation),
    unpack: (payload) => E.right(isMutable(isolation, payload) ? copyOf(payload) : payload),
    answers: "packed",
    sealing: undefined,
    forget: (mode) => mode === "hard" ? backend.flush() : backend.expire(),
    lifetime: lifetimeOf(options),
    lease,
    policy: policyOf(options, lease),
    timeout: duration("forever"),
    level: "pinned",
    probe: "claim",
    onUnconfirmed: "report",
    observer: options.observer,
  };
}
