import type { Either } from "fp-ts/lib/Either.js";
import type { CacheError } from "../../cache_error.ts";
import { late, orLate } from "../../deadline.ts";
import type { Duration } from "../../duration.ts";
import type { ReadingState } from "../../protocol/reading.ts";
import { tick } from "../../sequence.ts";
import type { Entry, ReadOptions } from "../../store.ts";
import { entriesBelow } from "./effects.ts";
import { forgetFailure, noteFailure, restOf } from "./failures.ts";
import { disembark, isOwn } from "./flight.ts";
import { remaining } from "./lifetime.ts";
import type { Read } from "./read.ts";
import type { Tier } from "./tier.ts";
import { report } from "./tier.ts";

/** A read that loads, and what it does. */
interface Loader<K, V, P, N> {
  readonly read: Read<K, V, P, N>;
  readonly state: ReadingState;
}

/** Loads all that is missing from below in one call: with a claim, with a mark, or without. */
export async function load<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  reads: ReadonlyArray<Read<K, V, P, N>>,
  states: ReadonlyArray<ReadingState>,
  options: ReadOptions,
): Promise<ReadonlyArray<string>> {
  // Who bypasses the tier may have waited, for others too; nobody waits for what it loads.
  reads.forEach((read, i) => states[i] === "Bypassing" && disembark(tier, read));
  const replies = reads.map((read, i) => withoutLoad(tier, read, states[i]!));
  const open = replies.flatMap((reply, i) => reply === undefined ? [i] : []);
  if (open.length === 0) return replies as ReadonlyArray<string>;
  const loaded = await loadAll(tier, open.map((i) => ({ read: reads[i]!, state: states[i]! })), options);
  open.forEach((i, at) => replies[i] = loaded[at]!);
  return replies as ReadonlyArray<string>;
}

/** What is known without asking below: a caller that has a value at hand does not wait, and loads rest after a failure. */
export function withoutLoad<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  state: ReadingState,
): string | undefined {
  if (state === "Renewing" && !read.answered && servesAtOnce(tier, read)) return "Slow";
  const error = read.renewal === undefined ? restOf(tier, read.slot) : undefined;
  return error === undefined ? undefined : failed(tier, read, state, "Failed", error);
}

/** Whether the caller of a renewal has its answer before the load begins. */
function servesAtOnce<K, V, P, N>({ policy }: Tier<K, V, P, N>, { found }: Read<K, V, P, N>): boolean {
  return policy.onStale === "serve" || policy.soft === 0 || found!.stored.fresh > 0;
}

async function loadAll<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  loaders: ReadonlyArray<Loader<K, V, P, N>>,
  options: ReadOptions,
): Promise<ReadonlyArray<string>> {
  const begun = tier.clock.now();
  const { hard, soft } = tier.policy;
  const { answered, ends } = loaders[0]!.read;
  // What nobody waits for any more is of no use once its claim is over.
  const most = Math.min(hard, answered ? tier.lease : ends - begun);
  const renewsOnly = loaders.every(({ state }) => state === "Renewing");
  const entries = startLoads(tier, loaders, renewsOnly ? {} : options, most);
  const wait = renewsOnly && !answered ? Math.min(soft, most) : most;
  const results = wait <= 0 ? late : await orLate(tier.clock, wait, Promise.all(entries));
  if (results === late) return loaders.map((loader, i) => slow(tier, loader, entries[i]!, wait < hard, begun));
  const took = tier.clock.now() - begun;
  if (loaders.some(({ read }) => read.renewal === undefined)) noteTime(tier, took);
  return loaders.map(({ read, state }, i) =>
    ended(tier, read, state, results[i]!, read.renewal === undefined ? took : begun + took - read.begun)
  );
}

/** Notes how long a load took; the average goes over some 16 of them. */
export function noteTime<K, V, P, N>(tier: Tier<K, V, P, N>, took: number): void {
  tier.loadTime += (took - tier.loadTime) / (tier.loadTime === 0 ? 1 : 16);
}

