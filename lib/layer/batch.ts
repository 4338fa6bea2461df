import process from "node:process";
import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError } from "../cache_error.ts";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import { cancelled, late, orCancelled, orLate } from "../deadline.ts";
import type { Duration, DurationLike } from "../duration.ts";
import { identify } from "../key.ts";
import { tick } from "../sequence.ts";
import type { Entry, ReadOptions, Store } from "../store.ts";
import { fromVerbs } from "../store.ts";
import { duplicate } from "./memory/isolate.ts";
import { entriesBelow } from "./tier/effects.ts";
import { boundedOf } from "./tier/options.ts";

/** What bounds a batch. */
export interface BatchOptions {
  /** The most keys that are read below in one call; more are split. */
  readonly maxSize: number;
  /** How long reads are collected; by default until the end of the turn of the event loop. */
  readonly window?: DurationLike;
  /** The time, {@linkcode systemClock} by default. */
  readonly clock?: Clock;
}

type Result<V> = Either<CacheError, Entry<V>>;

/** One read of one key below, for all that may share it. */
interface Flight<K, V> {
  readonly key: K;
  readonly landed: Promise<Result<V>>;
  readonly land: (result: Result<V>) => void;
  /** Whether a reader has its value: the next one gets a copy. */
  taken: boolean;
}

interface State<K, V> {
  readonly below: Store<K, V>;
  readonly maxSize: number;
  readonly window: Duration;
  readonly clock: Clock;
  /** Flights that have not begun: anybody may still join. */
  readonly collecting: Map<unknown, Flight<K, V>>;
  readonly flying: Map<unknown, Flight<K, V>>;
  closed: boolean;
}

/**
 * Makes the single reads of one turn one `getMany`, and lets concurrent reads of a key share one load.
 *
 * A read joins a flight that has not begun. It takes the value of one under way only if that value was current at some
 * moment after the read began (`asOf`): joining blindly, as single-flight libraries do, returns values that are older
 * than a write that was acknowledged before the read. Otherwise it goes into the key's next flight, of which there is
 * at most one. Collecting by turn is dataloader's idea.
 *
 * Throws a RangeError on options out of range.
 *
 * @example Ten readers, one load
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { batch, promises, source } from "@lamina/cache";
 *
 * const asked: Array<ReadonlyArray<number>> = [];
 * const load = async (keys: ReadonlyArray<number>) => {
 *   asked.push(keys);
 *   return keys.map((key) => key * 2);
 * };
 * await using doubled = promises(batch({ maxSize: 100 })(source({ load })));
 * await Promise.all([doubled.get(1), doubled.get(2), doubled.get(1)]);
 * assertEquals(asked, [[1, 2]]);
 * ```
 */
export function batch(options: BatchOptions): <K, V>(below: Store<K, V>) => Store<K, V> {
  const { maxSize, clock = systemClock } = options;
  if (!(Number.isInteger(maxSize) && maxSize > 0)) {
    throw new RangeError(`Cannot build a batch: expected a positive whole maxSize: received ${maxSize}`);
  }
  const window = boundedOf("the window of a batch", options.window ?? "0ms");
  return (below) =>
    batchStore({ below, maxSize, window, clock, collecting: new Map(), flying: new Map(), closed: false });
}

function batchStore<K, V>(state: State<K, V>): Store<K, V> {
  const { below } = state;
  const store = fromVerbs<K, V>({
    ...below,
    entries: (keys, options) => () => {
      if (state.closed) return Promise.resolve(keys.map(() => E.left(closedError)));
      // A forced read is one that must not be answered by anybody else's.
      if (options?.force === true) return below.entries(keys, options)();
      return Promise.all(keys.map((key) => readOne(state, key, options)));
    },
    mutate: (keys, write, options) => () =>
      state.closed
        ? Promise.resolve(E.left({ outcome: "aborted", error: closedError }))
        : below.mutate(keys, write, options)(),
    close: async () => {
      state.closed = true;
      await orLate(state.clock, closing, landing(state));
      await below.close();
    },
  });
  return {
    ...store,
    get: (key, options) => () => {
      const known = options === undefined ? below.peek(key) : O.none;
      return known._tag === "Some" ? Promise.resolve(E.right(known.value)) : store.get(key, options)();
    },
  };
}

