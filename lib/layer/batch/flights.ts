import process from "node:process";
import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError } from "../../cache_error.ts";
import type { Clock } from "../../clock.ts";
import { maxLength } from "../../codec/key_text.ts";
import type { Duration } from "../../duration.ts";
import type { Identity, KeyFault } from "../../key.ts";
import { identify } from "../../key.ts";
import { tick } from "../../sequence.ts";
import type { Entry, Store } from "../../store.ts";
import { duplicate } from "../memory/isolate.ts";
import { entriesBelow } from "../tier/effects.ts";

/** What a read of a key ended with. */
export type Result<V> = Either<CacheError, Entry<V>>;

/** Who waits for a read. It is called once, and throws nothing. */
export type Hear<V> = (result: Result<V>) => void;

/** One read of one key below, for all that may share it. */
interface Flight<K, V> {
  readonly key: K;
  readonly id: Identity;
  /** Who began it, and gets the value itself. */
  readonly first: Hear<V>;
  /** Who came later: most flights have nobody, and no list either. */
  others: Array<Hear<V>> | undefined;
  hasBegun: boolean;
}

/** The reads of a store that are collected, and those that are under way. */
export interface Flights<K, V> {
  readonly below: Store<K, V>;
  /** The most keys of one read below. */
  readonly maxSize: number;
  /** How long reads are collected; 0: until the end of the turn. */
  readonly window: Duration;
  readonly clock: Clock;
  /** By key, of which each has one flight at most. */
  all: Map<Identity, Flight<K, V>>;
  /** Those that have not begun, in their order: anybody may still join. */
  collecting: Array<Flight<K, V>>;
}

/** None yet. */
export function makeFlights<K, V>(
  { below, maxSize, window, clock }: Pick<Flights<K, V>, "below" | "maxSize" | "window" | "clock">,
): Flights<K, V> {
  return { below, maxSize, window, clock, all: new Map(), collecting: [] };
}

/** Reads a key with the others of its turn or window, and says what was read, later; or, at once, why it is no key. */
export function read<K, V>(flights: Flights<K, V>, key: K, hear: Hear<V>): void {
  const id = identityOf(key);
  if (typeof id === "object" && id !== null) hear(E.left({ _tag: "KeyRefused", reason: id.reason }));
  else join(flights, id, key, tick(), hear);
}

/** Reads keys, each by a function that is told who waits for it; the results are aligned with the keys. */
export function gather<K, V>(
  keys: ReadonlyArray<K>,
  readOne: (key: K, hear: Hear<V>) => void,
): Promise<ReadonlyArray<Result<V>>> {
  const results: Array<Result<V>> = new Array(keys.length);
  let missing = keys.length;
  if (missing === 0) return Promise.resolve(results);
  return new Promise((resolve) => {
    for (let i = 0; i < keys.length; i++) {
      readOne(keys[i]!, (result) => {
        results[i] = result;
        if (--missing === 0) resolve(results);
      });
    }
  });
}

/** What {@linkcode identify} says, without an allocation for the usual keys. */
export function identityOf(key: unknown): Identity | KeyFault {
  if (typeof key === "number" && !Number.isNaN(key)) return key;
  // NUL marks what was encoded.
  if (typeof key === "string" && key.length < maxLength && key.charCodeAt(0) !== 0) return key;
  const id = identify(key);
  return id._tag === "Left" ? id.left : id.right;
}

/** Waits for all flights, and for those that their readers begin when they land. */
export async function landed<K, V>(flights: Flights<K, V>): Promise<void> {
  while (flights.all.size > 0) {
    await Promise.all(
      Array.from(flights.all.values(), (flight) => new Promise<void>((resolve) => add(flight, () => resolve()))),
    );
  }
}

/** Takes part in the flight of a key, for a read that began at the tick `joined`. */
function join<K, V>(flights: Flights<K, V>, id: Identity, key: K, joined: number, hear: Hear<V>): void {
  const flight = flights.all.get(id);
  if (flight === undefined) return begin(flights, { key, id, first: hear, others: undefined, hasBegun: false });
  if (!flight.hasBegun) return add(flight, (result) => hear(copied(result)));
  add(flight, (result) => {
    // A failure is no stale value: who waited for it shares it.
    if (result._tag === "Left" || result.right.asOf > joined) hear(copied(result));
    else join(flights, id, key, joined, hear);
  });
}

function add<K, V>(flight: Flight<K, V>, hear: Hear<V>): void {
  if (flight.others === undefined) flight.others = [hear];
  else flight.others.push(hear);
}

/** What a reader gets of another one's flight: nobody else can change it, as if each had read for itself. */
function copied<V>(result: Result<V>): Result<V> {
  if (result._tag === "Left") return result;
  try {
    return E.right({ ...result.right, value: copiedValue(result.right.value) });
  } catch {
    // Nested too deeply to be copied.
    return result;
  }
}

function copiedValue<V>(value: Option<V>): Option<V> {
  return O.isNone(value) ? value : O.some(duplicate(value.value));
}

/** The key's next flight, from now on collected with the others of this turn. */
function begin<K, V>(flights: Flights<K, V>, flight: Flight<K, V>): void {
  flights.all.set(flight.id, flight);
  if (flights.collecting.push(flight) > 1) return;
  const departing = () => depart(flights);
  if (flights.window > 0) flights.clock.after(flights.window, departing);
  // Behind all continuations that are ready now: whatever they read belongs to the same turn.
  else void ready.then(() => process.nextTick(departing));
}

const ready = Promise.resolve();

/** Begins the flights that were collected. */
function depart<K, V>(flights: Flights<K, V>): void {
  const { collecting, maxSize } = flights;
  flights.collecting = [];
  if (collecting.length <= maxSize) return void fly(flights, collecting);
  for (let i = 0; i < collecting.length; i += maxSize) void fly(flights, collecting.slice(i, i + maxSize));
}

async function fly<K, V>(flights: Flights<K, V>, group: ReadonlyArray<Flight<K, V>>): Promise<void> {
  const keys: Array<K> = [];
  for (const flight of group) {
    flight.hasBegun = true;
    keys.push(flight.key);
  }
  const results = await entriesBelow(flights.below, keys);
  // All of them before anybody hears: who has to read again shall not wait for a flight that is over.
  // A Map that lives for long is an old object, whose dead content the garbage collector finds late: a new one dies young.
  if (flights.all.size === group.length) flights.all = new Map();
  else for (const { id } of group) flights.all.delete(id);
  for (let i = 0; i < group.length; i++) {
    const { first, others } = group[i]!;
    const result = results[i]!;
    first(result);
    if (others !== undefined) { for (const hear of others) hear(result); }
  }
}
