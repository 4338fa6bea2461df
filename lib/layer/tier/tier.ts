import type { Either } from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { Backend, Call } from "../../backend/port.ts";
import { strictest } from "../../backend/port.ts";
import type { CacheError, KeyRefused } from "../../cache_error.ts";
import type { Clock } from "../../clock.ts";
import type { Duration } from "../../duration.ts";
import type { Observer, TierEvent } from "../../observe/observer.ts";
import { tell } from "../../observe/observer.ts";
import type { Level, Reply } from "../../protocol/slot.ts";
import type { Entry, Store, Verdict } from "../../store.ts";
import type { Failure } from "./failures.ts";
import type { Few } from "./few.ts";
import type { Flight } from "./flight.ts";
import type { LifetimeOf } from "./lifetime.ts";
import type { Policy } from "./policy.ts";
import type { Patience } from "./ask_once.ts";
import type { Epoch } from "./epoch.ts";
import type { Region } from "./region.ts";
import type { TierSwitch } from "./switched.ts";

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

/** A tier that is a region: its epoch, and how payloads carry it. */
export interface Sealing<P> {
  readonly region: Region;
  readonly seal: (payload: P, epoch: Epoch) => P;
  readonly open: (sealed: P, epoch: Epoch) => { readonly world: "present" | "stale" | "past"; readonly payload: P };
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
  /** False where `pack` refuses nothing, so that no value has to be packed ahead to learn that. */
  readonly refuses?: boolean;
  /** Whether what was packed is what readers of a load get, or the loaded value itself. */
  readonly answers: "packed" | "loaded";
  /** What puts an epoch on a payload and takes it off, where the tier can be invalidated as a whole by one. */
  readonly sealing: Sealing<P> | undefined;
  /** Where the tier is in this process alone, it is invalidated as a whole at once. */
  readonly forget: ((mode: "hard" | "soft") => void) | undefined;
  /** Told of each slot that a read is about to ask, just before it does. */
  readonly asks: ((key: K, slot: N) => void) | undefined;
  /**
   * Which entries it keeps at all of those that it asked for at such a moment, in the process's order of events, or
   * whether it keeps what was written (undefined). Without it whatever its lifetime allows.
   */
  readonly keeps: ((entry: Entry<V> | undefined, asked: number) => boolean) | undefined;
  /** What may switch it off while it runs; without it the tier is always on. */
  readonly switched?: TierSwitch;
  readonly lifetime: LifetimeOf<V>;
  readonly policy: Policy;
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
  call: Call;
  /**
   * The time by which its steps go: where the backend answers at once they are parts of one step of this process, and the
   * turn's time will do, which is cheaper by as much as two hits; where it does not, the exact one.
   */
  readonly moment: () => number;
  /** The time, read once a turn. */
  readonly turn: () => number;
  /** Which turn of the event loop it is. */
  readonly turnOf: () => number;
  patience: Patience<P> | undefined;
  /** The claims of this turn that are about to be sent, by their slots, with what they will be answered. */
  readonly claims: Few<N, Promise<ReadonlyArray<Reply<P>>>>;
  /** The reads of this process that load, by their slots. */
  readonly flights: Few<N, Flight<V>>;
  /** Slots whose loads rest after a failure. */
  readonly failures: Map<N, Failure>;
  /** How long a load takes, as a moving average in milliseconds. */
  loadTime: number;
  /** The share of reads that hit, as a moving average. */
  hitShare: number;
  closed: boolean;
}

/**
 * What is kept of a lease as a reserve, as a share of it: timers are late by up to a 64th, and clocks of two machines
 * drift apart by far less than the rest within a lease.
 */
export const marginShare = 0.1;

/** The value of a payload of the present world. */
export function unpacked<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  payload: P,
  epoch: Epoch | undefined,
): Either<string, Option<V>> {
  const { sealing } = tier;
  return tier.unpack(sealing === undefined || epoch === undefined ? payload : sealing.open(payload, epoch).payload);
}

/** Reports an event of the tier. */
export function report(
  tier: { readonly name: string; readonly observer: Observer | undefined },
  _tag: TierEvent["_tag"],
  reason: string,
): void {
  tell(tier.observer?.event, { _tag, tier: tier.name, reason });
}

/** A verdict of this tier. */
export function verdictOf<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  _tag: Verdict["_tag"],
  because?: Verdict["because"],
): Verdict {
  const level = strictest(tier.backend.level(), tier.level);
  return because === undefined ? { _tag, tier: tier.name, level } : { _tag, tier: tier.name, level, because };
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
  if (--tier.open > 0 || tier.whenIdle.length === 0) return;
  for (const run of tier.whenIdle.splice(0)) run();
}
