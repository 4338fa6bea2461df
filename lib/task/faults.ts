/**
 * `deno task faults`: real processes under real faults, for longer than the tests take. Each scenario prints what was
 * counted and what was found; the last line says how many passed and failed. Arguments are parts of scenarios' names,
 * and `--seconds=<number>` and `--lease=<milliseconds>`.
 *
 * @module
 */
import { runScenario, showReport } from "./faults/run.ts";
import { scenarios } from "./faults/scenarios.ts";

/** The full length, and a lease that many of its rounds fit into. */
const seconds = 60;
const lease = 2_000;

function numberOf(name: string, otherwise: number): number {
  const given = Deno.args.find((argument) => argument.startsWith(`--${name}=`))?.split("=")[1];
  const value = Number(given ?? otherwise);
  if (!(value > 0 && value < 1e6)) {
    throw new RangeError(`Cannot run: expected a number for --${name}: received ${given}`);
  }
  return value;
}

async function main(): Promise<number> {
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(name, () => interrupted.abort());
  const { signal } = interrupted;
  const settings = { seconds: numberOf("seconds", seconds), lease: numberOf("lease", lease), signal };
  const wanted = Deno.args.filter((argument) => !argument.startsWith("--"));
  const all = scenarios.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
  let failed = 0;
  let ran = 0;
  for (const scenario of all) {
    if (signal.aborted) break;
    const report = await runScenario(scenario, settings);
    console.log(showReport(report));
    ran += 1;
    if (report.problems.length > 0) failed += 1;
  }
  console.log(`${ran - failed} passed, ${failed} failed`);
  return failed === 0 && ran > 0 && !signal.aborted ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
