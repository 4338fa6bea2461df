import { createHash } from "node:crypto";
import type { Alternative, Experiment } from "./experiment.ts";

/**
 * The alternative of an identity: always the same one, without anybody having to remember it.
 *
 * A digest of the canonical name and the identity is taken modulo the sum of weights, as gae_bingo does it. The
 * canonical name makes the alternatives of different tests independent of each other, and those of one test the same.
 */
export function stickyAlternative({ canonical, alternatives }: Experiment, identity: string): Alternative {
  const total = alternatives.reduce((sum, { weight }) => sum + weight, 0);
  // The length keeps ("ab", "c") and ("a", "bc") apart. 48 bits are exact in a number, and without a visible bias.
  const digest = createHash("md5").update(`${canonical.length}:${canonical}${identity}`).digest();
  let place = digest.readUIntBE(0, 6) % total;
  for (const alternative of alternatives) {
    place -= alternative.weight;
    if (place < 0) return alternative;
  }
  return alternatives.at(-1)!;
}

/** What an identity gets: the winner, once there is one. */
export function alternativeOf(experiment: Experiment, identity: string): Alternative {
  const winner = experiment.alternatives.find(({ name }) => name === experiment.winner);
  return winner ?? stickyAlternative(experiment, identity);
}
