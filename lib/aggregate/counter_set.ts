import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { Batch, CountersPort, Delta, Standing } from "../backend/counters_port.ts";
import { mostCounted } from "../backend/counters_port.ts";
import type { BackendFailed, KeyRefused, TimedOut, ValueRefused } from "../cache_error.ts";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import type { DurationLike } from "../duration.ts";
import type { Full } from "../lock/lock_error.ts";
import { nonces } from "../nonce.ts";
import { ask, type Asking, finite, isName, named, positive } from "./ask.ts";

/** Where a set of counters is kept, and what bounds it. */
export interface CounterSetOptions {
  /** Where it is kept: `memoryCounters()`, `redisCounters(…)`, `sqliteCounters(…)`. */
  readonly port: CountersPort;
  /** Its name, 1 to 200 characters: sets of one name at one place are one set. */
  readonly name: string;
  /** The most counters with a running count: 10,000 unless told. They are taken, and folded, in one step. */
  readonly maxCounters?: number;
  /** How long a step waits for its answer: 5 s unless told, as long as a source has for a commit. */
  readonly within?: DurationLike;
  /** For how long a call with a `once` is known again: 10 m unless told, longer than clients repeat what failed. */
  readonly remember?: DurationLike;
  /** What waiting goes by. */
  readonly clock?: Clock;
}

/** What went wrong with a step on counters. Only after `TimedOut` and `BackendFailed` may it have taken effect. */
export type CountersError = KeyRefused | ValueRefused | Full | BackendFailed | TimedOut;

/** A batch as a folder gets it. */
export interface Taken extends Batch {
  /** Whether it was taken now; false if somebody had taken it before, and may have folded it. */
  readonly fresh: boolean;
}

/** A set of counters: whole numbers by name, which only grow until they are taken away. */
export interface CounterSet {
  /** Its name. */
  readonly name: string;
  /**
   * Adds to many counters in one atomic step. Negative and fractional numbers are refused (`ValueRefused`), and so is
   * what would pass 2^53 - 1. A call with `once` counts once, however often it is repeated while it is remembered: the
   * answer is then `Repeated`.
   */
  readonly increment: (
    deltas: Readonly<Record<string, number>>,
    options?: { readonly once?: string },
  ) => TaskEither<CountersError, "Counted" | "Repeated">;
  /** The running counts, aligned with the names; 0 where there is none. */
  readonly read: (names: ReadonlyArray<string>) => TaskEither<CountersError, ReadonlyArray<number>>;
  /** The running counts, aligned with the names, all zeroed in the same step; of a name that stands twice, once. */
  readonly pop: (names: ReadonlyArray<string>) => TaskEither<CountersError, ReadonlyArray<number>>;
  /** Removes counters, also from the batch that waits; what a fold under way has read of it, it still folds. */
  readonly reset: (names: ReadonlyArray<string>) => TaskEither<CountersError, void>;
  /** Running and waiting counts, as of one moment. */
  readonly standing: (names: ReadonlyArray<string>) => TaskEither<CountersError, Standing>;
  /** The batch that waits; if none does, all running counts, which now wait. */
  readonly take: TaskEither<CountersError, O.Option<Taken>>;
  /** Says that a batch has arrived: it is removed. False if it does not wait any more. */
  readonly acknowledge: (id: string) => TaskEither<CountersError, boolean>;
}

/**
 * A set of counters.
 *
 * A set leaves a little at its place for ever: the id of its last batch. So name counters, rather than sets, after what
 * comes and goes.
 *
 * Throws a RangeError if an option is out of range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { counterSet, memoryCounters } from "@lamina/cache/aggregate";
 * import { right } from "fp-ts/lib/Either.js";
 *
 * const votes = counterSet({ port: memoryCounters(), name: "votes" });
 * await votes.increment({ tea: 2, milk: 1 })();
 * await votes.increment({ tea: 1 }, { once: "request 7" })();
 * assertEquals(await votes.increment({ tea: 1 }, { once: "request 7" })(), right("Repeated"));
 * assertEquals(await votes.pop(["tea", "juice"])(), right([3, 0]));
 * assertEquals(await votes.read(["tea", "milk"])(), right([0, 1]));
 * ```
 */
export function counterSet(options: CounterSetOptions): CounterSet {
  const { port, name, maxCounters = 10_000, within = "5s", remember = "10m", clock = systemClock } = options;
  named("a counter set", name);
  const most = positive("a counter set", "maxCounters", maxCounters);
  const asking: Asking = { port, clock, within: finite("a counter set", within) };
  const remembered = finite("a counter set", remember);
  const nonce = nonces();
  const about = <A>(names: ReadonlyArray<string>, step: () => TaskEither<BackendFailed, A>) =>
    checked(names.find((each) => !isName(each)), () => ask(asking, step));
  return {
    name,
    increment: (deltas, { once } = {}) => async () => {
      const read = readDeltas(name, deltas, once);
      if (read._tag === "Left") return read;
      const memory = once === undefined ? undefined : { id: once, milliseconds: remembered };
      const done = await ask(asking, () => port.increment(name, read.right, most, memory))();
      if (done._tag === "Left") return done;
      switch (done.right) {
        case "TooLarge":
          return refuse(name, `a count would pass ${mostCounted}`);
        case "Full":
          return E.left({ _tag: "Full", what: `the counter set ${name}`, limit: most });
        default:
          return E.right(done.right);
      }
    },
    read: (names) => about(names, () => mapped(port.look(name, names), ({ running }) => running)),
    pop: (names) => about(names, () => port.pop(name, names)),
    reset: (names) => about(names, () => port.reset(name, names)),
    standing: (names) => about(names, () => port.look(name, names)),
    take: () => {
      const mine = nonce();
      const taken = ask(asking, () => port.take(name, mine))();
      return taken.then(E.map(O.map((batch) => ({ ...batch, fresh: batch.id.startsWith(`${mine}-`) }))));
    },
    acknowledge: (id) => ask(asking, () => port.acknowledge(name, id)),
  };
}

function mapped<A, B>(task: TaskEither<BackendFailed, A>, f: (answer: A) => B): TaskEither<BackendFailed, B> {
  return async () => E.map(f)(await task());
}

function checked<A>(
  bad: string | undefined,
  run: () => TaskEither<CountersError, A>,
): TaskEither<CountersError, A> {
  return () => bad === undefined ? run()() : Promise.resolve(E.left(badName));
}

const badName: KeyRefused = { _tag: "KeyRefused", reason: "a counter's name has 1 to 200 well-formed characters" };

function readDeltas(
  set: string,
  deltas: Readonly<Record<string, number>>,
  once: string | undefined,
): E.Either<CountersError, ReadonlyArray<Delta>> {
  const all = Object.entries(deltas).map(([name, by]) => ({ name, by }));
  if (!all.every(({ name }) => isName(name)) || once !== undefined && !isName(once)) return E.left(badName);
  if (all.every(({ by }) => Number.isSafeInteger(by) && by >= 0)) return E.right(all);
  return refuse(set, "expected whole numbers that are not negative");
}

function refuse(set: string, reason: string): E.Either<ValueRefused, never> {
  return E.left({ _tag: "ValueRefused", tier: set, reason });
}
