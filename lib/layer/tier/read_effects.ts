import type { Request } from "../../backend/port.ts";
import { late, orLate } from "../../deadline.ts";
import type { Duration } from "../../duration.ts";
import type { ReadingState } from "../../protocol/reading.ts";
import { reading, readingPhases } from "../../protocol/reading.ts";
import type { Operation, Reply, Stored } from "../../protocol/slot.ts";
import { tick } from "../../sequence.ts";
import type { Entry, ReadOptions } from "../../store.ts";
import { askBackend, entriesBelow } from "./effects.ts";
import type { Read } from "./read.ts";
import type { Tier } from "./tier.ts";
import { during, report } from "./tier.ts";

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
      return load(tier, reads, states, options);
    default:
      return conclude(tier, reads, states);
  }
}

async function ask<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  reads: ReadonlyArray<Read<K, V, P, N>>,
  states: ReadonlyArray<ReadingState>,
): Promise<ReadonlyArray<string>> {
  const asOf = tick();
  const sent = tier.clock.now();
  const requests = reads.map((read, i): Request<P, N> => ({
    slot: read.slot,
    operation: asking(read.owner, states[i]!),
  }));
  const replies = await askBackend(tier, requests, reads[0]!.ends - sent);
  const asked = { asOf, took: tier.clock.now() - sent };
  return reads.map((read, i) => heard(tier, read, states[i]!, replies[i]!, asked));
}

/** The question of a state that asks one. */
export function asking<P>(owner: string, state: ReadingState): Operation<P> {
  if (state === "Looking") return looking;
  if (state === "Claiming") return { _tag: "claim", owner };
  return { _tag: "refresh", owner, which: "any" };
}

/** The question that changes nothing. */
export const looking: { readonly _tag: "look" } = { _tag: "look" };

/** When a question was sent, in the order of events, and how many milliseconds its answer took. */
export interface Asked {
  readonly asOf: number;
  readonly took: number;
}

/** What a reply to look, claim or refresh means to the machine. */
export function heard<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  state: ReadingState,
  reply: Reply<P>,
  asked: Asked,
): string {
  // A vacant slot is claimed next, and counted then.
  if (reply._tag !== "Vacant" && (state === "Looking" || state === "Claiming")) countHit(tier, reply._tag === "Hit");
  switch (reply._tag) {
    case "Hit":
      return hit(tier, read, reply.found, asked);
    case "Mine":
      read.generation = reply.generation;
      return "Mine";
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

function hit<K, V, P, N>(tier: Tier<K, V, P, N>, read: Read<K, V, P, N>, stored: Stored<P>, asked: Asked): string {
  const value = tier.unpack(stored.payload);
  if (value._tag === "Left") {
    report(tier, "Unreadable", value.left);
    return "Unreadable";
  }
  read.found = { value: value.right, stored };
  read.asOf = asked.asOf;
  // The server answered at some moment since the question was sent; of what is left, the least is passed on.
  read.until = stored.until - asked.took;
  return "Fresh";
}

/** Loads all that is missing from below in one call, with a claim or without. */
async function load<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  reads: ReadonlyArray<Read<K, V, P, N>>,
  states: ReadonlyArray<ReadingState>,
  options: ReadOptions,
): Promise<ReadonlyArray<string>> {
  const begun = tier.clock.now();
  const left = reads[0]!.ends - begun;
  if (left <= 0) return reads.map(() => "Late");
  const below: ReadOptions = left === Infinity ? options : { ...options, deadline: left as Duration };
  const entries = await orLate(tier.clock, left, entriesBelow(tier.below, reads.map((read) => read.key), below));
  if (entries === late) return reads.map(() => "Late");
  const took = tier.clock.now() - begun;
  return reads.map((read, i) => {
    const entry = entries[i]!;
    if (entry._tag === "Left") {
      read.error = entry.left;
      return "Failed";
    }
    read.loaded = entry.right;
    read.asOf = entry.right.asOf;
    return states[i] === "Bypassing"
      ? keepShort(tier, read, entry.right, took)
      : prepare(tier, read, entry.right, took);
  });
}

/** What is loaded without a claim is not stored here, but must not live longer above than it would have here. */
function keepShort<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  entry: Entry<V>,
  took: number,
): string {
  const lifetime = tier.lifetime(entry.value, read.key);
  read.until = lifetime === "do not store" ? entry.until : Math.min(entry.until, lifetime.until - took);
  return "Loaded";
}

/** Packs a loaded value for its fill, or says that this tier does not take it. */
function prepare<K, V, P, N>(tier: Tier<K, V, P, N>, read: Read<K, V, P, N>, entry: Entry<V>, took: number): string {
  read.until = entry.until;
  const lifetime = tier.lifetime(entry.value, read.key);
  if (lifetime === "do not store") return "Unstorable";
  const packed = tier.pack(entry.value);
  if (packed._tag === "Left") {
    report(tier, "Unstorable", packed.left.reason);
    return "Unstorable";
  }
  // The entry's life here counts from when the tier below was asked. Its age counts from the source's load, which a tier
  // below may have had long before; what that tier allows is in the entry's own `until`.
  const until = Math.min(lifetime.until - took, entry.until);
  if (until <= 0) return "Unstorable";
  const fresh = Math.min(lifetime.fresh - took, until);
  read.until = until;
  read.fill = { payload: packed.right, age: entry.age, fresh, until };
  return "Loaded";
}

/** Fills or releases what the reads own, in one call. */
async function conclude<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  reads: ReadonlyArray<Read<K, V, P, N>>,
  states: ReadonlyArray<ReadingState>,
): Promise<ReadonlyArray<string>> {
  const asOf = tick();
  const sent = tier.clock.now();
  const requests = reads.map((read, i): Request<P, N> => ({
    slot: read.slot,
    operation: concluding(tier, read, states[i]!),
  }));
  // The answer is known already: what is not confirmed by the caller's deadline goes on without the caller.
  const asked = during(tier, askBackend(tier, requests, Infinity));
  const replies = await orLate(tier.clock, reads[0]!.ends - sent, asked);
  if (replies === late) return reads.map(() => "Unreachable");
  const took = tier.clock.now() - sent;
  return reads.map((read, i) => {
    const reply = replies[i]!;
    if (reply._tag === "Filled") {
      read.until = Math.min(read.until, reply.until) - took;
      // No writer came between the claim and the fill, so the value was current when the fill took effect.
      if (tier.nextToSource) read.asOf = asOf;
    }
    return reply._tag in reading[states[i]!] ? reply._tag : "Unreachable";
  });
}

function concluding<K, V, P, N>(tier: Tier<K, V, P, N>, read: Read<K, V, P, N>, state: ReadingState): Operation<P> {
  const { owner, generation } = read;
  if (state === "Filling") return { _tag: "fill", owner, generation, stored: read.fill! };
  // Readers of a value that cannot be stored do not take turns for as long as a claim would have held them up.
  return { _tag: "release", owner, generation, pass: state === "Passing" ? tier.lease : 0 };
}
