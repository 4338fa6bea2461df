/**
 * `deno task faults`: real processes under real faults, for longer than the tests take. Each scenario prints what was
 * counted and what was found; the last line says how many passed and failed. Arguments are parts of scenarios' names,
 * and `--bank` (the bank only), `--seconds=<number>` and `--lease=<milliseconds>`.
 *
 * @module
 */
import { runBank } from "./faults/bank.ts";
import { type BankKind, bankNames } from "./faults/bank_verdict.ts";
import type { RunSettings } from "./faults/crew.ts";
import { type FaultReport, runScenario, showReport } from "./faults/run.ts";
import { scenarios } from "./faults/scenarios.ts";

/** The full length, and a lease that many of its rounds fit into. */
const seconds = 60;
const lease = 2_000;

/** For several failovers, which take ten seconds each, of a database whose transactions read a hundred rows. */
const bankSeconds = 120;
const bankLease = 3_000;

/** What can be run, with its own length. */
interface Run {
  readonly name: string;
  readonly run: () => Promise<FaultReport>;
}

function numberOf(name: string, otherwise: number): number {
  const given = Deno.args.find((argument) => argument.startsWith(`--${name}=`))?.split("=")[1];
  const value = Number(given ?? otherwise);
  if (!(value > 0 && value < 1e6)) {
    throw new RangeError(`Cannot run: expected a number for --${name}: received ${given}`);
  }
  return value;
}

function runs(signal: AbortSignal): ReadonlyArray<Run> {
  const settings: RunSettings = { seconds: numberOf("seconds", seconds), lease: numberOf("lease", lease), signal };
  const inBank: RunSettings = {
    seconds: numberOf("seconds", bankSeconds),
    lease: numberOf("lease", bankLease),
    signal,
  };
  // What is to be caught is caught within seconds.
  const control: RunSettings = { ...inBank, seconds: Math.min(10, inBank.seconds) };
  const banks: ReadonlyArray<readonly [BankKind, RunSettings]> = [["shared tier", inBank], ["cache-aside", control]];
  return [
    ...scenarios.map((scenario) => ({ name: scenario.name, run: () => runScenario(scenario, settings) })),
    ...banks.map(([kind, how]) => ({ name: bankNames[kind], run: () => runBank(kind, how) })),
  ];
}

async function main(): Promise<number> {
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(name, () => interrupted.abort());
  const { signal } = interrupted;
  const wanted = Deno.args.filter((argument) => !argument.startsWith("--"));
  if (Deno.args.includes("--bank")) wanted.push("bank");
  const all = runs(signal).filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
  let failed = 0;
  let ran = 0;
  for (const { run } of all) {
    if (signal.aborted) break;
    const report = await run();
    console.log(showReport(report));
    ran += 1;
    if (report.problems.length > 0) failed += 1;
  }
  console.log(`${ran - failed} passed, ${failed} failed`);
  return failed === 0 && ran > 0 && !signal.aborted ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
