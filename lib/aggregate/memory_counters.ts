import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { Batch, CountersPort, Delta, Incremented, Once, Standing } from "../backend/counters_port.ts";
import { mostCounted } from "../backend/counters_port.ts";
import type { BackendFailed } from "../cache_error.ts";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";

/** What bounds counters in memory. */
export interface MemoryCountersOptions {
  /** The most sets: 10,000 unless told; one more fails. */
  readonly maxSets?: number;
  /** What calls with an id are forgotten by. */
  readonly clock?: Pick<Clock, "now">;
}

/** Some ten megabytes a set; a minute of a busy process, of which those are forgotten first that are over. */
const mostRemembered = 100_000;

interface CounterSetState {
  running: Map<string, number>;
  pending: { readonly id: string; readonly counts: Map<string, number> } | undefined;
  acknowledged: string | undefined;
  /** By the ids of calls that counted, until when they are remembered. */
  readonly seen: Map<string, number>;
}

/**
 * Counters in the memory of this process: what the steps of a {@linkcode CountersPort} mean, and a stand-in for tests.
 *
 * Throws a RangeError if `maxSets` is no positive whole number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryCounters } from "@lamina/cache/aggregate";
 * import { right } from "fp-ts/lib/Either.js";
 *
 * const port = memoryCounters();
 * assertEquals(await port.increment("votes", [{ name: "tea", by: 2 }, { name: "milk", by: 1 }], 100)(), right("Counted"));
 * assertEquals(await port.pop("votes", ["tea", "juice"])(), right([2, 0]));
 * assertEquals(await port.pop("votes", ["tea", "milk"])(), right([0, 1]));
 * ```
 */
export function memoryCounters(options: MemoryCountersOptions = {}): CountersPort {
  const { maxSets = 10_000, clock = systemClock } = options;
  if (!(Number.isInteger(maxSets) && maxSets > 0)) {
    throw new RangeError(
      `Cannot make counters in memory: expected a positive whole maxSets: received ${JSON.stringify(maxSets)}`,
    );
  }
  const sets = new Map<string, CounterSetState>();
  let batches = 0;
  let closed = false;
  type Step<A> = (state: CounterSetState) => E.Either<BackendFailed, A>;
  const step = <A>(set: string, run: Step<A>): TaskEither<BackendFailed, A> => () => {
    if (closed) return Promise.resolve(failed("closed"));
    const found = sets.get(set);
    if (found === undefined && sets.size >= maxSets) return Promise.resolve(failed(`more than ${maxSets} sets`));
    const state = found ?? { running: new Map(), pending: undefined, acknowledged: undefined, seen: new Map() };
    const answer = run(state);
    if (found === undefined && state.running.size + state.seen.size > 0) sets.set(set, state);
    return Promise.resolve(answer);
  };
  const close = (): Promise<void> => {
    closed = true;
    return Promise.resolve();
  };
  return {
    name: "memory",
    increment: (set, deltas, most, once) => step(set, (state) => increment(state, deltas, most, clock.now(), once)),
    look: (set, names) => step(set, (state) => E.right(look(state, names))),
    pop: (set, names) => step(set, (state) => E.right(names.map((name) => popped(state, name)))),
    take: (set, nonce) => step(set, (state) => E.right(take(state, set, () => `${nonce}-${batches++}`))),
    acknowledge: (set, id) => step(set, (state) => E.right(acknowledge(state, id))),
    reset: (set, names) => step(set, (state) => E.right(reset(state, names))),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function failed(reason: string): E.Either<BackendFailed, never> {
  return E.left({ _tag: "BackendFailed", backend: "memory", reason });
}

function increment(
  state: CounterSetState,
  deltas: ReadonlyArray<Delta>,
  most: number,
  now: number,
  once: Once | undefined,
): E.Either<BackendFailed, Incremented> {
  // In the order of their ends only where all are remembered equally long: then what is over stands in front.
  for (const [id, until] of state.seen) {
    if (until > now) break;
    state.seen.delete(id);
  }
  if (once !== undefined && (state.seen.get(once.id) ?? -Infinity) > now) return E.right("Repeated");
  if (once !== undefined && state.seen.size >= mostRemembered) return failed(`more than ${mostRemembered} ids`);
  const after = new Map<string, number>();
  for (const { name, by } of deltas) {
    if (by > 0) after.set(name, (after.get(name) ?? state.running.get(name) ?? 0) + by);
  }
  if ([...after.values()].some((count) => count > mostCounted)) return E.right("TooLarge");
  const added = [...after.keys()].filter((name) => !state.running.has(name)).length;
  if (added > 0 && state.running.size + added > most) return E.right("Full");
  for (const [name, count] of after) state.running.set(name, count);
  if (once !== undefined) state.seen.set(once.id, now + once.milliseconds);
  return E.right("Counted");
}

function look({ running, pending, acknowledged }: CounterSetState, names: ReadonlyArray<string>): Standing {
  return {
    running: names.map((name) => running.get(name) ?? 0),
    pending: pending === undefined
      ? O.none
      : O.some({ id: pending.id, counts: names.map((name) => pending.counts.get(name) ?? 0) }),
    acknowledged: O.fromNullable(acknowledged),
  };
}

function popped({ running }: CounterSetState, name: string): number {
  const count = running.get(name) ?? 0;
  running.delete(name);
  return count;
}

function reset({ running, pending }: CounterSetState, names: ReadonlyArray<string>): void {
  for (const name of names) {
    running.delete(name);
    pending?.counts.delete(name);
  }
}

function take(state: CounterSetState, set: string, newId: () => string): O.Option<Batch> {
  if (state.pending === undefined && state.running.size > 0) {
    state.pending = { id: newId(), counts: state.running };
    state.running = new Map();
  }
  if (state.pending === undefined) return O.none;
  const { id, counts } = state.pending;
  const sorted = [...counts].sort(([left], [right]) => left < right ? -1 : 1);
  return O.some({ set, id, counts: sorted.map(([name, count]) => ({ name, count })) });
}

function acknowledge(state: CounterSetState, id: string): boolean {
  if (state.pending?.id !== id) return false;
  state.pending = undefined;
  state.acknowledged = id;
  return true;
}
