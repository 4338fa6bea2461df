/**
 * `deno task check`: everything but the tests. Each step prints one line, all of them run, and the output of those that
 * fail follows their line. The last line says how many passed and failed.
 *
 * @module
 */
import { runConsumer, runOnNode } from "./check_consumer.ts";
import { dryPublish, lintDocs } from "./check_package.ts";
import { capture, chooseRegistry, type Outcome, type Registry } from "./stand_in.ts";

/** A named check. */
interface Step {
  readonly name: string;
  readonly run: (from: Registry) => Promise<Outcome>;
}

const steps: ReadonlyArray<Step> = [
  { name: "fmt", run: (from) => capture(from, ["deno", "fmt", "--check"]) },
  { name: "lint", run: (from) => capture(from, ["deno", "lint"]) },
  { name: "types of code and docs", run: checkTypes },
  { name: "doc lint of every entry", run: lintDocs },
  { name: "publish --dry-run", run: dryPublish },
  { name: "consumer on Deno", run: runConsumer },
  { name: "core on Node", run: runOnNode },
];

function checkTypes(from: Registry): Promise<Outcome> {
  return capture(from, ["deno", "check", `--lock=${from.lock}`, "--doc", "README.md", "mod.ts", "lib", "tests"]);
}

async function runStep(from: Registry, step: Step): Promise<boolean> {
  const start = performance.now();
  const { success, output } = await step.run(from).catch((error) => ({ success: false, output: `${error}` }));
  const seconds = ((performance.now() - start) / 1_000).toFixed(1);
  console.log(`${success ? "ok    " : "FAILED"} ${step.name} (${seconds} s)`);
  if (!success) console.log(output);
  return success;
}

async function main(): Promise<number> {
  using from = await chooseRegistry();
  let passed = 0;
  for (const step of steps) if (await runStep(from, step)) passed++;
  const failed = steps.length - passed;
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
