import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { CacheError } from "../../cache_error.ts";
import type { Clock } from "../../clock.ts";
import { cancelled, late, orCancelled, orLate } from "../../deadline.ts";
import type { Duration } from "../../duration.ts";
import type { Identity } from "../../key.ts";
import type { ReadOptions } from "../../store.ts";
import type { Hear } from "../batch/flights.ts";
import { gather, identityOf, read } from "../batch/flights.ts";
import { entriesBelow } from "../tier/effects.ts";
import type { Flight, Result } from "./memo.ts";
import { handed, land, recalled } from "./memo.ts";
import type { Scoped } from "./scoped.ts";
import { closedError, during } from "./scoped.ts";

/** A flight that a forced call begins. */
interface Departure<K, V> {
  readonly id: Identity;
  readonly key: K;
  readonly flight: Flight<V>;
}

/** What a forced call is going to read; undefined for any other call, whose reads go into the batch one by one. */
type Departing<K, V> = Map<Identity, Departure<K, V>> | undefined;

/** Reads one key: a read as most are, without a step between. */
export function getOne<K, V>(self: Scoped<K, V>, key: K): Promise<Either<CacheError, Option<V>>> {
  if (self.memo.closed) return Promise.resolve(E.left(closedError));
  const kept = keptOf(self, key);
  if (kept !== undefined) return Promise.resolve(E.right(kept));
  return new Promise((resolve) =>
    answer(self, key, undefined, (result) => resolve(result._tag === "Left" ? result : E.right(result.right.value)))
  );
}

/** The value that the request remembers, for one more reader. */
export function keptOf<K, V>({ memo }: Scoped<K, V>, key: K): Option<V> | undefined {
  if (memo.closed) return undefined;
  const id = identityOf(key);
  const kept = typeof id === "object" && id !== null ? undefined : memo.kept.get(id);
  if (kept === undefined || kept.result._tag === "Left") return undefined;
  const result = handed(memo, kept.result);
  return result._tag === "Left" ? undefined : result.right.value;
}

/** Reads keys: what the request remembers, what it is reading already, and the rest from below. */
export function readAll<K, V>(
  self: Scoped<K, V>,
  keys: ReadonlyArray<K>,
  options: ReadOptions = {},
): Promise<ReadonlyArray<Result<V>>> {
  if (self.memo.closed) return Promise.resolve(keys.map(() => E.left(closedError)));
  const departing: Departing<K, V> = options.force === true ? new Map() : undefined;
  const answers = options.signal === undefined && options.deadline === undefined
    ? gather<K, V>(keys, (key, hear) => answer(self, key, departing, hear))
    : Promise.all(keys.map((key) => boundedAnswer(self, key, departing, options)));
  if (departing !== undefined) depart(self, [...departing.values()]);
  return answers;
}

function answer<K, V>(self: Scoped<K, V>, key: K, departing: Departing<K, V>, hear: Hear<V>): void {
  const { memo } = self;
  const id = identityOf(key);
  if (typeof id === "object" && id !== null) return hear(E.left({ _tag: "KeyRefused", reason: id.reason }));
  const kept = departing === undefined ? memo.kept.get(id) : undefined;
  if (kept !== undefined) return hear(recalled(memo, kept));
  const joined = departing === undefined ? memo.flights.get(id) : departing.get(id)?.flight;
  if (joined !== undefined) return void joined.hears.push(hear);
  const flight: Flight<V> = { hears: [hear] };
  memo.flights.set(id, flight);
  if (departing !== undefined) departing.set(id, { id, key, flight });
  // Plain ones meet those of the same turn in the batch, which does not take forced ones.
  else read(self.batched, key, (result) => arrive(self, id, flight, result));
}

function arrive<K, V>({ memo }: Scoped<K, V>, id: Identity, flight: Flight<V>, result: Result<V>): void {
  const landed = land(memo, id, flight, result);
  for (const hear of flight.hears) hear(handed(memo, landed));
}

/** Begins the flights of a forced call. */
function depart<K, V>(self: Scoped<K, V>, departures: ReadonlyArray<Departure<K, V>>): void {
  for (let at = 0; at < departures.length; at += self.maxSize) {
    void during(self, fly(self, departures.slice(at, at + self.maxSize)));
  }
}

async function fly<K, V>(self: Scoped<K, V>, departures: ReadonlyArray<Departure<K, V>>): Promise<void> {
  const results = await entriesBelow(self.below, departures.map(({ key }) => key), { force: true });
  departures.forEach(({ id, flight }, i) => arrive(self, id, flight, results[i]!));
}

/** The answer of a flight for as long as this caller wants to wait; what is known at once needs no waiting. */
function boundedAnswer<K, V>(
  self: Scoped<K, V>,
  key: K,
  departing: Departing<K, V>,
  options: ReadOptions,
): Result<V> | Promise<Result<V>> {
  let known: Result<V> | undefined;
  const landed = new Promise<Result<V>>((resolve) => answer(self, key, departing, (result) => resolve(known = result)));
  return known ?? bounded(self.memo.clock, landed, options);
}

/** Waits for a flight no longer than this caller wants; the flight goes on for the others, and for the request. */
async function bounded<V>(clock: Clock, landed: Promise<Result<V>>, options: ReadOptions): Promise<Result<V>> {
  const { signal, deadline = Infinity as Duration } = options;
  const result = await orCancelled(signal, orLate(clock, deadline, landed));
  if (result === cancelled) return E.left(cancelledError);
  return result === late ? E.left(lateError) : result;
}

const cancelledError: CacheError = { _tag: "Cancelled" };
const lateError: CacheError = { _tag: "TimedOut", waitingFor: "the request's read of the key" };