/** One load for all, but for those that are under way already. */
function startLoads<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  loaders: ReadonlyArray<Loader<K, V, P, N>>,
  options: ReadOptions,
  most: number,
): ReadonlyArray<Promise<Either<CacheError, Entry<V>>>> {
  const asked = tick();
  const missing = loaders.flatMap(({ read }) => {
    if (read.renewal !== undefined) return [];
    read.asked = asked;
    return [read.key];
  });
  const below: ReadOptions = most === Infinity ? options : { ...options, deadline: Math.max(0, most) as Duration };
  const joint = missing.length === 0 || most <= 0 ? undefined : entriesBelow(tier.below, missing, below);
  let next = 0;
  return loaders.map(({ read }) => {
    const at = read.renewal === undefined ? next++ : -1;
    return read.renewal ?? (joint === undefined ? never : joint.then((entries) => entries[at]!));
  });
}

const never = new Promise<never>(() => {});

/** A load that took longer than somebody waits for it. */
function slow<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  loader: Loader<K, V, P, N>,
  entry: Promise<Either<CacheError, Entry<V>>>,
  goesOn: boolean,
  begun: number,
): string {
  const { read, state } = loader;
  if (state === "Renewing" && !read.answered && goesOn) {
    if (entry !== never) {
      read.renewal = entry;
      read.begun = begun;
    }
    return "Slow";
  }
  if (!goesOn || read.answered) noteFailure(tier, read.slot, read.error);
  return failed(tier, read, state, "Late", read.error);
}

/** What a load that has ended means to the machine. */
export function ended<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  state: ReadingState,
  entry: Either<CacheError, Entry<V>>,
  took: number,
): string {
  if (entry._tag === "Left") {
    read.error = entry.left;
    if (!isOwn(tier, read)) noteFailure(tier, read.slot, entry.left);
    return failed(tier, read, state, "Failed", entry.left);
  }
  forgetFailure(tier, read.slot);
  read.loaded = entry.right;
  read.asOf = entry.right.asOf;
  return state === "Bypassing" ? keepShort(tier, read, entry.right, took) : prepare(tier, read, entry.right, took);
}

/** A failed load; with a value at hand it may be excused. */
function failed<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  state: ReadingState,
  reply: "Failed" | "Late",
  error: CacheError,
): string {
  read.error = error;
  if (state !== "Renewing") return reply;
  if (!isOwn(tier, read)) report(tier, "RenewalFailed", `an entry could not be renewed: ${error._tag}`);
  return tier.policy.onFailure === "serve" ? "Excused" : reply;
}

/** What is loaded without a claim is not stored here, but must not live longer above than it would have here. */
function keepShort<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  entry: Entry<V>,
  took: number,
): string {
  const lifetime = tier.lifetime(entry.value, read.key);
  read.until = lifetime === "do not store" ? entry.until : remaining(lifetime, took, entry).until;
  return "Loaded";
}

/** Milliseconds: to pass readers for however short a time empties a slot. */
const leastPass = 1;

/** Packs a loaded value for its fill, or says that this tier does not take it. */
function prepare<K, V, P, N>(tier: Tier<K, V, P, N>, read: Read<K, V, P, N>, entry: Entry<V>, took: number): string {
  read.until = entry.until;
  // Readers of a value that cannot be stored do not take turns for as long as a claim would have held them up.
  read.pass = tier.lease;
  if (tier.keeps?.(entry, read.asked) === false) {
    // The next reader may find what can be kept; what is older than what was loaded must not stay.
    read.pass = read.replaces ? leastPass : 0;
    return "Unstorable";
  }
  const lifetime = tier.lifetime(entry.value, read.key);
  if (lifetime === "do not store") return "Unstorable";
  if (tier.sealing !== undefined && read.epoch === undefined) {
    read.pass = 0;
    return "Unstorable";
  }
  const packed = tier.pack(entry.value);
  if (packed._tag === "Left") {
    report(tier, "Unstorable", packed.left.reason);
    return "Unstorable";
  }
  // The entry's life here counts from when the tier below was asked. Its age counts from the source's load, which a tier
  // below may have had long before; what that tier allows is in what it says of the entry.
  const { fresh, until } = remaining(lifetime, took, entry);
  if (until <= 0) {
    // What the tier below has only in its grace will be fresh there soon.
    if (entry.fresh <= 0) read.pass = 0;
    return "Unstorable";
  }
  read.until = until;
  const payload = read.epoch === undefined
    ? packed.right
    : tier.sealing?.seal(packed.right, read.epoch) ?? packed.right;
  read.fill = { payload, age: entry.age, fresh, until };
  return "Loaded";
}
