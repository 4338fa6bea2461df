import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { CacheError } from "../cache_error.ts";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import { cancelled, late, orCancelled, orLate } from "../deadline.ts";
import type { Duration, DurationLike } from "../duration.ts";
import type { Entries, ReadOptions, Store } from "../store.ts";
import { fromVerbs } from "../store.ts";
import type { Flights, Result } from "./batch/flights.ts";
import { gather, landed, makeFlights, read } from "./batch/flights.ts";
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

interface State<K, V> {
  readonly flights: Flights<K, V>;
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
  return (below) => batchStore({ flights: makeFlights({ below, maxSize, window, clock }), closed: false });
}

function batchStore<K, V>(state: State<K, V>): Store<K, V> {
  const { below, clock } = state.flights;
  const store = fromVerbs<K, V>({
    ...below,
    entries: readerOf(state),
    mutate: (keys, write, options) => () =>
      state.closed
        ? Promise.resolve(E.left({ outcome: "aborted", error: closedError }))
        : below.mutate(keys, write, options)(),
    close: async () => {
      state.closed = true;
      await orLate(clock, closing, landed(state.flights));
      await below.close();
    },
  });
  return {
    ...store,
    get: (key, options) => options === undefined ? () => getOne(state, key) : store.get(key, options),
  };
}

const closedError: CacheError = { _tag: "Closed", what: "the batch" };

/** How long closing waits for flights, in milliseconds: as long as the default commit may take. */
const closing = 5_000;

/** A read as most are: of what is known at once, or of a flight, and without a step between. */
function getOne<K, V>(state: State<K, V>, key: K): Promise<Either<CacheError, Option<V>>> {
  const { flights } = state;
  const known = flights.below.peek(key);
  if (known._tag === "Some") return Promise.resolve(E.right(known.value));
  if (state.closed) return Promise.resolve(E.left(closedError));
  return new Promise((resolve) =>
    read(flights, key, (result) => resolve(result._tag === "Left" ? result : E.right(result.right.value)))
  );
}

function readerOf<K, V>(state: State<K, V>): Entries<K, V> {
  const { flights } = state;
  const entries: Entries<K, V> = (keys, options) => () => {
    if (state.closed) return Promise.resolve(keys.map(() => E.left(closedError)));
    // A forced read is one that must not be answered by anybody else's.
    if (options?.force === true) return flights.below.entries(keys, options)();
    if (options?.signal === undefined && options?.deadline === undefined) {
      return gather<K, V>(keys, (key, hear) => read(flights, key, hear));
    }
    return Promise.all(keys.map((key) => bounded(flights.clock, readOne(flights, key), options)));
  };
  const one: Entries<K, V>["one"] = (key, options, hear) => {
    const isPlain = options.force !== true && options.signal === undefined && options.deadline === undefined;
    if (isPlain && !state.closed) return read(flights, key, (result) => void hear(result));
    entries([key], options)().then(([result]) => hear(result!));
  };
  return Object.assign(entries, { one });
}

function readOne<K, V>(flights: Flights<K, V>, key: K): Promise<Result<V>> {
  return new Promise((resolve) => read(flights, key, resolve));
}

/** Waits for a flight no longer than this caller wants; the flight goes on for the others. */
async function bounded<V>(clock: Clock, flight: Promise<Result<V>>, options: ReadOptions): Promise<Result<V>> {
  const { signal, deadline = Infinity as Duration } = options;
  const result = await orCancelled(signal, orLate(clock, deadline, flight));
  if (result === cancelled) return E.left({ _tag: "Cancelled" });
  return result === late ? E.left({ _tag: "TimedOut", waitingFor: "the flight of the key" }) : result;
}
