import type { Duration } from "../../duration.ts";
import { counters } from "../../observe/observer.ts";
import { source } from "../../source/source.ts";
import type { Site } from "./scenario.ts";
import { openBackend, pollOf, tierOn } from "./tiers.ts";

/** What is in the tier when nothing is in flight and all leases are over. */
export interface Audit {
  /** How many slots hold a value, and what is wrong with those that hold another than the source: I1. */
  readonly held: number;
  readonly stale: ReadonlyArray<string>;
  /** Keys that are not cached after they were read: I6. */
  readonly uncached: ReadonlyArray<string>;
}

/** Where there is nothing to compare: what has to be caught is caught in its history. */
export const nothingAudited: Audit = { held: 0, stale: [], uncached: [] };

/** How long an answer may take, in milliseconds: the audit wants to know, also on a machine that is busy. */
const timeout = 10_000;

/** How often a key may be read until it is cached; a lease that is over at this moment may cost one. */
const attempts = 5;

/** Compares every slot with the source, then looks whether the tier caches again. */
export async function audit(
  site: Pick<Site, "direct" | "level" | "share">,
  truth: ReadonlyMap<string, string>,
  lease: number,
): Promise<Audit> {
  const commit = (lease * (site.share ?? 1) / 3) as Duration;
  const nowhere = source<string, string>({ load: () => Promise.reject(new Error("the tier holds nothing")), commit });
  const load = (wanted: ReadonlyArray<string>) => Promise.resolve(wanted.map((key) => truth.get(key)));
  const whole = source<string, string>({ load, commit });
  const events = counters();
  const options = {
    lease: lease * (site.share ?? 1),
    level: site.level ?? "pinned",
    timeout,
    observer: events,
    poll: pollOf(site.direct()),
  };
  await using backend = openBackend(site.direct(), timeout);
  const stale: Array<string> = [];
  const uncached: Array<string> = [];
  let held = 0;
  for (const key of truth.keys()) {
    const [found] = await tierOn(backend, options)(nowhere).entries([key])();
    if (found?._tag === "Right") {
      held += 1;
      const value = found.right.value;
      if (value._tag === "None" || value.value !== truth.get(key)) {
        stale.push(`I1 the slot of ${key} holds ${JSON.stringify(value)}, the source ${truth.get(key)}`);
      }
    }
    const verdicts: Array<string> = [];
    const store = tierOn(backend, options)(whole);
    while (verdicts.at(-1) !== "HitShared" && verdicts.length < attempts) {
      const [read] = await store.entries([key])();
      verdicts.push(read?._tag === "Right" ? read.right.verdict._tag : "failed");
    }
    if (verdicts.at(-1) !== "HitShared") uncached.push(`I6 ${key} is not cached again: ${verdicts.join(", ")}`);
  }
  // Of a server that did not answer nothing would be known.
  const silent = events.counts()["event.Unreachable"] ?? 0;
  if (silent > 0) uncached.push(`the audit was not answered ${silent} times`);
  return { held, stale, uncached };
}
