/**
 * `deno task bench`: what the tiers cost, beside the least that the same thing can cost, measured in the same run.
 *
 * Nobody is judged by a time that another process may have stretched: only a wrong count makes the exit code 1.
 *
 * @module
 */
import { helpFor, parseArguments, type Settings } from "./bench/arguments.ts";
import { cases } from "./bench/cases.ts";
import type { Case, Count, Ground } from "./bench/comparison.ts";
import { openGround } from "./bench/ground.ts";
import { machine } from "./bench/machine.ts";
import type { Result } from "./bench/measure.ts";
import { measure } from "./bench/measure.ts";
import { rewriteBench, versionsIn } from "./bench/readme.ts";
import { heading, showCount, showResult } from "./bench/table.ts";
import { pathOf } from "./stand_in.ts";

/** What a run found out. */
interface Figures {
  readonly counts: Array<Count>;
  readonly results: Array<Result>;
  readonly leftOut: Array<{ readonly name: string; readonly because: string }>;
}

/** Whose versions stand beside the figures. */
const compared = [
  "redis",
  "lru-cache",
  "layered-loader",
  "keyv",
  "cache-manager",
  "cacheable",
  "bentocache",
  "@epic-web/cachified",
];

async function main(): Promise<number> {
  const settings = parseArguments(Deno.args, cases.map(({ name }) => name));
  if (settings._tag === "Left") {
    console.error(settings.left);
    return 2;
  }
  if (settings.right === "help") {
    console.log(helpFor(cases));
    return 0;
  }
  const figures = await run(settings.right);
  const { json, rounds, readme } = settings.right;
  if (json !== undefined) {
    await Deno.writeTextFile(json, JSON.stringify({ ...machine(), rounds, ...figures }, null, 2) + "\n");
  }
  if (readme) {
    const versions = versionsIn(await Deno.readTextFile(pathOf("deno.lock")), compared);
    const path = pathOf("README.md");
    const text = rewriteBench(await Deno.readTextFile(path), { ...machine(), rounds, versions, ...figures });
    await Deno.writeTextFile(path, text);
    await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", path] }).output();
  }
  return figures.counts.every(({ wanted, received }) => wanted === received) ? 0 : 1;
}

async function run({ only, rounds, redis }: Settings): Promise<Figures> {
  const chosen = cases.filter(({ name }) => only === undefined || only.includes(name));
  const figures: Figures = { counts: [], results: [], leftOut: [] };
  await using ground = await openGround(redis, chosen.some(({ needs }) => needs === "redis"));
  const { system, date } = machine();
  console.log(`${system}, ${date}, ${rounds} rounds\n\n${heading}`);
  for (const each of chosen) {
    if (each.needs === "redis" && ground.redis === undefined) {
      figures.leftOut.push({ name: each.name, because: ground.hint });
      console.log(`${each.name}: left out: ${ground.hint}`);
    } else await runCase(each, ground, rounds, figures);
  }
  return figures;
}

async function runCase(each: Case, ground: Ground, rounds: number, figures: Figures): Promise<void> {
  await using open = await each.open(ground);
  for (const count of open.counts) {
    figures.counts.push(count);
    console.log(showCount(count));
  }
  for (const comparison of open.comparisons) {
    const result = await measure(comparison, rounds);
    figures.results.push(result);
    console.log(showResult(result));
  }
}

if (import.meta.main) Deno.exit(await main());
