/**
 * `deno task prove`: explores every interleaving of small worlds, and says what holds under which fault: the shipped
 * protocol at each level, and protocols that are known to break. It fails if anything is not as promised.
 *
 * `--full` adds any two faults at once and larger worlds, which takes half an hour. `--readme` rewrites the table in README.md, or in the
 * file that follows. `--why` prints the shortest counterexamples. `--mutants` tries, instead, whether changes to what
 * ships would be found. `--peers` plays, instead, cases from the field with other libraries and prints what they do;
 * `--only`, `--libraries`, `--seed` and `--operations` choose.
 *
 * @module
 */
import { controls } from "../../tests/explorer/controls.ts";
import { narrate } from "../testing/explorer.ts";
import { tryMutants } from "./prove/mutants.ts";
import { comparePeers } from "./prove/peers.ts";
import { rewrite } from "./prove/readme.ts";
import type { Result } from "./prove/result.ts";
import { lineOf, runControl, runRow } from "./prove/result.ts";
import { doubles, larger, levels, others, singles } from "./prove/rows.ts";

function report(result: Result): Result {
  console.log(lineOf(result));
  if (result.complaint !== undefined) console.log(`       ${result.complaint}`);
  if (Deno.args.includes("--why") || result.complaint !== undefined) {
    for (const each of result.exploration.broken) console.log(narrate(each).replace(/^/gm, "       "));
  }
  return result;
}

function total(results: ReadonlyArray<Result>): string {
  const sum = (read: (result: Result) => number) => results.reduce((before, each) => before + read(each), 0);
  const states = sum(({ exploration }) => exploration.states).toLocaleString("en");
  const steps = sum(({ exploration }) => exploration.transitions).toLocaleString("en");
  const memory = (Deno.memoryUsage().rss / 2 ** 30).toFixed(1);
  return `${states} states, ${steps} steps, ${
    sum(({ exploration }) => exploration.seconds).toFixed(0)
  } s, ${memory} GB`;
}

function main(): number {
  const isFull = Deno.args.includes("--full");
  const proved = {
    levels,
    singles: singles.map((row) => report(runRow(row))),
    others: others.map((row) => report(runRow(row))),
    controls: controls.map((control) => report(runControl(control))),
    doubles: isFull ? doubles.map((row) => report(runRow(row))) : [],
  };
  const more = isFull ? larger.map((row) => report(runRow(row))) : [];
  const results = [...more, ...proved.singles, ...proved.others, ...proved.controls, ...proved.doubles];
  const failed = results.filter(({ complaint }) => complaint !== undefined).length;
  console.log(total(results));
  console.log(`${results.length - failed} as promised, ${failed} not`);
  const readme = Deno.args.indexOf("--readme");
  if (readme >= 0) {
    const given = Deno.args[readme + 1];
    const path = given === undefined || given.startsWith("--") ? new URL("../../README.md", import.meta.url) : given;
    Deno.writeTextFileSync(path, rewrite(Deno.readTextFileSync(path), proved));
  }
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) {
  if (Deno.args.includes("--peers")) Deno.exit(await comparePeers(Deno.args));
  if (Deno.args.includes("--mutants")) Deno.exit(await tryMutants() ? 0 : 1);
  Deno.exit(main());
}
