import type * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import { tell } from "../../observe/observer.ts";
import type { Transition } from "../../protocol/machine.ts";
import { step } from "../../protocol/machine.ts";
import type { ReadingState } from "../../protocol/reading.ts";
import { reading } from "../../protocol/reading.ts";
import type { Reply } from "../../protocol/slot.ts";
import type { ReadOptions } from "../../store.ts";
import type { Read } from "./read.ts";
import { countHit, heard, type Question } from "./ask.ts";
import type { Tier } from "./tier.ts";

/** Where reads begin. */
export type FirstState = "Looking" | "Claiming" | "Forcing";

/** The shard that a read uses; the first where it passes the tier. */
export function shardOf(count: number): number {
  return count <= 1 ? 0 : Math.floor(Math.random() * count);
}

/** Many keys, or a tier that mostly hits, are looked at first: a look is cheaper, and a claim then costs the misses only. */
export function startOf<K, V, P, N>(tier: Tier<K, V, P, N>, count: number, options: ReadOptions): FirstState {
  if (options.force === true) return "Forcing";
  // What a claim finds is not watched.
  if (tier.call.watched === true) return "Looking";
  if (tier.probe !== "auto") return tier.probe === "look" ? "Looking" : "Claiming";
  return count > 1 || tier.hitShare > 0.5 ? "Looking" : "Claiming";
}

/** What is told of each transition, if anybody listens. */
export function logOf<K, V, P, N>(tier: Tier<K, V, P, N>): ((step: Transition) => void) | undefined {
  const log = tier.observer?.transition;
  return log && ((step) => tell(log, { tier: tier.name, machine: "reading", ...step }));
}

/**
 * The value of a read that ends with its first answer; undefined where the read goes on. Hits are by far the most reads,
 * so they are spared what only the rest of the way needs; the table says where that is.
 */
export function hitOf<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  state: FirstState,
  reply: Reply<P>,
): E.Right<Option<V>> | undefined {
  if (reply._tag !== "Hit" || !(reply.found.fresh > 0) || reading[state].Fresh !== "Hit") return undefined;
  // Whether it is to be renewed ahead may be left to chance, which is asked once.
  if (tier.policy.isDue !== undefined) return undefined;
  const value = tier.unpack(reply.found.payload);
  if (value._tag === "Left") return undefined;
  countHit(tier, true);
  logOf(tier)?.({ from: state, reply: "Fresh", to: "Hit" });
  return value;
}

/** Where the first answer of any other read leads. */
export function firstStep<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  state: FirstState,
  reply: Reply<P>,
  asked: Question,
): ReadingState {
  const answer = heard(tier, read, state, reply, asked);
  const next = step(reading, state, answer);
  logOf(tier)?.({ from: state, reply: answer, to: next });
  // The interpreters also take an end, and have nothing to do then.
  return next as ReadingState;
}
