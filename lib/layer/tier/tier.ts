import type { Either } from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { Backend, Call } from "../../backend/port.ts";
import type { CacheError, KeyRefused } from "../../cache_error.ts";
import type { Clock } from "../../clock.ts";
import type { Duration } from "../../duration.ts";
import type { Observer, TierEvent } from "../../observe/observer.ts";
import { tell } from "../../observe/observer.ts";
import type { Level } from "../../protocol/slot.ts";
import type { Store, Verdict } from "../../store.ts";
import type { Patience } from "./read_one.ts";

/** How long an entry may be used, from its load; nothing means that it is not stored at all. */
export interface Lifetime {
  readonly fresh: number;
  readonly until: number;
}

/** The slots of one key: a read uses one of `reads` at random, a write guards all of `all`. */
export interface Place<N> {
  readonly all: ReadonlyArray<N>;
  /** How many of the first ones readers use; none: readers pass the tier. */
  readonly reads: number;
}

/** Why a tier does not take a value: nobody may write it (`refused`), or it is only not stored (`unstorable`). */
export interface Unfit {
  readonly _tag: "Unfit";
  readonly kind: "refused" | "unstorable";
  readonly reason: string;
}

/** What a tier is made of: the protocol's surroundings, the same for memory and shared. */
export interface TierParts<K, V, P, N> {
  readonly name: string;
  readonly hit: "HitMemory" | "HitShared";
  readonly backend: Backend<P, N>;
  readonly clock: Clock;
  readonly place: (key: K) => Place<N> | KeyRefused;
  /** What distinguishes keys in a batch. */
  readonly identify: (key: K) => unknown;
  readonly pack: (value: Option<V>) => Either<Unfit, P>;
  readonly unpack: (payload: P) => Either<string, Option<V>>;
  /** Whether what was packed is what readers of a load get, or the loaded value itself. */
  readonly answers: "packed" | "loaded";
  readonly lifetime: (value: Option<V>, key: K) => Lifetime | "do not store";
  readonly lease: Duration;
  /** How long one call of the backend may take. */
  readonly timeout: Duration;
  readonly level: Level;
  readonly probe: Probe;
  readonly onUnconfirmed: "report" | "fail";
  readonly observer: Observer | undefined;
}

/** Whether a single read looks before it claims. `auto` looks when more than half of the reads hit. */
export type Probe = "auto" | "look" | "claim";

/** A tier at work. */
export interface Tier<K, V, P, N> extends TierParts<K, V, P, N> {
  readonly below: Store<K, V>;
  /** Whether the tier stands next to the source: only there it may publish, and its fills confirm what is current. */
  readonly nextToSource: boolean;
  readonly nonce: () => string;
  /** What is under way: promises, and how many reads of one key. */
  readonly underWay: Set<Promise<unknown>>;
  open: number;
  /** What to do once no read of one key is under way. */
  readonly whenIdle: Array<() => void>;
  /** The bounds of a call that has all the time it may take. */
  readonly call: Call;
  /** The time, read once a turn. */
  readonly turn: () => number;
  patience: Patience<K, V, P, N> | undefined;
  /** The share of reads that hit, as a moving average. */
  hitShare: number;
  closed: boolean;
}

/**
 * What is kept of a lease as a reserve, as a share of it: timers are late by up to a 64th, and clocks of two machines
 * drift apart by far less than the rest within a lease.
 */
export const marginShare = 0.1;

/** Reports an event of the tier. */
export function report<K, V, P, N>(tier: Tier<K, V, P, N>, _tag: TierEvent["_tag"], reason: string): void {
  tell(tier.observer?.event, { _tag, tier: tier.name, reason });
}

/** A verdict of this tier. */
export function verdictOf<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  _tag: Verdict["_tag"],
  because?: Verdict["because"],
): Verdict {
  const level = strictestOf(tier);
  return because === undefined ? { _tag, tier: tier.name, level } : { _tag, tier: tier.name, level, because };
}

function strictestOf<K, V, P, N>(tier: Tier<K, V, P, N>): Level {
  const own = tier.backend.level();
  if (own === "strict" || tier.level === "strict") return "strict";
  return own === "probation" || tier.level === "probation" ? "probation" : "pinned";
}

/** The error of a closed tier. */
export function closedError<K, V, P, N>(tier: Tier<K, V, P, N>): CacheError {
  return { _tag: "Closed", what: tier.name };
}

/** Keeps track of what is under way, so that closing can wait for it. */
export function during<K, V, P, N, A>(tier: Tier<K, V, P, N>, promise: Promise<A>): Promise<A> {
  tier.underWay.add(promise);
  promise.then(() => tier.underWay.delete(promise));
  return promise;
}

/** Ends a read of one key. These are counted, because a set of their promises costs as much as the rest of a hit. */
export function leave<K, V, P, N>(tier: Tier<K, V, P, N>): void {
  if (--tier.open === 0) { for (const run of tier.whenIdle.splice(0)) run(); }
}
