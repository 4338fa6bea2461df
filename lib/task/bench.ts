/**
 * `deno task bench`: what the tiers cost, beside the least that the same thing can cost, measured in the same run.
 *
 * What was asked for is printed as met or missed. But a time that another process may have stretched makes nothing fail:
 * only a wrong count makes the exit code 1.
 *
 * @module
 */
import { helpFor, parseArguments, type Settings } from "./bench/arguments.ts";
import { cases } from "./bench/cases.ts";
import type { Case, Ground } from "./bench/comparison.ts";
import { type Group, isCountMet, type Run, tallyOf } from "./bench/figures.ts";
import { openGround } from "./bench/ground.ts";
import { machine } from "./bench/machine.ts";
import { measure } from "./bench/measure.ts";
import { compared, rewriteBench, versionsIn } from "./bench/readme.ts";
import { heading, showCount, showFinding, showResult, showTally } from "./bench/table.ts";
import { pathOf } from "./stand_in.ts";

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
  const { json, readme } = settings.right;
  const done = await run(settings.right);
  if (json !== undefined) await Deno.writeTextFile(json, jsonOf(done));
  if (readme) {
    const path = pathOf("README.md");
    await Deno.writeTextFile(path, rewriteBench(await Deno.readTextFile(path), done));
    await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", path] }).output();
  }
  return done.groups.every(({ counts }) => counts.every(isCountMet)) ? 0 : 1;
}

function jsonOf(run: Run): string {
  return JSON.stringify({ ...run, tally: tallyOf(run.groups) }, null, 2) + "\n";
}

async function run({ only, rounds, redis }: Settings): Promise<Run> {
  const chosen = cases.filter(({ name }) => only === undefined || only.includes(name));
  const [groups, leftOut]: [Array<Group>, Array<Run["leftOut"][number]>] = [[], []];
  const begun = performance.now();
  await using ground = await openGround(redis, chosen.some(({ needs }) => needs === "redis"));
  const versions = [...ground.server, ...versionsIn(await Deno.readTextFile(pathOf("deno.lock")), compared)];
  const here = machine();
  console.log(`${here.system}, ${here.date}, ${rounds} rounds\n${versions.join(", ")}\n\n${heading}`);
  for (const each of chosen) {
    if (each.needs === "redis" && ground.redis === undefined) {
      leftOut.push({ name: each.name, because: ground.hint });
      console.log(`${each.name}: left out: ${ground.hint}`);
    } else groups.push(await runCase(each, ground, rounds));
  }
  console.log(`\n${showTally(groups)}\n${((performance.now() - begun) / 1_000).toFixed(0)} s`);
  return { ...here, rounds, versions, groups, leftOut };
}

async function runCase({ name, about, open }: Case, ground: Ground, rounds: number): Promise<Group> {
  const group: Group = { name, about, counts: [], findings: [], results: [] };
  await using opened = await open(ground);
  for (const count of opened.counts) {
    group.counts.push(count);
    console.log(showCount(count));
  }
  for (const finding of opened.findings ?? []) {
    group.findings.push(finding);
    console.log(showFinding(finding));
  }
  for await (const comparison of opened.comparisons) {
    const result = await measure(comparison, rounds);
    group.results.push(result);
    console.log(showResult(result));
  }
  return group;
}

if (import.meta.main) Deno.exit(await main());
