/**
 * `deno task demo`: real traffic of several processes through memory → shared → source, then an audit of every cached
 * slot. The exit code is 0 if none is stale, 1 if one is or something failed, 2 for arguments that are refused.
 *
 * @module
 */
import { help, parseArguments, type Settings } from "./demo/arguments.ts";
import { makePlace } from "./demo/place.ts";
import type { Kind } from "./demo/plan.ts";
import { isKept, showOutcomes, showPlan, showProgress, showProgressLine } from "./demo/report.ts";
import { type Outcome, run } from "./demo/run.ts";
import { standardScreen } from "./demo/screen.ts";
import { runWorker } from "./demo/worker.ts";

async function demo(settings: Settings, signal: AbortSignal): Promise<number> {
  const screen = standardScreen();
  await using place = await makePlace(settings);
  signal.throwIfAborted();
  screen.print(showPlan(place.plan));
  const outcomes: Array<readonly [Kind, Outcome]> = [];
  const kinds: ReadonlyArray<Kind> = settings.beside === "nothing" ? ["lamina"] : ["lamina", settings.beside];
  for (const kind of kinds) {
    const outcome = await run({
      plan: { ...place.plan, kind },
      seconds: settings.seconds,
      script: import.meta.filename!,
      signal,
      onProgress: (progress) => screen.draw(showProgress(kind, progress), showProgressLine(kind, progress)),
    });
    screen.print(showProgress(kind, outcome));
    outcomes.push([kind, outcome]);
  }
  screen.print(showOutcomes(outcomes));
  return outcomes.every(([kind, outcome]) => kind !== "lamina" || isKept(outcome)) ? 0 : 1;
}

/** Runs something that a Ctrl-C ends in order: what it made is removed before this process is gone. */
async function interruptible(body: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  const codes = { SIGINT: 130, SIGTERM: 143 } as const;
  let code: number | undefined;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => {
      code ??= codes[name];
      controller.abort(new Error(`Cannot go on: received ${name}`));
    });
  }
  try {
    return await body(controller.signal);
  } catch (error) {
    if (code === undefined) console.error(explain(error));
    return code ?? 1;
  }
}

/** What went wrong, and if cleaning up then failed as well, that too. */
function explain(error: unknown): string {
  if (error instanceof SuppressedError) return `${explain(error.suppressed)}\n${explain(error.error)}`;
  return error instanceof Error ? error.message : String(error);
}

async function main(args: ReadonlyArray<string>): Promise<number> {
  // What the processes are that the demo starts itself; nobody else calls it so.
  if (args[0] === "worker") return await runWorker().then(() => 0);
  const parsed = parseArguments(args);
  if (parsed._tag === "Left") {
    console.error(`${parsed.left}\nSee deno task demo --help.`);
    return 2;
  }
  const settings = parsed.right;
  if (settings !== "help") return await interruptible((signal) => demo(settings, signal));
  console.log(help);
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
