import type { Request } from "../../backend/port.ts";
import type { ReadingState } from "../../protocol/reading.ts";
import type { Operation, Reply, Stored } from "../../protocol/slot.ts";
import { tick } from "../../sequence.ts";
import { askBackend } from "./effects.ts";
import { restOf } from "./failures.ts";
import { board } from "./flight.ts";
import type { Read } from "./read.ts";
import { epochNow } from "./region.ts";
import { learned } from "./switched.ts";
import type { Tier } from "./tier.ts";
import { report } from "./tier.ts";

/** Asks the slots of reads what their states want to know. */
export async function ask<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  reads: ReadonlyArray<Read<K, V, P, N>>,
  states: ReadonlyArray<ReadingState>,
): Promise<ReadonlyArray<string>> {
  const { switched } = tier;
  if (switched !== undefined) {
    await learned(tier, reads[0]!.ends - tier.clock.now());
    // Nothing else runs between this and what is sent, so that its place in the order of events is one at which it is on.
    if (switched.mode() !== "on") return reads.map((read) => read.because = "Pass");
  }
  const asOf = tick();
  const sent = tier.clock.now();
  const requests = reads.map((read, i): Request<P, N> => ({
    slot: read.slot,
    operation: asking(read.owner, states[i]!),
  }));
  if (tier.asks !== undefined) { for (const { key, slot } of reads) tier.asks(key, slot); }
  const left = reads[0]!.ends - sent;
  const { sealing } = tier;
  if (sealing === undefined) {
    const replies = await askBackend(tier, requests, left);
    const asked = { asOf, took: tier.clock.now() - sent };
    return reads.map((read, i) => heard(tier, read, states[i]!, replies[i]!, asked));
  }
  // In any order: an entry that was seen before the epoch changed is of a world that this read may still be in, and what
  // is claimed now is loaded after both answers.
  const [epoch, replies] = await Promise.all([epochNow(sealing.region, left), askBackend(tier, requests, left)]);
  for (const read of reads) read.epoch = epoch;
  const asked = { asOf, took: tier.clock.now() - sent };
  return reads.map((read, i) => heard(tier, read, states[i]!, replies[i]!, asked));
}

/** The question of a state that asks one. */
export function asking<P>(owner: string, state: ReadingState): Operation<P> {
  switch (state) {
    case "Looking":
      return looking;
    case "Claiming":
      return { _tag: "claim", owner };
    case "Refreshing":
      return { _tag: "refresh", owner, which: "expired" };
    default:
      return { _tag: "refresh", owner, which: "any" };
  }
}

/** The question that changes nothing. */
export const looking: { readonly _tag: "look" } = { _tag: "look" };

/** When a question was sent, in the order of events, and how many milliseconds its answer took. */
export interface Question {
  readonly asOf: number;
  readonly took: number;
}

/** What a reply to a question means to the machine. */
export function heard<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  state: ReadingState,
  reply: Reply<P>,
  asked: Question,
): string {
  // A vacant slot is claimed next, and counted then.
  if (reply._tag !== "Vacant" && (state === "Looking" || state === "Claiming")) countHit(tier, reply._tag === "Hit");
  const isKnown = tier.sealing === undefined || read.epoch !== undefined;
  switch (reply._tag) {
    case "Hit":
      if (!isKnown) break;
      // Of an entry whose epoch nobody tells of, nobody tells when it ends.
      read.watched = reply.watched === true && read.epoch?.watched !== false;
      return found(tier, read, reply.found, asked) ? seen(tier, read, state, reply.found) : "Unreadable";
    case "Mine": {
      read.watched = false;
      read.replaces = reply.found !== undefined;
      read.generation = reply.generation;
      const renews = state === "Refreshing" || state === "Anticipating";
      // One that does not want what is there leaves it to the others.
      const leaves = renews || state === "Forcing";
      const isThere = isKnown && leaves && reply.found !== undefined && found(tier, read, reply.found, asked);
      board(tier, read, isThere);
      return isThere && renews ? "Marked" : "Mine";
    }
    case "Busy":
    case "Guarded":
    case "Pass":
      read.because = reply._tag;
      return reply._tag;
    case "Vacant":
      if (state === "Looking") return "Vacant";
  }
  read.because = "Unreachable";
  return "Unreachable";
}

/** Notes how a read began; the average goes over some 64 of them. */
export function countHit<K, V, P, N>(tier: Tier<K, V, P, N>, isHit: boolean): void {
  tier.hitShare += ((isHit ? 1 : 0) - tier.hitShare) / 64;
}

/** Takes the entry that a slot holds, if it can be read. */
function found<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  stored: Stored<P>,
  asked: Question,
): boolean {
  const opened = read.epoch === undefined ? undefined : tier.sealing?.open(stored.payload, read.epoch);
  // What belongs to an earlier world is replaced like what cannot be read, but is no fault.
  if (opened?.world === "past") return false;
  const value = tier.unpack(opened?.payload ?? stored.payload);
  if (value._tag === "Left") {
    report(tier, "Unreadable", value.left);
    return false;
  }
  read.found = { value: value.right, stored: opened?.world === "stale" ? { ...stored, fresh: 0 } : stored };
  read.asOf = asked.asOf;
  // The server answered at some moment since the question was sent; of what is left, the least is passed on.
  read.until = stored.until - asked.took;
  return true;
}

/** What an entry that can be read means to a state. */
function seen<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  { slot, found }: Read<K, V, P, N>,
  state: ReadingState,
  stored: Stored<P>,
): string {
  const { isDue, onStale } = tier.policy;
  const { fresh, age } = found!.stored;
  switch (state) {
    case "Looking":
    case "Claiming":
      // What the slot itself takes for fresh is marked only by who wants it renewed in any case.
      if (fresh <= 0) return restOf(tier, slot) !== undefined ? "Kept" : stored.fresh > 0 ? "Due" : "Stale";
      return isDue?.(fresh, age, tier.loadTime) === true && restOf(tier, slot) === undefined ? "Due" : "Fresh";
    case "Refreshing":
    case "Anticipating":
      return fresh > 0 ? "Fresh" : onStale === "wait" ? "Awaited" : "Stale";
    default:
      return fresh > 0 ? "Fresh" : "Stale";
  }
}
