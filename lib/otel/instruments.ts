import type { Attributes, Meter } from "@opentelemetry/api";
import type { Observer, ReadReport } from "../observe/observer.ts";
import { attributesOf } from "./attributes.ts";

/** What counts and times. */
export type Telling = Required<Pick<Observer, "reads" | "write" | "event">>;

/** A hit in memory takes less than a microsecond, and a call that waits for others seconds. In seconds. */
const boundaries = [1e-6, 1e-5, 1e-4, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The metrics of a store. */
export function instrumentsOf(meter: Meter, common: Attributes): Telling {
  const readKeys = meter.createCounter("cache.reads", {
    description: "Keys that were read, by how each was answered",
    unit: "{key}",
  });
  const writes = meter.createCounter("cache.writes", {
    description: "Writes, by what became of each",
    unit: "{write}",
  });
  const events = meter.createCounter("cache.events", {
    description: "What tiers noticed and no caller is told as an error",
    unit: "{event}",
  });
  const durations = meter.createHistogram("cache.operation.duration", {
    description: "How long calls took",
    unit: "s",
    advice: { explicitBucketBoundaries: boundaries },
  });
  return {
    reads: ({ reads, milliseconds }) => {
      for (const each of reads) readKeys.add(1, { ...common, ...attributesOf(each) });
      const verdict = verdictOf(reads);
      durations.record(milliseconds / 1_000, { ...common, "cache.operation": "read", "cache.verdict": verdict });
    },
    write: ({ outcome, milliseconds }) => {
      const what = { ...common, "cache.outcome": outcome };
      writes.add(1, what);
      durations.record(milliseconds / 1_000, { ...what, "cache.operation": "write" });
    },
    event: ({ _tag, tier }) => events.add(1, { ...common, "cache.event": _tag, "cache.tier": tier }),
  };
}

/** The verdict of a call whose keys were all answered alike; `Mixed` if they were not, `None` without keys. */
export function verdictOf(reads: ReadonlyArray<ReadReport>): string {
  const tags = new Set(reads.map(({ verdict }) => verdict?._tag ?? "Failed"));
  const [tag = "None"] = tags;
  return tags.size > 1 ? "Mixed" : tag;
}
