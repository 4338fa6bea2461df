import type { Observer } from "../../observe/observer.ts";
import { countOf, emptyHistogram, type Histogram, mergeHistograms, record } from "./histogram.ts";

/** What happened at a tier. */
export interface TierStatistics {
  /** The latencies of the reads that it answered. */
  hits: Histogram;
  /** How many reads it passed on to what is below. */
  loads: number;
  /** Fills that it refused, because a writer had come between. */
  overtaken: number;
}

/** What happened in a run, or in one worker's part of it. Plain JSON. */
export interface Statistics {
  memory: TierStatistics;
  shared: TierStatistics;
  /** The latencies of the reads that the source answered. */
  source: Histogram;
  /** The latencies of the renames. */
  writes: Histogram;
  /** What is seldom, by name: failed reads, outcomes of writes other than committed, events of the tiers. */
  incidents: Record<string, number>;
}

/** Statistics of nothing. */
export function emptyStatistics(): Statistics {
  const tier = (): TierStatistics => ({ hits: emptyHistogram(), loads: 0, overtaken: 0 });
  return { memory: tier(), shared: tier(), source: emptyHistogram(), writes: emptyHistogram(), incidents: {} };
}

/** The sum of what workers counted. */
export function mergeStatistics(all: ReadonlyArray<Statistics>): Statistics {
  const tier = (name: "memory" | "shared"): TierStatistics => ({
    hits: mergeHistograms(all.map((each) => each[name].hits)),
    loads: all.reduce((sum, each) => sum + each[name].loads, 0),
    overtaken: all.reduce((sum, each) => sum + each[name].overtaken, 0),
  });
  const merged: Statistics = {
    memory: tier("memory"),
    shared: tier("shared"),
    source: mergeHistograms(all.map((each) => each.source)),
    writes: mergeHistograms(all.map((each) => each.writes)),
    incidents: {},
  };
  for (const { incidents } of all) {
    for (const [name, count] of Object.entries(incidents)) add(merged, name, count);
  }
  return merged;
}

function add(statistics: Statistics, name: string, count: number): void {
  statistics.incidents[name] = (statistics.incidents[name] ?? 0) + count;
}

/** Counts something seldom. */
export function incident(statistics: Statistics, name: string): void {
  add(statistics, name, 1);
}

/** How many reads and renames there were. */
export function operationsOf({ memory, shared, source, writes }: Statistics): number {
  return [memory.hits, shared.hits, source, writes].reduce((sum, each) => sum + countOf(each), 0);
}

/** Counts a read that a tier or the source answered. */
export function answered(statistics: Statistics, by: "memory" | "shared" | "source", milliseconds: number): void {
  record(by === "source" ? statistics.source : statistics[by].hits, milliseconds);
  if (by !== "memory") statistics.memory.loads += 1;
  if (by === "source") statistics.shared.loads += 1;
}

/** An observer that counts what tiers report, and what passes them. */
export function statisticsObserver(statistics: Statistics): Observer {
  return {
    read: ({ verdict, milliseconds }) => {
      if (verdict === undefined) return incident(statistics, "read failed");
      const { _tag } = verdict;
      answered(statistics, _tag === "HitMemory" ? "memory" : _tag === "HitShared" ? "shared" : "source", milliseconds);
    },
    write: ({ outcome, milliseconds }) => {
      record(statistics.writes, milliseconds);
      if (outcome !== "committed") incident(statistics, `write ${outcome}`);
    },
    transition: ({ tier, to }) => {
      if (to === "Overtaken") statistics[tier === "memory" ? "memory" : "shared"].overtaken += 1;
    },
    event: ({ _tag }) => incident(statistics, _tag),
  };
}
