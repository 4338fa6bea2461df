import * as E from "fp-ts/lib/Either.js";
import type { CacheError } from "../../cache_error.ts";
import type { Clock } from "../../clock.ts";
import { cancelled, late, orCancelled, orLate } from "../../deadline.ts";
import type { Duration } from "../../duration.ts";
import type { Identity } from "../../key.ts";
import { identify } from "../../key.ts";
import type { ReadOptions, Store } from "../../store.ts";
import { entriesBelow } from "../tier/effects.ts";
import type { Flight, Result } from "./memo.ts";
import { handed, land, recalled } from "./memo.ts";
import type { Scoped } from "./scoped.ts";
import { closedError, during } from "./scoped.ts";

/** A flight that this call begins. */
interface Departure<K, V> {
  readonly id: Identity;
  readonly key: K;
  readonly flight: Flight<V>;
  readonly arrive: (result: Result<V>) => void;
}

/** Reads keys: what the request remembers, what it is reading already, and the rest from below. */
export async function readAll<K, V>(
  self: Scoped<K, V>,
  keys: ReadonlyArray<K>,
  options: ReadOptions = {},
): Promise<ReadonlyArray<Result<V>>> {
  if (self.memo.closed) return keys.map(() => E.left(closedError));
  const departing = new Map<Identity, Departure<K, V>>();
  const answers = keys.map((key) => answerOf(self, key, options, departing));
  depart(self, [...departing.values()], options.force === true);
  return await Promise.all(answers);
}

function answerOf<K, V>(
  self: Scoped<K, V>,
  key: K,
  options: ReadOptions,
  departing: Map<Identity, Departure<K, V>>,
): Result<V> | Promise<Result<V>> {
  const { memo } = self;
  const identity = identify(key);
  if (identity._tag === "Left") return E.left({ _tag: "KeyRefused", reason: identity.left.reason });
  const id = identity.right;
  const kept = options.force === true ? undefined : memo.kept.get(id);
  if (kept !== undefined) return recalled(memo, kept);
  const joined = departing.get(id)?.flight ?? (options.force === true ? undefined : memo.flights.get(id));
  const flight = joined ?? begin(self, id, key, departing);
  return bounded(memo.clock, flight.landed, options).then((result) => handed(memo, result));
}

function begin<K, V>(
  self: Scoped<K, V>,
  id: Identity,
  key: K,
  departing: Map<Identity, Departure<K, V>>,
): Flight<V> {
  let resolve: (result: Result<V>) => void = () => {};
  const flight: Flight<V> = { landed: new Promise((settle) => resolve = settle) };
  departing.set(id, { id, key, flight, arrive: (result) => resolve(land(self.memo, id, flight, result)) });
  self.memo.flights.set(id, flight);
  during(self, flight.landed);
  return flight;
}

/** Begins the flights of a call. Plain ones meet those of the same turn in the batch below, which does not take forced ones. */
function depart<K, V>(self: Scoped<K, V>, departures: ReadonlyArray<Departure<K, V>>, forced: boolean): void {
  if (!forced) {
    for (const departure of departures) void fly(self.batched, [departure]);
    return;
  }
  for (let at = 0; at < departures.length; at += self.maxSize) {
    void fly(self.below, departures.slice(at, at + self.maxSize), { force: true });
  }
}

async function fly<K, V>(
  store: Store<K, V>,
  departures: ReadonlyArray<Departure<K, V>>,
  options?: ReadOptions,
): Promise<void> {
  const results = await entriesBelow(store, departures.map(({ key }) => key), options);
  departures.forEach(({ arrive }, i) => arrive(results[i]!));
}

/** Waits for a flight no longer than this caller wants; the flight goes on for the others, and for the request. */
async function bounded<V>(clock: Clock, landed: Promise<Result<V>>, options: ReadOptions): Promise<Result<V>> {
  const { signal, deadline = Infinity as Duration } = options;
  if (signal === undefined && deadline === Infinity) return await landed;
  const result = await orCancelled(signal, orLate(clock, deadline, landed));
  if (result === cancelled) return E.left(cancelledError);
  return result === late ? E.left(lateError) : result;
}

const cancelledError: CacheError = { _tag: "Cancelled" };
const lateError: CacheError = { _tag: "TimedOut", waitingFor: "the request's read of the key" };
