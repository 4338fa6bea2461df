import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { CacheError } from "../../cache_error.ts";
import type { Duration } from "../../duration.ts";
import type { Blocked, ReadingEnd } from "../../protocol/reading.ts";
import type { Stored } from "../../protocol/slot.ts";
import type { Entry } from "../../store.ts";
import type { Flight } from "./flight.ts";
import type { Epoch } from "./epoch.ts";
import type { Tier } from "./tier.ts";
import { unpacked, verdictOf } from "./tier.ts";

/** One key's read under way: what its effects have brought so far. */
export interface Read<K, V, P, N> {
  readonly key: K;
  readonly slot: N;
  readonly owner: string;
  /** When it began, in the process's order of events: what was current later may be shared with it. */
  readonly began: number;
  /** Until when its caller waits; for ever once the caller has an answer. */
  ends: number;
  generation: number;
  found: { readonly value: Option<V>; readonly stored: Stored<P> } | undefined;
  loaded: Entry<V> | undefined;
  fill: Stored<P> | undefined;
  error: CacheError;
  because: Blocked | undefined;
  asOf: number;
  until: number;
  /** Whether word comes when what it found has changed. */
  watched: boolean;
  /** Whether its slot held an older entry when it was granted. */
  replaces: boolean;
  /** The epoch that its entry was, or is to be, stored under; none where the tier has none, or nobody can tell. */
  epoch: Epoch | undefined;
  /** What others may wait for, once it has a claim. */
  flight: Flight<V> | undefined;
  /** Whether its caller has an answer, and it goes on to renew the entry. */
  answered: boolean;
  /** Its load, where that went on without the caller. */
  renewal: Promise<Either<CacheError, Entry<V>>> | undefined;
  /** When that load was begun. */
  begun: number;
  /** When the tier below was asked, in the process's order of events. */
  asked: number;
  /** How long readers are to pass a value that is not stored. */
  pass: number;
  /** Until when it waits for another's claim, since it first did. */
  waits: number | undefined;
  /** How often it was woken. */
  woken: number;
  /** What another read of this process brought. */
  shared: Entry<V> | undefined;
}

/** A read that has not begun. */
export function makeRead<K, V, P, N>(
  key: K,
  slot: N,
  owner: string,
  began: number,
  ends: number,
): Read<K, V, P, N> {
  return {
    key,
    slot,
    owner,
    began,
    ends,
    generation: 0,
    found: undefined,
    loaded: undefined,
    fill: undefined,
    error: timedOut,
    because: undefined,
    asOf: 0,
    until: Infinity,
    watched: false,
    replaces: false,
    epoch: undefined,
    flight: undefined,
    answered: false,
    renewal: undefined,
    begun: 0,
    asked: 0,
    pass: 0,
    waits: undefined,
    woken: 0,
    shared: undefined,
  };
}

const timedOut: CacheError = { _tag: "TimedOut", waitingFor: "the tier below" };

/** What the caller gets at the end of a read. */
export function entryAtEnd<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  end: ReadingEnd,
): Either<CacheError, Entry<V>> {
  switch (end) {
    case "Failed":
      return E.left(read.error);
    case "Waited":
      return E.right({ ...read.shared!, verdict: verdictOf(tier, "Waited") });
    case "Hit":
    case "Stale":
    case "Answered":
      return E.right(foundOf(tier, read));
    default:
      return E.right(loadedOf(tier, read, end));
  }
}

/** The same, for who wants nothing but the value. */
export function valueAtEnd<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  end: ReadingEnd,
): Either<CacheError, Option<V>> {
  switch (end) {
    case "Failed":
      return E.left(read.error);
    case "Waited":
      return E.right(read.shared!.value);
    case "Hit":
    case "Stale":
    case "Answered":
      return E.right(read.found!.value);
    default:
      return E.right(loadedValue(tier, read));
  }
}

function foundOf<K, V, P, N>(tier: Tier<K, V, P, N>, read: Read<K, V, P, N>): Entry<V> {
  const { found, until, asOf, woken, watched } = read;
  const { value, stored } = found!;
  return {
    value,
    age: stored.age as Duration,
    fresh: stored.fresh as Duration,
    until: Math.max(0, until) as Duration,
    verdict: verdictOf(tier, stored.fresh <= 0 ? "Stale" : woken > 0 ? "Waited" : tier.hit),
    asOf,
    ...(watched ? { watched } : {}),
  };
}

function loadedOf<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  end: Exclude<ReadingEnd, "Failed" | "Waited" | "Hit" | "Stale" | "Answered">,
): Entry<V> {
  const loaded = read.loaded!;
  const until = Math.max(0, read.until) as Duration;
  return {
    value: loadedValue(tier, read),
    age: loaded.age,
    fresh: Math.min(until, read.fill?.fresh ?? loaded.fresh) as Duration,
    until,
    verdict: tier.nextToSource ? verdictOf(tier, end, read.because) : loaded.verdict,
    asOf: read.asOf,
  };
}

function loadedValue<K, V, P, N>(tier: Tier<K, V, P, N>, { fill, loaded, epoch }: Read<K, V, P, N>): Option<V> {
  if (tier.answers === "loaded" || fill === undefined) return loaded!.value;
  const answered = unpacked(tier, fill.payload, epoch);
  return answered._tag === "Right" ? answered.right : loaded!.value;
}
