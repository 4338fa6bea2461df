/**
 * `deno task ok`: `test`, then `check`, both to their end; what has to pass before a change is done.
 *
 * @module
 */
import { chooseRegistry, pathOf, type Registry, supervise } from "./stand_in.ts";

const granted = ["--allow-env", "--allow-net", "--allow-read", "--allow-run", "--allow-sys", "--allow-write"];

async function runTask(from: Registry, name: string): Promise<boolean> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...granted, pathOf(`lib/task/${name}.ts`)],
    env: { ...from.environment },
  }).spawn();
  return (await supervise(child)).success;
}

async function main(): Promise<number> {
  using from = await chooseRegistry();
  const tested = await runTask(from, "test");
  const checked = await runTask(from, "check");
  return tested && checked ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
