import * as E from "fp-ts/lib/Either.js";
import type { Backend } from "../backend/port.ts";
import type { KeyRefused } from "../cache_error.ts";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import type { CodecFault, CodecLike, WireOptions } from "../codec.ts";
import { toCodec, wire } from "../codec.ts";
import type { DurationLike } from "../duration.ts";
import { encodeKey, slotName } from "../key.ts";
import type { Observer } from "../observe/observer.ts";
import type { Level } from "../protocol/slot.ts";
import type { Store } from "../store.ts";
import { tierStore } from "./tier/make.ts";
import { lifetimeOf, type LifetimeOptions, readsOf } from "./tier/lifetime.ts";
import { boundedOf } from "./tier/options.ts";
import { policyOf, type PolicyOptions } from "./tier/policy.ts";
import { sealingOf } from "./shared/epoch.ts";
import { switchedOf, type SwitchOption, withEpoch } from "./shared/switched.ts";
import type { Place, Probe, TierParts, Unfit } from "./tier/tier.ts";

/**
 * How many shards a key has: a number, or, while it changes from one deployment to the next, both numbers. Then reads
 * keep to the smaller count, whose shards the writers of either deployment lock, and writes lock the larger one.
 */
export type Shards = number | { readonly now: number; readonly before: number };

/**
 * The values of a codec.
 *
 * A tier's values are those of the store below where that is known, so that a wrong codec is an error at the codec;
 * otherwise those of its codec.
 */
export type ValueOf<C> = C extends CodecLike<infer V> ? V : never;

/** What a shared tier is made of. */
export interface SharedOptions<V> extends WireOptions, LifetimeOptions<V>, PolicyOptions {
  /** Where its slots live. */
  readonly backend: Backend<Uint8Array>;
  /** The namespace of its slots: tiers of one name on one backend share their entries, in all processes. */
  readonly name: string;
  /** How values become bytes: an io-ts type (JSON, with tags for rich types), or a codec. */
  readonly codec: CodecLike<V>;
  /** How long a claim or a lock lives at most, 10 s by default: twice the default commit timeout. */
  readonly lease?: DurationLike;
  /** How long one call of the backend may take before the tier goes on without it, 1 s by default. */
  readonly timeout?: DurationLike;
  /**
   * Spreads the reads of a key over so many slots, 1 by default, 256 at most; writes lock all. 0: readers pass the
   * tier, writers still lock. A change takes two deployments: one with both numbers, until no process of the one before
   * is left, and then one with the new number. A count that has shrunk may grow again once the ttl of what was cached
   * under the larger one has passed, or after `invalidateAll`: writers did not clear those shards meanwhile.
   */
  readonly shards?: Shards;
  /** What the tier asks for at least; the backend may be more cautious. */
  readonly level?: Level;
  /** Whether a single read looks before it claims; `auto` by default. */
  readonly probe?: Probe;
  /** Whether a write that committed, but whose unlock was not confirmed, is a failure for its caller. */
  readonly onUnconfirmed?: "report" | "fail";
  /**
   * Whether all that the tier holds can be invalidated together (`invalidateAll`), in all processes, by an epoch that
   * each entry carries: read with every read, or once in a `lease`, for which `invalidateAll` then waits. `none` by
   * default. Processes without it do not understand entries of those with it, and load for themselves.
   */
  readonly epoch?: "none" | "every read" | { readonly lease: DurationLike };
  /**
   * Lets it be switched off and on while it runs, for this process or for all (see {@linkcode tierSwitch}): by a key on
   * its backend, which is polled with a lease of 1 s, or `poll`; by the application; or by both, of which the more
   * cautious counts. Such a tier has an epoch, read once a second unless told, and every process that uses it, a switch.
   */
  readonly switch?: SwitchOption;
  /**
   * Slots are named by keyed digests (HMAC-SHA-256), so that who can read the backend learns no key, and cannot check a
   * guess: 16 characters or more. Another secret is another namespace, so deployments side by side need the same one.
   */
  readonly secret?: string;
  /** Who is told of the tier's transitions and events. */
  readonly observer?: Observer;
  /** The time, {@linkcode systemClock} by default. */
  readonly clock?: Clock;
}

