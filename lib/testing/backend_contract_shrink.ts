import type { Step } from "./backend_contract_sequence.ts";

/** How many shorter sequences are tried: enough for what a dozen calls can lose, and over in a second. */
const mostTries = 400;

/** A shorter sequence that still fails, by leaving out halves, calls and asks for as long as that helps. */
export async function shrink(
  steps: ReadonlyArray<Step>,
  fails: (steps: ReadonlyArray<Step>) => Promise<boolean>,
): Promise<ReadonlyArray<Step>> {
  let best = steps;
  for (let tries = 0, helped = true; helped;) {
    helped = false;
    for (const shorter of shorterThan(best)) {
      if (tries++ >= mostTries) return best;
      if (!await fails(shorter)) continue;
      best = shorter;
      helped = true;
      break;
    }
  }
  return best;
}

function* shorterThan(steps: ReadonlyArray<Step>): Generator<ReadonlyArray<Step>> {
  for (let size = steps.length >> 1; size >= 1; size >>= 1) {
    for (let from = 0; from < steps.length; from += size) {
      yield [...steps.slice(0, from), ...steps.slice(from + size)];
    }
  }
  for (const [index, step] of steps.entries()) {
    if (step.asked.length === 1) continue;
    for (const left of step.asked) {
      yield steps.with(index, { ...step, asked: step.asked.filter((each) => each !== left) });
    }
  }
}
