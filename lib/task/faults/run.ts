import { startRedis } from "../../../tests/servers/redis_server.ts";
import type { RedisServer } from "../../../tests/servers/redis_server.ts";
import { sleep } from "./patience.ts";
import { type Audit, audit, nothingAudited } from "./audit.ts";
import { type Crew, makeCrew, type RunSettings, workers } from "./crew.ts";
import { readJournal, type Told } from "./journal.ts";
import type { Scenario, Site } from "./scenario.ts";
import { keys } from "./settings.ts";
import { createTruth, readCommits, readTruth } from "./truth_sqlite.ts";
import { makeTraffic } from "./traffic.ts";
import { judgeHistory, type Verdict } from "./verdict.ts";

/** What a run brought. */
export interface FaultReport {
  readonly name: string;
  readonly operations: number;
  /** Everything that was counted: faults, events, verdicts, outcomes. */
  readonly counts: ReadonlyMap<string, number>;
  readonly verdict: Verdict;
  /** By how many milliseconds reads might be behind, where that is promised. */
  readonly bound: number | undefined;
  readonly audit: Audit;
  /** Milliseconds by which recorded times may be wrong, and that the longest operation took. */
  readonly clockError: number;
  readonly longest: number;
  /** What ought to have happened and did not, so that the run shows nothing. */
  readonly missing: ReadonlyArray<string>;
  /** Everything that must not be; none is a success. */
  readonly problems: ReadonlyArray<string>;
}

/**
 * Runs traffic under a scenario's fault, audits what is left in the tier, and judges what the clients saw. A machine so
 * busy that the fault does not show within the time gets a second run, of thrice the length.
 */
export async function runScenario(scenario: Scenario, settings: RunSettings): Promise<FaultReport> {
  const report = await runOnce(scenario, settings);
  const isShown = report.missing.length === 0 || report.problems.length > report.missing.length;
  if (isShown || settings.signal?.aborted === true) return report;
  return await runOnce(scenario, { ...settings, seconds: 3 * settings.seconds });
}

async function runOnce(scenario: Scenario, settings: RunSettings): Promise<FaultReport> {
  const folder = await Deno.makeTempDir({ prefix: "lamina-faults-" });
  const servers: Array<RedisServer> = [];
  try {
    createTruth(`${folder}/truth.sqlite`, keys);
    await using site = await scenario.prepare(folder, async (...args) => {
      const server = await startRedis(args);
      servers.push(server);
      return server;
    });
    await using crew = makeCrew(folder, site, settings);
    const counts = new Map<string, number>();
    const world = await makeTraffic(crew, site.fault, settings, counts);
    const hung = await crew.stop();
    await site.heal(world);
    // Half a lease more than the last one: an audit that comes early would see what is still allowed.
    await sleep(1.5 * settings.lease);
    const audited = scenario.promised === "nothing"
      ? nothingAudited
      : await audit(site, readTruth(`${folder}/truth.sqlite`), settings.lease);
    return await conclude(scenario, settings, { folder, crew, site, counts, hung, audited });
  } finally {
    for (const server of servers) await server.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

interface Ended {
  readonly folder: string;
  readonly crew: Crew;
  readonly site: Site;
  readonly counts: Map<string, number>;
  readonly hung: number;
  readonly audited: Audit;
}

async function conclude(scenario: Scenario, { lease }: RunSettings, ended: Ended): Promise<FaultReport> {
  const { folder, crew, site, counts, hung, audited } = ended;
  const commits = readCommits(`${folder}/truth.sqlite`);
  const told: Array<Told> = [];
  for (const { settings, offset } of crew.all) {
    const text = await Deno.readTextFile(settings.journal);
    told.push(readJournal(text, { offset, commits, lease }));
  }
  for (const [what, by] of told.flatMap((each) => [...each.counts])) counts.set(what, (counts.get(what) ?? 0) + by);
  const history = told.flatMap(({ operations }) => operations);
  const clockError = Math.max(...crew.all.map(({ error }) => error));
  const leftBehind = site.last === undefined ? undefined : `w${workers - 1}`;
  if (leftBehind !== undefined) {
    counts.set("reads left behind", history.filter(({ by }) => by!.startsWith(`${leftBehind}.`)).length);
  }
  // What has to be caught has to be caught by the check that the others pass.
  const promised = scenario.bound === undefined ? scenario.promised : "bounded";
  const verdict = judgeHistory(history, promised, { clockError, bound: scenario.bound ?? lease, leftBehind });
  const missing = missingOf(scenario, counts);
  return {
    name: scenario.name,
    operations: history.length,
    counts,
    verdict,
    bound: scenario.bound,
    audit: audited,
    clockError,
    longest: Math.max(...told.map(({ longest }) => longest)),
    missing,
    problems: [
      ...missing,
      ...excludedOf(scenario, counts),
      ...told.flatMap(({ faults }) => faults),
      ...hung > 0 ? [`I5 ${hung} workers did not finish`] : [],
      ...scenario.promised === "nothing" ? notCaught(verdict) : verdict.violations,
      ...audited.stale,
      ...audited.uncached,
    ],
  };
}

function notCaught({ violated }: Verdict): ReadonlyArray<string> {
  return violated > 0 ? [] : ["the checker found nothing where there has to be something"];
}

function missingOf({ shown }: Scenario, counts: ReadonlyMap<string, number>): ReadonlyArray<string> {
  return shown.filter((what) => (counts.get(what) ?? 0) === 0)
    .map((what) => `the fault was not shown: expected ${what} above 0`);
}

function excludedOf({ excluded = [] }: Scenario, counts: ReadonlyMap<string, number>): ReadonlyArray<string> {
  return excluded.filter((what) => (counts.get(what) ?? 0) > 0)
    .map((what) => `expected no ${what}: received ${counts.get(what)}`);
}

/** Says what a run brought, in lines. */
export function showReport(
  { name, operations, counts, verdict, bound, audit, clockError, longest, problems }: FaultReport,
): string {
  const counted = [...counts].sort(([a], [b]) => a < b ? -1 : 1).map(([what, count]) => `${what} ${count}`);
  return [
    `${
      problems.length === 0 ? "ok    " : "FAILED"
    } ${name}: ${operations} operations, ${verdict.violated} violations, ` +
    `at most ${verdict.staleness} ms behind${
      bound === undefined ? "" : ` of ${bound}`
    }; ${audit.held} slots held, ${audit.stale.length} stale; ` +
    `clocks within ${clockError.toFixed(2)} ms, longest operation ${Math.round(longest)} ms`,
    `       ${counted.join(", ")}`,
    ...problems.map((problem) => `       ${problem.replaceAll("\n", "\n       ")}`),
  ].join("\n");
}