const closedError: CacheError = { _tag: "Closed", what: "the batch" };

/** How long closing waits for flights, in milliseconds: as long as the default commit may take. */
const closing = 5_000;

/** Waits for all flights, and for those that their readers begin when they land. */
async function landing<K, V>({ collecting, flying }: State<K, V>): Promise<void> {
  while (collecting.size + flying.size > 0) {
    await Promise.all([...collecting.values(), ...flying.values()].map(({ landed }) => landed));
  }
}

async function readOne<K, V>(state: State<K, V>, key: K, options: ReadOptions = {}): Promise<Result<V>> {
  const id = identify(key);
  if (id._tag === "Left") return E.left({ _tag: "KeyRefused", reason: id.left.reason });
  if (options.signal === undefined && options.deadline === undefined) return await fly(state, id.right, key);
  return await bounded(state.clock, fly(state, id.right, key), options);
}

/** Waits for a flight no longer than this caller wants; the flight goes on for the others. */
async function bounded<V>(clock: Clock, flight: Promise<Result<V>>, options: ReadOptions): Promise<Result<V>> {
  const { signal, deadline = Infinity as Duration } = options;
  const result = await orCancelled(signal, orLate(clock, deadline, flight));
  if (result === cancelled) return E.left({ _tag: "Cancelled" });
  return result === late ? E.left({ _tag: "TimedOut", waitingFor: "the flight of the key" }) : result;
}

async function fly<K, V>(state: State<K, V>, id: unknown, key: K): Promise<Result<V>> {
  const joined = tick();
  const underWay = state.flying.get(id);
  if (underWay !== undefined && !state.collecting.has(id)) {
    const result = await underWay.landed;
    // A failure is no stale value: who waited for it shares it.
    if (result._tag === "Left" || result.right.asOf > joined) return takenFrom(underWay, result);
  }
  const flight = collect(state, id, key);
  return takenFrom(flight, await flight.landed);
}

/** What a reader gets of a flight: nobody else can change it, as if each had read for itself. */
function takenFrom<K, V>(flight: Flight<K, V>, result: Result<V>): Result<V> {
  if (result._tag === "Left") return result;
  if (!flight.taken) {
    flight.taken = true;
    return result;
  }
  try {
    return E.right({ ...result.right, value: duplicate(result.right.value) });
  } catch {
    // Nested too deeply to be copied.
    return result;
  }
}

/** The key's next flight, from now on under way with the others of this turn. */
function collect<K, V>(state: State<K, V>, id: unknown, key: K): Flight<K, V> {
  const known = state.collecting.get(id);
  if (known !== undefined) return known;
  let land: (result: Result<V>) => void = () => {};
  const landed = new Promise<Result<V>>((resolve) => land = resolve);
  const flight: Flight<K, V> = { key, landed, land, taken: false };
  if (state.collecting.size === 0) depart(state);
  state.collecting.set(id, flight);
  return flight;
}

/** Begins the collected flights at the end of the turn or of the window. */
function depart<K, V>(state: State<K, V>): void {
  const begin = () => {
    const waiting = [...state.collecting];
    state.collecting.clear();
    for (let i = 0; i < waiting.length; i += state.maxSize) begun(state, waiting.slice(i, i + state.maxSize));
  };
  if (state.window > 0) state.clock.after(state.window, begin);
  // Behind all continuations that are ready now: whatever they read belongs to the same turn.
  else void Promise.resolve().then(() => process.nextTick(begin));
}

async function begun<K, V>(
  state: State<K, V>,
  flights: ReadonlyArray<readonly [unknown, Flight<K, V>]>,
): Promise<void> {
  for (const [id, flight] of flights) state.flying.set(id, flight);
  const results = await entriesBelow(state.below, flights.map(([, flight]) => flight.key));
  flights.forEach(([id, flight], i) => {
    if (state.flying.get(id) === flight) state.flying.delete(id);
    flight.land(results[i]!);
  });
}
