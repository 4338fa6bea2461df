import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { Held } from "../lock/lock.ts";
import type { CounterSet, Taken } from "./counter_set.ts";
import type { AggregateError } from "./event.ts";
import { alone, type Busy, commit, type Job, type JobOptions, readJob } from "./job.ts";
import type { Totals } from "./totals.ts";

/** What is folded into what. */
export interface FoldOptions extends JobOptions {
  /** The counters. */
  readonly counters: CounterSet;
  /** Where their counts end up. */
  readonly totals: Totals;
}

/** What a fold did. */
export interface Folded {
  /** Tells it from {@linkcode Busy}. */
  readonly _tag: "Folded";
  /** None if nothing was counted, two if one was left by somebody else. */
  readonly batches: number;
}

/**
 * A job that adds what was counted to the totals: takes a batch, folds it, acknowledges it. Run it as often as you like.
 *
 * What it takes stays, under the batch's id, until it is acknowledged. So a crash between two steps loses nothing, and the
 * next run folds the same batch again, by the same id, which totals that remember batches ignore.
 *
 * Throws a RangeError if an option is out of range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { counterSet, foldCounts, memoryCounters, memoryTotals, shownCounts } from "@lamina/cache/aggregate";
 * import { right } from "fp-ts/lib/Either.js";
 *
 * const counters = counterSet({ port: memoryCounters(), name: "votes" });
 * const totals = memoryTotals();
 * const fold = foldCounts({ counters, totals });
 * const shown = shownCounts({ counters, totals });
 *
 * await counters.increment({ tea: 2 })();
 * assertEquals(await fold(), right({ _tag: "Folded", batches: 1 }));
 * await counters.increment({ tea: 1 })();
 * assertEquals(await shown(["tea"])(), right([3]));
 * ```
 */
export function foldCounts(options: FoldOptions): TaskEither<AggregateError, Folded | Busy> {
  const job = readJob(`fold:${options.counters.name}`, options);
  return alone(job, (held) => foldAll(job, options, held));
}

/** A batch that somebody left, and then what was counted since. */
const mostBatches = 2;

async function foldAll(job: Job, options: FoldOptions, held: Held): Promise<E.Either<AggregateError, Folded>> {
  const { counters } = options;
  for (let batches = 0; batches < mostBatches; batches++) {
    const taken = await counters.take();
    if (taken._tag === "Left") return taken;
    if (O.isNone(taken.right)) return E.right({ _tag: "Folded", batches });
    const done = await foldOne(job, options, held, taken.right.value);
    if (done._tag === "Left") return done;
  }
  return E.right({ _tag: "Folded", batches: mostBatches });
}

async function foldOne(
  job: Job,
  { counters, totals }: FoldOptions,
  held: Held,
  batch: Taken,
): Promise<E.Either<AggregateError, void>> {
  const { id, fresh } = batch;
  if (!fresh && totals.remembers === "nothing") job.onEvent({ _tag: "MayCountTwice", set: counters.name, batch: id });
  const folded = await commit(job, held, "the totals", (within) => totals.fold(batch, within));
  if (folded._tag === "Left") {
    job.onEvent({ _tag: "FoldFailed", set: counters.name, batch: id, error: folded.left });
    return folded;
  }
  const acknowledged = await counters.acknowledge(id)();
  if (acknowledged._tag === "Left" || !acknowledged.right) {
    const error = acknowledged._tag === "Left" ? acknowledged.left : undefined;
    job.onEvent({ _tag: "Unacknowledged", of: counters.name, batch: id, error });
  }
  return acknowledged._tag === "Left" ? acknowledged : E.right(undefined);
}
