import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { CacheError } from "../../cache_error.ts";
import type { Duration } from "../../duration.ts";
import type { Blocked, ReadingEnd } from "../../protocol/reading.ts";
import type { Stored } from "../../protocol/slot.ts";
import type { Entry } from "../../store.ts";
import type { Tier } from "./tier.ts";
import { verdictOf } from "./tier.ts";

/** One key's read under way: what its effects have brought so far. */
export interface Read<K, V, P, N> {
  readonly key: K;
  readonly slot: N;
  readonly owner: string;
  /** Until when its caller waits. */
  readonly ends: number;
  generation: number;
  found: { readonly value: Option<V>; readonly stored: Stored<P> } | undefined;
  loaded: Entry<V> | undefined;
  fill: Stored<P> | undefined;
  error: CacheError;
  because: Blocked | undefined;
  asOf: number;
  until: number;
}

/** A read that has not begun. */
export function makeRead<K, V, P, N>(key: K, slot: N, owner: string, ends: number): Read<K, V, P, N> {
  return {
    key,
    slot,
    owner,
    ends,
    generation: 0,
    found: undefined,
    loaded: undefined,
    fill: undefined,
    error: timedOut,
    because: undefined,
    asOf: 0,
    until: Infinity,
  };
}

const timedOut: CacheError = { _tag: "TimedOut", waitingFor: "the tier below" };

/** What the caller gets at the end of a read. */
export function endOf<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  end: ReadingEnd,
): Either<CacheError, Entry<V>> {
  if (end === "Failed") return E.left(read.error);
  if (end === "Hit") {
    const { value, stored } = read.found!;
    return E.right({
      value,
      age: stored.age as Duration,
      fresh: stored.fresh as Duration,
      until: Math.max(0, read.until) as Duration,
      verdict: verdictOf(tier, tier.hit),
      asOf: read.asOf,
    });
  }
  const loaded = read.loaded!;
  const until = Math.max(0, read.until) as Duration;
  const answered = tier.answers === "packed" && read.fill !== undefined ? tier.unpack(read.fill.payload) : undefined;
  return E.right({
    value: answered?._tag === "Right" ? answered.right : loaded.value,
    age: loaded.age,
    fresh: Math.min(until, read.fill?.fresh ?? loaded.fresh) as Duration,
    until,
    verdict: tier.nextToSource ? verdictOf(tier, end, read.because) : loaded.verdict,
    asOf: read.asOf,
  });
}
