import type { Request } from "../../backend/port.ts";
import { late, orLate } from "../../deadline.ts";
import type { AnyTable } from "../../protocol/machine.ts";
import type { ReadingState } from "../../protocol/reading.ts";
import { reading } from "../../protocol/reading.ts";
import type { Operation, Reply } from "../../protocol/slot.ts";
import { tick } from "../../sequence.ts";
import type { Question } from "./ask.ts";
import { askBackend } from "./effects.ts";
import type { Read } from "./read.ts";
import { isSameEpoch } from "./epoch.ts";
import { epochNow } from "./region.ts";
import type { Tier } from "./tier.ts";
import { during } from "./tier.ts";

/** Fills or releases what the reads own, in one call. */
export async function conclude<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  reads: ReadonlyArray<Read<K, V, P, N>>,
  states: ReadonlyArray<ReadingState>,
): Promise<ReadonlyArray<string>> {
  // Known since the read's question; where it is so no longer, nothing is filled.
  const fills = tier.switched === undefined || tier.switched.mode() === "on";
  const asOf = tick();
  const sent = tier.clock.now();
  const requests = reads.map((read, i): Request<P, N> => ({
    slot: read.slot,
    operation: concluding(read, fills ? states[i]! : "Releasing"),
  }));
  // The answer is known already: what is not confirmed by the caller's deadline goes on without the caller.
  const asked = during(tier, askBackend(tier, requests, Infinity));
  const region = tier.sealing?.region;
  const epoch = region === undefined ? undefined : epochNow(region, reads[0]!.ends - sent);
  const replies = await orLate(tier.clock, reads[0]!.ends - sent, asked);
  if (replies === late) return reads.map(() => "Unreachable");
  const now = await epoch;
  const took = tier.clock.now() - sent;
  return reads.map((read, i) => {
    const reply = replies[i]!;
    // What was loaded in an earlier world is in nobody's way, and no news to those who wait.
    if (reply._tag === "Filled" && region !== undefined && !isSameEpoch(read.epoch, now)) return "Refused";
    return concluded(tier, read, states[i]!, reply, { asOf, took });
  });
}

/** What a reply to a fill or a release means to the machine. */
export function concluded<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  state: ReadingState,
  reply: Reply<P>,
  { asOf, took }: Question,
): string {
  if (reply._tag === "Filled") {
    read.until = Math.min(read.until, reply.until) - took;
    // No writer came between the claim and the fill, so the value was current when the fill took effect.
    if (tier.nextToSource) read.asOf = asOf;
  }
  const known: AnyTable = reading;
  return known[state]![reply._tag] === undefined ? "Unreachable" : reply._tag;
}

/** The fill or release of a state that asks for one. */
export function concluding<K, V, P, N>(read: Read<K, V, P, N>, state: ReadingState): Operation<P> {
  const { owner, generation } = read;
  if (state === "Filling") return { _tag: "fill", owner, generation, stored: read.fill! };
  return { _tag: "release", owner, generation, pass: state === "Passing" ? read.pass : 0 };
}
