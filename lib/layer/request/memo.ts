import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { Clock } from "../../clock.ts";
import type { Duration } from "../../duration.ts";
import type { Identity } from "../../key.ts";
import type { Verdict } from "../../store.ts";
import type { Hear, Result } from "../batch/flights.ts";
import type { Isolation } from "../memory/isolation.ts";
import { copyOf, isMutable, packed } from "../memory/isolation.ts";

export type { Result };

/** What a request remembers of a key. */
export interface Kept<V> {
  readonly result: Result<V>;
  /** When it was answered, on the clock. */
  readonly at: number;
}

/** A read under way below, for all of the request who want its key meanwhile. */
export interface Flight<V> {
  readonly hears: Array<Hear<V>>;
}

/** The request's own writes of a key that are under way. */
interface Writers {
  count: number;
  /** Whether there was never more than one: otherwise nobody here knows which came last. */
  alone: boolean;
}

/**
 * What a request remembers. A flight's answer is kept only if it is still the key's flight when it lands, and a write
 * takes it away twice, when it begins and when it ends: so nothing that overlaps an own write is ever kept. What is seen
 * without being kept leaves nothing that is: so reads never go back.
 */
export interface Memo<V> {
  readonly capacity: number;
  readonly clock: Clock;
  /** When the turn began that lasts, or thereabouts: a look at the clock for each key would cost as much as the rest. */
  readonly turn: () => number;
  readonly failures: "retry" | "keep";
  /** None where all readers share the loaded object itself. */
  readonly isolation: Isolation | undefined;
  /** The oldest first. */
  readonly kept: Map<Identity, Kept<V>>;
  readonly flights: Map<Identity, Flight<V>>;
  readonly writers: Map<Identity, Writers>;
  closed: boolean;
}

/** What the request itself answers. */
export const ownVerdict: Verdict = { _tag: "HitMemory", tier: "request", level: "pinned" };

/** Remembers a result; beyond the capacity the oldest one is forgotten. */
export function keep<V>(memo: Memo<V>, id: Identity, result: Result<V>): void {
  if (memo.closed) return;
  memo.kept.delete(id);
  memo.kept.set(id, { result, at: memo.turn() });
  if (memo.kept.size <= memo.capacity) return;
  for (const oldest of memo.kept.keys()) {
    memo.kept.delete(oldest);
    return;
  }
}

/** Forgets a key: what was read of it, and what is being read. */
export function forget<V>(memo: Memo<V>, id: Identity): void {
  memo.kept.delete(id);
  memo.flights.delete(id);
}

/** Forgets everything. */
export function forgetAll<V>(memo: Memo<V>): void {
  memo.kept.clear();
  memo.flights.clear();
}

/** A value as it is remembered: one that no reader can change for another; none if that cannot be had. */
export function toKeep<V>(memo: Memo<V>, value: Option<V>): Option<V> | undefined {
  if (memo.isolation === undefined) return value;
  const kept = packed(value, memo.isolation);
  return kept._tag === "Left" ? undefined : kept.right;
}

/** Takes the answer of a flight, keeps it if it may be kept, and gives it to those who wait. */
export function land<V>(memo: Memo<V>, id: Identity, flight: Flight<V>, result: Result<V>): Result<V> {
  const isCurrent = memo.flights.get(id) === flight;
  if (isCurrent) memo.flights.delete(id);
  // Somebody sees this answer, and nobody knows whether it is newer or older than what the others bring.
  else forget(memo, id);
  const mayKeep = isCurrent && !memo.writers.has(id);
  if (result._tag === "Left") {
    if (mayKeep && memo.failures === "keep") keep(memo, id, result);
    return result;
  }
  const value = toKeep(memo, result.right.value);
  if (value === undefined) return result;
  const answer = value === result.right.value ? result : E.right({ ...result.right, value });
  if (mayKeep) keep(memo, id, answer);
  return answer;
}

/** A remembered result as one more reader gets it: what cannot be frozen is copied. */
export function handed<V>({ isolation }: Memo<V>, result: Result<V>): Result<V> {
  if (result._tag === "Left" || isolation === undefined || !isMutable(isolation, result.right.value)) return result;
  try {
    return E.right({ ...result.right, value: copyOf(result.right.value) });
  } catch (cause) {
    // A value that could be copied once cannot any more. It is not shared either, and who waits behind must still hear.
    return E.left({ _tag: "SourceFailed", cause });
  }
}

/** What is remembered of a key, with what has become of its times since. */
export function recalled<V>(memo: Memo<V>, { result, at }: Kept<V>): Result<V> {
  const own = handed(memo, result);
  if (own._tag === "Left") return own;
  const passed = memo.clock.now() - at;
  const { value, age, fresh, until, asOf } = own.right;
  return E.right({
    value,
    age: (age + passed) as Duration,
    fresh: Math.max(0, fresh - passed) as Duration,
    until: Math.max(0, until - passed) as Duration,
    verdict: ownVerdict,
    asOf,
  });
}

/** A write of keys begins: what was read of them is no longer current for sure. */
export function beginWriting<V>(memo: Memo<V>, ids: Iterable<Identity>): void {
  for (const id of ids) {
    const writers = memo.writers.get(id) ?? { count: 0, alone: true };
    writers.alone &&= writers.count === 0;
    writers.count++;
    memo.writers.set(id, writers);
    forget(memo, id);
  }
}

/** A write of a key is over; whether it was the only one meanwhile. */
export function endWriting<V>(memo: Memo<V>, id: Identity): boolean {
  const writers = memo.writers.get(id);
  forget(memo, id);
  if (writers === undefined) return false;
  if (--writers.count === 0) memo.writers.delete(id);
  return writers.count === 0 && writers.alone;
}
