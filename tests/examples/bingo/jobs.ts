import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import type { AggregateError } from "../../../lib/aggregate/mod.ts";
import { foldCounts, snapshotCounts } from "../../../lib/aggregate/mod.ts";
import { mutex, withLock } from "../../../lib/lock/mod.ts";
import { experimentOf } from "./domain/counter.ts";
import type { Experiment } from "./domain/experiment.ts";
import type { Bingo } from "./store/bingo.ts";
import { countsOf, readShelf } from "./store/overview.ts";
import { appendSnapshot } from "./store/snapshots_sqlite.ts";

/**
 * What has to be done now and then. Each is a function that may be run at any time, from any process, as often as one
 * likes: by the timers here, by cron, or over HTTP.
 */
export interface Jobs {
  /** Adds the counts to the database. */
  readonly fold: TaskEither<AggregateError, unknown>;
  /** Writes the identities to the database. */
  readonly flush: TaskEither<AggregateError, unknown>;
  /** Records what all counters show, once an hour. */
  readonly snapshot: TaskEither<AggregateError, unknown>;
  /** Looks whether counts that this process knows of were lost. */
  readonly check: TaskEither<AggregateError, unknown>;
}

/** The jobs of a service. */
export function jobsOf(bingo: Bingo): Jobs {
  const { counters, totals, locks, onEvent, database, now } = bingo;
  const snapshot = snapshotCounts({
    name: "experiments",
    every: "1h",
    rows: () =>
      pipe(
        readLive(bingo),
        TE.flatMap((live) => countsOf(bingo, live)),
        TE.map((counts) => Array.from(counts, ([name, count]) => ({ set: counters.name, name, count }))),
      ),
    append: (taken, within) => appendSnapshot(database, taken, within),
    locks,
    onEvent,
  });
  return {
    fold: foldCounts({ counters, totals, locks, onEvent }),
    flush: bingo.queue.flush,
    snapshot: () => snapshot(new Date(now()))(),
    check: checkCounts(bingo),
  };
}

function readLive({ stores }: Bingo): TaskEither<AggregateError, ReadonlyArray<Experiment>> {
  return readShelf(stores.experiments, "live");
}

function checkCounts(bingo: Bingo): Jobs["check"] {
  // Two looks at one time would report one loss twice.
  const one = withLock(mutex());
  return one(() => async () => {
    const compare = bingo.ledger.look();
    const before = await readLive(bingo)();
    if (before._tag === "Left") return before;
    const counts = await countsOf(bingo, before.right)();
    if (counts._tag === "Left") return counts;
    // Counters of experiments that were deleted meanwhile have lost nothing.
    const after = await readLive(bingo)();
    if (after._tag === "Left") return after;
    const ids = new Set(after.right.map(({ id }) => id));
    const lost = compare(new Map([...counts.right].filter(([counter]) => ids.has(experimentOf(counter)))));
    lost.forEach(bingo.onEvent);
    return E.right({ _tag: "Checked", lost: lost.length });
  });
}

/** Runs a job, and says so if it did not do its work. */
export async function runJob({ onEvent }: Bingo, jobs: Jobs, name: keyof Jobs): Promise<void> {
  const done = await jobs[name]();
  if (done._tag === "Left") onEvent({ _tag: "JobFailed", job: name, error: done.left });
}

/** How often each job is run, in milliseconds. */
const every: Readonly<Record<keyof Jobs, number>> = { fold: 2_000, flush: 10_000, snapshot: 60_000, check: 5_000 };

/** Runs the jobs by timers until the signal; a run begins when the one before has ended. */
export function startJobs(bingo: Bingo, jobs: Jobs, signal: AbortSignal): Promise<void> {
  const loop = async (name: keyof Jobs): Promise<void> => {
    while (!signal.aborted) {
      await runJob(bingo, jobs, name);
      await pause(every[name], signal);
    }
  };
  return Promise.all([loop("fold"), loop("flush"), loop("snapshot"), loop("check")]).then(() => {});
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
  });
}
