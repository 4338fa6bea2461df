import { goingOn, reading, type ReadingEnd, readingPhases, type ReadingState } from "../../protocol/reading.ts";
import { runMany, step } from "../../protocol/machine.ts";
import type { ReadOptions } from "../../store.ts";
import { ask } from "./ask.ts";
import { conclude } from "./conclude.ts";
import { logOf } from "./first.ts";
import { land } from "./flight.ts";
import { load } from "./load.ts";
import type { Read } from "./read.ts";
import type { Tier } from "./tier.ts";
import { during } from "./tier.ts";
import { wait } from "./wait.ts";

/** Performs the pending effects of reads that are in one phase. */
export function perform<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  reads: ReadonlyArray<Read<K, V, P, N>>,
  states: ReadonlyArray<ReadingState>,
  options: ReadOptions,
): Promise<ReadonlyArray<string>> {
  switch (readingPhases[states[0]!]) {
    case 0:
      return ask(tier, reads, states);
    case 1:
      return loading(tier, reads, states, options);
    case 2:
      return landed(tier, reads, states, conclude(tier, reads, states));
    default:
      return wait(tier, reads);
  }
}

/**
 * Who waits for a read hears of it once it is over, not once all are that were asked for with it: one of those may wait
 * for a load that waits for this read.
 */
async function landed<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  reads: ReadonlyArray<Read<K, V, P, N>>,
  states: ReadonlyArray<ReadingState>,
  concluded: Promise<ReadonlyArray<string>>,
): Promise<ReadonlyArray<string>> {
  const replies = await concluded;
  reads.forEach((read, i) => land(tier, read, step(reading, states[i]!, replies[i]!) as ReadingEnd));
  return replies;
}

/** Renewals whose callers have an answer begin at once: a batch may have long to wait for its other keys. */
async function loading<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  reads: ReadonlyArray<Read<K, V, P, N>>,
  states: ReadonlyArray<ReadingState>,
  options: ReadOptions,
): Promise<ReadonlyArray<string>> {
  const replies = await load(tier, reads, states, options);
  const ends = reads.map((_, i) => step(reading, states[i]!, replies[i]!) as ReadingEnd);
  const behind = reads.flatMap((read, i) => goingOn[ends[i]!] === undefined ? [] : [{ ...read }]);
  const from = ends.flatMap((end) => goingOn[end] ?? []);
  if (behind.length > 0) tier.policy.background(during(tier, goOnBehind(tier, behind, from)));
  return replies;
}

/** The reads of a call are over, but for those that go on behind their callers. */
export function finish<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  reads: ReadonlyArray<Read<K, V, P, N>>,
  ends: ReadonlyArray<ReadingEnd>,
): void {
  reads.forEach((read, i) => goingOn[ends[i]!] === undefined && land(tier, read, ends[i]!));
}

async function goOnBehind<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  reads: ReadonlyArray<Read<K, V, P, N>>,
  states: ReadonlyArray<ReadingState>,
): Promise<void> {
  for (const read of reads) {
    read.answered = true;
    read.ends = Infinity;
  }
  const effects = (at: ReadonlyArray<number>, pending: ReadonlyArray<ReadingState>) =>
    perform(tier, at.map((i) => reads[i]!), pending, {});
  const ends = await runMany<ReadingState, ReadingEnd>(reading, states, readingPhases, effects, logOf(tier));
  reads.forEach((read, i) => land(tier, read, ends[i]!));
}
