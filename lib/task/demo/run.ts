import { auditSlots, type HeldSlot, type TierAudit } from "./audit.ts";
import { startCrew } from "./crew.ts";
import { type Freshness, judgeFreshness } from "./freshness.ts";
import { heldInShared } from "./held_shared.ts";
import type { Held, Report } from "./messages.ts";
import { sleep } from "../faults/patience.ts";
import { openBackend, openMedium, type Plan, truthPath } from "./plan.ts";
import { emptyStatistics, mergeStatistics, type Statistics } from "./statistics.ts";
import { memoryTtl } from "./subject.ts";
import { readTruth } from "./truth_sqlite.ts";

/**
 * What a memory tier's ttl is exceeded by at most, in milliseconds: its clock is read once a turn of the event loop, and
 * on a busy machine a turn may take as long.
 */
export const slack = 250;

/** How a run is going. */
export interface Progress {
  readonly statistics: Statistics;
  /** Seconds since the traffic began. */
  readonly elapsed: number;
  readonly judged: number;
  readonly tooOld: number;
}

/** What a run found. */
export interface Outcome extends Progress {
  /** What the workers' memories held when the traffic stopped. */
  readonly atStop: TierAudit;
  /** What they would still serve when their ttl was over. */
  readonly memory: TierAudit;
  readonly shared: TierAudit;
}

/** What a run is started with. */
export interface RunOptions {
  readonly plan: Plan;
  readonly seconds: number;
  readonly script: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** How often progress is shown, in milliseconds: as often as there is something new. */
const showing = 250;

/** Starts workers, has them make their traffic, and audits what they leave behind. */
export async function run(options: RunOptions): Promise<Outcome> {
  const { plan, seconds, script, signal, onProgress } = options;
  const freshness = judgeFreshness(plan.workers, memoryTtl + slack);
  const statistics = Array.from({ length: plan.workers }, emptyStatistics);
  const onReport = (worker: number, report: Report): void => {
    statistics[worker] = report.statistics;
    judge(freshness, worker, report);
  };
  await using crew = await startCrew({ plan, script, onReport, signal });
  const begun = performance.now();
  const progress = (): Progress => ({
    statistics: mergeStatistics(statistics),
    elapsed: (performance.now() - begun) / 1_000,
    judged: freshness.judged(),
    tooOld: freshness.tooOld(),
  });
  const timer = setInterval(() => onProgress(progress()), showing);
  let stopped: ReadonlyArray<Held>;
  try {
    stopped = await crew.ask({ _tag: "Run", milliseconds: seconds * 1_000 });
  } finally {
    clearInterval(timer);
  }
  conclude(freshness, stopped);
  const result = progress();
  await orAborted(signal, sleep(memoryTtl + slack));
  const later = await crew.ask({ _tag: "Peek" });
  const truth = readTruth(truthPath(plan));
  return {
    ...result,
    atStop: auditSlots(slotsOf(stopped), truth),
    memory: auditSlots(slotsOf(later), truth),
    shared: auditSlots(await heldBeside(plan), truth),
  };
}

function judge(freshness: Freshness, worker: number, { renames, reads, until }: Report): void {
  for (let i = 0; i < renames.length; i += 3) {
    freshness.acknowledged(worker, renames[i]!, renames[i + 1]!, renames[i + 2]!);
  }
  for (let i = 0; i < reads.length; i += 3) {
    freshness.read({ worker, id: reads[i]!, version: reads[i + 1]!, begun: reads[i + 2]! });
  }
  freshness.told(worker, until);
}

/** What lies in a memory when the traffic stops counts as read: it would be served. And nobody has more to tell. */
function conclude(freshness: Freshness, stopped: ReadonlyArray<Held>): void {
  stopped.forEach(({ at, slots }, worker) => {
    for (const [id, city] of slots) {
      // What the source never had is older than everything.
      freshness.read({ worker, id, version: city?.version ?? -1, begun: at });
    }
    freshness.told(worker, Infinity);
  });
}

function slotsOf(held: ReadonlyArray<Held>): ReadonlyArray<HeldSlot> {
  return held.flatMap(({ slots }) => slots);
}

async function heldBeside(plan: Plan): Promise<ReadonlyArray<HeldSlot>> {
  if (plan.kind === "cache-aside") {
    await using medium = await openMedium(plan);
    return await medium.held(plan.cities);
  }
  await using backend = await openBackend(plan);
  return await heldInShared(backend, plan.namespace, plan.cities);
}

function orAborted<A>(signal: AbortSignal, promise: Promise<A>): Promise<A> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
