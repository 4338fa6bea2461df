import type { Fault } from "./play.ts";
import type { Step } from "./script.ts";
import { showStep } from "./script.ts";
import { show } from "./world.ts";

/** How many shorter scripts are tried: enough for what a dozen steps can lose. */
const mostTries = 300;

/** Throws for a script that fails, shortened to the steps that it takes. */
export async function demand<K, V>(
  seed: number,
  script: ReadonlyArray<Step<K, V>>,
  run: (script: ReadonlyArray<Step<K, V>>) => Promise<Fault>,
): Promise<void> {
  const fault = await run(script);
  if (fault === undefined) return;
  let best = { script, fault };
  let tries = 0;
  for (let i = best.script.length - 1; i >= 0 && tries < mostTries; i--) {
    tries++;
    const shorter = best.script.toSpliced(i, 1);
    const still = await run(shorter);
    if (still !== undefined) best = { script: shorter, fault: still };
  }
  const steps = best.script.map((step, i) => `${i + 1}. ${showStep(step, show)}`);
  throw new Error([`The store differs (seed ${seed}): ${best.fault}`, ...steps].join("\n"));
}
