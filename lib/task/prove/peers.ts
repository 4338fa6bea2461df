import { startRedis } from "../../../tests/servers/redis_server.ts";
import { parsePeerArguments, type PeerSettings } from "../peers/arguments.ts";
import { peerCases } from "../peers/cases.ts";
import { type MixResult, runMix } from "../peers/mix.ts";
import type { Peer } from "../peers/peer.ts";
import { peers } from "../peers/peers.ts";
import { playCase } from "../peers/play.ts";
import { type CaseRow, type MixRow, showCases, showMix } from "../peers/table.ts";
import { isOnPath } from "../test_redis.ts";

/**
 * Plays the cases with this package and with others, runs the mix with each, and prints what they do. Nobody is judged:
 * the exit code tells only whether it could be tried.
 */
export async function comparePeers(args: ReadonlyArray<string>): Promise<number> {
  const settings = parsePeerArguments(args, peerCases.map(({ name }) => name), peers.map(({ name }) => name));
  if (settings._tag === "Left") {
    console.error(settings.left);
    return 2;
  }
  if (!isOnPath("redis-server")) {
    console.error("Cannot compare: there is no redis-server on PATH: apt-get install redis-server, brew install redis");
    return 1;
  }
  const chosen = peers.filter(({ name }) => settings.right.libraries?.includes(name) ?? true);
  for (const { name, about } of chosen) console.log(`${name}: ${about}`);
  const thrown = countThrown();
  await using server = await startRedis();
  const cases = await playCases(chosen, settings.right, server.port);
  if (cases.length > 0) console.log(`\n${showCases(chosen, cases)}`);
  const mix = await runMixes(chosen, settings.right, server.port);
  if (mix.length > 0) console.log(`\n${showMix(chosen, mix, settings.right.operations)}`);
  for (const [what, times] of thrown) console.log(`\nthrown where nobody can catch it, ${times} ×: ${what}`);
  return 0;
}

/** All libraries play a case side by side, each under its own names; they mostly wait. */
async function playCases(chosen: ReadonlyArray<Peer>, { only }: PeerSettings, port: number): Promise<Array<CaseRow>> {
  const rows: Array<CaseRow> = [];
  for (const each of peerCases) {
    if (only !== undefined && !only.includes(each.name)) continue;
    const findings = await Promise.all(chosen.map((peer) => playCase(peer, each, port)));
    rows.push({ title: each.title, findings });
  }
  return rows;
}

/** One library after the other: they would slow each other down. */
async function runMixes(chosen: ReadonlyArray<Peer>, settings: PeerSettings, port: number): Promise<Array<MixRow>> {
  const { only, seed, operations } = settings;
  const rows: Array<MixRow> = [];
  for (const tell of ["delete", "set"] as const) {
    if (only !== undefined && !only.includes("mix")) continue;
    const results: Array<MixResult | string> = [];
    for (const peer of chosen) {
      results.push(await runMix(peer, port, { seed, operations, tell }).catch((error) => String(error)));
    }
    rows.push({ tell, results });
  }
  return rows;
}

/** A library whose connection is cut may throw where nobody can catch it, which would end this process. */
function countThrown(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const count = (event: Event, thrown: unknown): void => {
    event.preventDefault();
    const what = String(thrown).split("\n", 1)[0] ?? "";
    counts.set(what, (counts.get(what) ?? 0) + 1);
  };
  globalThis.addEventListener("unhandledrejection", (event) => count(event, event.reason));
  globalThis.addEventListener("error", (event) => count(event, event.error));
  return counts;
}
