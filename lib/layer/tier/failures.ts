import type { CacheError } from "../../cache_error.ts";
import type { Tier } from "./tier.ts";

/** A load that failed, and until when the slot's loads rest. */
export interface Failure {
  readonly error: CacheError;
  readonly until: number;
}

/** The most slots that rest at once: some hundred bytes each. Beyond it the oldest may load again early. */
const mostFailures = 10_000;

/** Notes a failed load, after which the slot's loads rest. */
export function noteFailure<K, V, P, N>(tier: Tier<K, V, P, N>, slot: N, error: CacheError): void {
  if (tier.policy.backOff === 0) return;
  // A Map keeps the order of insertion: what is noted anew goes to its end.
  tier.failures.delete(slot);
  tier.failures.set(slot, { error, until: tier.clock.now() + tier.policy.backOff });
  if (tier.failures.size <= mostFailures) return;
  for (const oldest of tier.failures.keys()) {
    tier.failures.delete(oldest);
    return;
  }
}

/** Why a slot's loads rest now; undefined if they do not. */
export function restOf<K, V, P, N>(tier: Tier<K, V, P, N>, slot: N): CacheError | undefined {
  const failure = tier.failures.size === 0 ? undefined : tier.failures.get(slot);
  if (failure === undefined) return undefined;
  if (failure.until > tier.clock.now()) return failure.error;
  tier.failures.delete(slot);
  return undefined;
}

/** A load that did not fail ends the slot's rest. */
export function forgetFailure<K, V, P, N>(tier: Tier<K, V, P, N>, slot: N): void {
  if (tier.failures.size > 0) tier.failures.delete(slot);
}