/**
 * A tier that all processes share: lock-read-CAS on an injected backend.
 *
 * Throws a RangeError on options out of range: an empty name, a lease below the commit timeout of the source, more than
 * 256 shards. The idea is dscache's (one lock or claim in the place of the value), its holes closed.
 *
 * @example One load for two reads
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryBackend, promises, shared, source } from "@lamina/cache";
 * import { pipe } from "fp-ts/lib/function.js";
 * import * as t from "io-ts";
 *
 * let loads = 0;
 * const load = async (ids: ReadonlyArray<number>) => {
 *   loads += 1;
 *   return ids.map((id) => ({ name: `user ${id}` }));
 * };
 * const backend = memoryBackend<Uint8Array>({ capacity: 1_000 });
 * await using users = promises(pipe(
 *   source({ load }),
 *   shared({ backend, name: "user", codec: t.type({ name: t.string }), ttl: "10m" }),
 * ));
 *
 * assertEquals(await users.get(42), { name: "user 42" });
 * assertEquals(await users.get(42), { name: "user 42" });
 * assertEquals(loads, 1);
 * ```
 */
// deno-lint-ignore no-explicit-any -- a codec is invariant in its values, so that nothing else covers all codecs
export function shared<C extends CodecLike<any>, V = ValueOf<C>>(
  options: SharedOptions<NoInfer<V>> & { readonly codec: C },
): <K>(below: Store<K, V>) => Store<K, V> {
  partsOf(options);
  // Each store has parts of its own: the store of its epoch closes with it.
  return (below) => tierStore(partsOf(options), below);
}

/** What the options of a tier make of it. */
function partsOf<V>(options: SharedOptions<V>): TierParts<unknown, V, Uint8Array, string> {
  const { backend, clock = systemClock, probe = "auto", level = "pinned", onUnconfirmed = "report" } = options;
  const lease = boundedOf("a lease", options.lease ?? "10s");
  const format = wire(toCodec(options.codec), options);
  const sealing = sealingOf(withEpoch(options), partsOf);
  return {
    name: options.name,
    hit: "HitShared",
    backend,
    clock,
    place: placeOf(options),
    identify: (key) => {
      const encoded = encodeKey(key);
      return encoded._tag === "Left" ? key : encoded.right;
    },
    pack: (value) => {
      const packed = format.encode(value);
      return packed._tag === "Left" ? E.left(unfit(packed.left)) : packed;
    },
    unpack: (payload) => {
      const value = format.decode(payload);
      return value._tag === "Left" ? E.left(`${value.left.reason}: ${value.left.detail}`) : value;
    },
    answers: "loaded",
    sealing,
    forget: undefined,
    asks: undefined,
    keeps: undefined,
    lifetime: lifetimeOf(options),
    lease,
    policy: policyOf(options, lease),
    timeout: boundedOf("a backend's timeout", options.timeout ?? "1s"),
    level,
    probe,
    onUnconfirmed,
    observer: options.observer,
    ...switchedOf(options, lease, sealing?.region),
  };
}

/** What is too large to be cached may still be written; what has no representation may not. */
function unfit(fault: CodecFault): Unfit {
  return {
    _tag: "Unfit",
    kind: fault.reason === "too-large" ? "unstorable" : "refused",
    reason: `${fault.reason}: ${fault.detail}`,
  };
}

/** The most shards of a key: a write locks them all, in one pipeline. */
const mostShards = 256;

function placeOf<V>(options: SharedOptions<V>): (key: unknown) => Place<string> | KeyRefused {
  const { shards = 1, secret } = options;
  const declared = typeof shards === "number" ? { now: shards, before: shards } : shards;
  for (const count of [declared.now, declared.before]) {
    if (!(Number.isInteger(count) && count >= 0 && count <= mostShards)) {
      throw new RangeError(
        `Cannot build the tier ${options.name}: expected 0 to ${mostShards} shards: received ${count}`,
      );
    }
  }
  const nameOf = slotName({ namespace: options.name, ...(secret === undefined ? {} : { secret }) });
  // Without a single shard for reads, writers still lock the first one: other deployments may read it.
  const locked = Math.max(declared.now, declared.before, 1);
  // What writers of the other deployment do not lock must not be read, and what nobody reads is not filled.
  const reads = Math.min(declared.now, declared.before);
  return (key) => {
    const encoded = encodeKey(key);
    if (encoded._tag === "Left") return { _tag: "KeyRefused", reason: encoded.left.reason };
    const all = [nameOf(encoded.right, 0)];
    for (let shard = 1; shard < locked; shard++) all.push(nameOf(encoded.right, shard));
    return { all, reads: readsOf(options.keys, key, reads) };
  };
}
