import { assertEquals } from "@std/assert";
import { countOf, emptyHistogram, mergeHistograms, percentile, record } from "../../lib/task/demo/histogram.ts";
import {
  answered,
  emptyStatistics,
  incident,
  mergeStatistics,
  statisticsObserver,
} from "../../lib/task/demo/statistics.ts";
import type { Verdict } from "../../lib/store.ts";

const histogramOf = (...durations: ReadonlyArray<number>) => {
  const histogram = emptyHistogram();
  for (const duration of durations) record(histogram, duration);
  return histogram;
};

Deno.test("a percentile is at most a tenth above the duration that it stands for, never below", () => {
  const durations = Array.from({ length: 1_000 }, (_, i) => 0.01 * 1.01 ** i);
  const histogram = histogramOf(...durations);
  for (const share of [0.001, 0.25, 0.5, 0.99, 1]) {
    const exact = durations[Math.ceil(share * durations.length) - 1]!;
    const shown = percentile(histogram, share)!;
    assertEquals(
      [shown >= exact * 0.999_999, shown <= exact * 1.100_001],
      [true, true],
      `${share}: ${shown}, ${exact}`,
    );
  }
});

Deno.test("durations beyond the buckets count in the first and the last one", () => {
  const histogram = histogramOf(0, -1, 1e12);
  assertEquals([countOf(histogram), percentile(histogram, 0.5)], [3, 0.001]);
  assertEquals(percentile(histogram, 1)! > 100_000, true);
});

Deno.test("nothing has no percentile", () => {
  assertEquals(percentile(emptyHistogram(), 0.5), undefined);
});

Deno.test("merged histograms are the histogram of all", () => {
  assertEquals(mergeHistograms([histogramOf(1, 5), histogramOf(), histogramOf(5, 9)]), histogramOf(1, 5, 5, 9));
});

Deno.test("a read counts as passed on by every tier above the one that answered", () => {
  const statistics = emptyStatistics();
  for (const by of ["memory", "shared", "shared", "source", "source", "source"] as const) answered(statistics, by, 1);
  const { memory, shared, source } = statistics;
  assertEquals([countOf(memory.hits), countOf(shared.hits), countOf(source)], [1, 2, 3]);
  assertEquals([memory.loads, shared.loads], [5, 3]);
});

Deno.test("the observer counts verdicts, overtaken fills by tier, and what is seldom", () => {
  const statistics = emptyStatistics();
  const { read, write, transition, event } = statisticsObserver(statistics);
  const verdict = (_tag: Verdict["_tag"]): Verdict => ({ _tag, tier: "any", level: "pinned" });
  for (const tag of ["HitMemory", "HitShared", "Filled", "Overtaken", "Bypassed"] as const) {
    read!({ key: 1, verdict: verdict(tag), milliseconds: 1 });
  }
  read!({ key: 1, verdict: undefined, milliseconds: 1 });
  write!({ keys: [1], outcome: "committed", milliseconds: 1 });
  write!({ keys: [1], outcome: "unknown", milliseconds: 1 });
  const step = { machine: "reading", from: "Filling", reply: "Refused", to: "Overtaken" } as const;
  transition!({ tier: "memory", ...step });
  transition!({ tier: "demo-1", ...step });
  transition!({ tier: "demo-1", ...step, reply: "Filled", to: "Filled" });
  event!({ _tag: "Unreachable", tier: "demo-1", reason: "busy" });
  const { memory, shared, source, writes, incidents } = statistics;
  assertEquals([memory.hits, shared.hits, source, writes].map(countOf), [1, 1, 3, 2]);
  assertEquals([memory.overtaken, shared.overtaken], [1, 1]);
  assertEquals(incidents, { "read failed": 1, "write unknown": 1, Unreachable: 1 });
});

Deno.test("statistics of workers add up", () => {
  const [left, right] = [emptyStatistics(), emptyStatistics()];
  for (const statistics of [left, right]) {
    answered(statistics, "shared", 2);
    incident(statistics, "Unreachable");
  }
  right.memory.overtaken = 3;
  incident(right, "read failed");
  const merged = mergeStatistics([left, right]);
  assertEquals([countOf(merged.shared.hits), merged.memory.loads, merged.memory.overtaken], [2, 2, 3]);
  assertEquals(merged.incidents, { Unreachable: 2, "read failed": 1 });
});
