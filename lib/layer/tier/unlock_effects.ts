import type { Request } from "../../backend/port.ts";
import type { Reply, Stored } from "../../protocol/slot.ts";
import type { Confirmation } from "../../protocol/writing.ts";
import { askBackend } from "./effects.ts";
import { callOr, publishing } from "./publish.ts";
import type { Tier } from "./tier.ts";
import { report } from "./tier.ts";
import type { Guard, Writing } from "./write_effects.ts";

/**
 * Takes the write's locks back, publishing what was written where that is known and allowed, and clears the slots of
 * keys that are known only now.
 */
export async function unlockAll<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  attempt: Writing<K, V, A, Err, N>,
  after: "written" | "cleared" | "not written",
  round: "first" | "again",
): Promise<Confirmation> {
  if (round === "first" && after !== "not written") addAlsoWritten(tier, attempt);
  const publish = after === "written" && tier.nextToSource ? publishing(tier, attempt) : () => undefined;
  const open = attempt.guards.filter((guard) => guard.generation !== undefined && !guard.confirmed);
  if (open.length === 0) return confirmed(attempt);
  const requests = open.map((guard) => unlocking(attempt, guard, publish(guard.position)));
  const replies = await askBackend(tier, requests, Infinity);
  open.forEach((guard, i) => takenBack(tier, guard, replies[i]!, round));
  return confirmed(attempt);
}

/** The request that takes a lock back. */
export function unlocking<K, V, P, N, A, Err>(
  { token }: Writing<K, V, A, Err, N>,
  { slot, generation }: Guard<N>,
  written: Stored<P> | undefined,
): Request<P, N> {
  return { slot, operation: { _tag: "unlock", token, generation: generation!, written } };
}

/** Notes what a slot answered to its unlock. */
export function takenBack<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  guard: Guard<N>,
  { _tag }: Reply<P>,
  round: "first" | "again",
): void {
  guard.confirmed = unlocked.has(_tag);
  // The second round finds its lock gone whenever the first one took effect: that is no loss.
  if (round === "first" && guard.generation !== stranger && (_tag === "Lost" || _tag === "Foreign")) {
    report(tier, "LockLost", `the slot of a write answered ${_tag} to its unlock and was emptied`);
  }
}

/** Whether every lock that was placed is known to be taken back. */
export function confirmed<K, V, A, Err, N>({ guards, unnamed }: Writing<K, V, A, Err, N>): Confirmation {
  return !unnamed && guards.every((guard) => guard.generation === undefined || guard.confirmed)
    ? "Confirmed"
    : "Unconfirmed";
}

const unlocked: ReadonlySet<string> = new Set(["Shared", "Published", "Cleared", "Foreign", "Lost"]);

/** The generation of an unlock by somebody who holds no lock: it empties the slot, or marks it contended. */
const stranger = -1;

function addAlsoWritten<K, V, P, N, A, Err>(tier: Tier<K, V, P, N>, attempt: Writing<K, V, A, Err, N>): void {
  const { options: { alsoWritten }, result } = attempt;
  if (alsoWritten === undefined || result._tag === "None") return;
  // Nobody reads what a tier holds that is off, and nobody will.
  if (tier.switched?.mode() === "off") return;
  const own = new Set(attempt.guards.map((guard) => guard.slot));
  const keys = callOr(() => alsoWritten(result.value), undefined);
  if (keys === undefined) attempt.unnamed = true;
  for (const key of keys ?? []) {
    const place = tier.place(key);
    if ("_tag" in place) attempt.unnamed = true;
    for (const slot of "_tag" in place ? [] : place.all) {
      if (own.has(slot)) continue;
      own.add(slot);
      attempt.guards.push({ slot, position: -1, generation: stranger, confirmed: false });
    }
  }
}
