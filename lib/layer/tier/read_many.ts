import * as E from "fp-ts/lib/Either.js";
import type { Request } from "../../backend/port.ts";
import { runMany } from "../../protocol/machine.ts";
import type { ReadingEnd, ReadingState } from "../../protocol/reading.ts";
import { reading, readingPhases } from "../../protocol/reading.ts";
import type { Reply } from "../../protocol/slot.ts";
import { tick } from "../../sequence.ts";
import type { ReadOptions } from "../../store.ts";
import { askBackend } from "./effects.ts";
import type { FirstState } from "./first.ts";
import { firstStep, hitOf, logOf, shardOf, startOf } from "./first.ts";
import { makeRead } from "./read.ts";
import { looking } from "./ask.ts";
import { finish, perform } from "./read_effects.ts";
import type { Tier } from "./tier.ts";
import { closedError, verdictOf } from "./tier.ts";
import type { Asked, Wanted } from "./wanted.ts";

/** A read of many keys under way. */
interface Batch<K, V, A> {
  readonly keys: ReadonlyArray<K>;
  readonly options: ReadOptions;
  readonly wanted: Wanted<V, A>;
  readonly ends: number;
  readonly answers: Array<A>;
}

/**
 * Keys of a batch that this tier is asked for, each with its position. Requests are made for each question anew: the runtime
 * puts all objects of a kind that once lived long among the old ones from then on, also those of the hits.
 */
interface Asking<P, N> {
  readonly positions: Array<number>;
  readonly slots: Array<N>;
}

/** What the slots said to the first looks. */
interface Looked<P> {
  readonly replies: ReadonlyArray<Reply<P>>;
  readonly asked: Asked;
}

/** Reads many keys, each once. */
export async function readMany<K, V, P, N, A>(
  tier: Tier<K, V, P, N>,
  keys: ReadonlyArray<K>,
  options: ReadOptions,
  wanted: Wanted<V, A>,
): Promise<ReadonlyArray<A>> {
  if (areDistinct(keys)) return await readDistinct(tier, keys, options, wanted);
  const distinct: Array<K> = [];
  const known = new Map<unknown, number>();
  const places = keys.map((key) => {
    const id = tier.identify(key);
    const same = known.get(id);
    if (same !== undefined) return same;
    known.set(id, distinct.length);
    return distinct.push(key) - 1;
  });
  const answers = await readDistinct(tier, distinct, options, wanted);
  return places.map((place) => answers[place]!);
}

/** Whether keys certainly differ. To tell primitives apart costs a tenth of telling apart what they are encoded as. */
function areDistinct(keys: ReadonlyArray<unknown>): boolean {
  return areAscending(keys) || (keys.every((key) => typeof key !== "object") && new Set(keys).size === keys.length);
}

/** Whether keys are numbers, or strings, in ascending order, as rows often come: that shows without a set. */
function areAscending(keys: ReadonlyArray<unknown>): boolean {
  const kind = typeof keys[0];
  if (kind !== "number" && kind !== "string") return false;
  for (let i = 1; i < keys.length; i++) {
    if (typeof keys[i] !== kind || !((keys[i - 1] as string) < (keys[i] as string))) return false;
  }
  return true;
}

/** The reads in lock step; those that a look finds are answered without a machine of their own. */
async function readDistinct<K, V, P, N, A>(
  tier: Tier<K, V, P, N>,
  keys: ReadonlyArray<K>,
  options: ReadOptions,
  wanted: Wanted<V, A>,
): Promise<ReadonlyArray<A>> {
  if (tier.closed) return keys.map(() => wanted.ofError(E.left(closedError(tier))));
  const ends = options.deadline === undefined ? Infinity : tier.clock.now() + options.deadline;
  const batch: Batch<K, V, A> = { keys, options, wanted, ends, answers: new Array(keys.length) };
  const asking: Asking<P, N> = { positions: [], slots: [] };
  const passing: Asking<P, N> = { positions: [], slots: [] };
  for (let i = 0; i < keys.length; i++) {
    const place = tier.place(keys[i]!);
    if ("_tag" in place) batch.answers[i] = wanted.ofError(E.left(place));
    else {
      const { positions, slots } = place.reads === 0 ? passing : asking;
      positions.push(i);
      slots.push(place.all[shardOf(place.reads)]!);
    }
  }
  if (asking.positions.length > 0) await readHere(tier, batch, asking, passing);
  else if (passing.positions.length > 0) await goOn(tier, batch, [], passing, "Bypassing");
  return batch.answers;
}

async function readHere<K, V, P, N, A>(
  tier: Tier<K, V, P, N>,
  batch: Batch<K, V, A>,
  asking: Asking<P, N>,
  passing: Asking<P, N>,
): Promise<void> {
  const { positions, slots } = asking;
  const start = startOf(tier, positions.length, batch.options);
  if (start !== "Looking" || tier.sealing !== undefined) {
    return await goOn(tier, batch, placesOf(asking, positions.map((_, i) => i)), passing, start);
  }
  const looked = await look(tier, slots.map((slot) => ({ slot, operation: looking })), batch.ends);
  const missed: Array<number> = [];
  for (let i = 0; i < positions.length; i++) {
    const reply = looked.replies[i]!;
    const value = hitOf(tier, start, reply);
    if (value === undefined || reply._tag !== "Hit") missed.push(i);
    else batch.answers[positions[i]!] = batch.wanted.ofHit(value, reply, looked.asked);
  }
  if (missed.length + passing.positions.length === 0) return;
  const from = { ...looked, replies: missed.map((i) => looked.replies[i]!) };
  await goOn(tier, batch, placesOf(asking, missed), passing, from);
}

/** A key of a batch, and the slot that is asked for it. */
interface Placed<N> {
  readonly position: number;
  readonly slot: N;
}

function placesOf<P, N>({ positions, slots }: Asking<P, N>, which: ReadonlyArray<number>): Array<Placed<N>> {
  return which.map((i) => ({ position: positions[i]!, slot: slots[i]! }));
}

async function look<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  requests: ReadonlyArray<Request<P, N>>,
  ends: number,
): Promise<Looked<P>> {
  const asOf = tick();
  const sent = tier.clock.now();
  const replies = await askBackend(tier, requests, ends - sent);
  return { replies, asked: { asOf, took: tier.clock.now() - sent, verdict: verdictOf(tier, tier.hit) } };
}

/**
 * The machines of the keys that no look answered: from the start, or from what was answered. Those whose readers pass the
 * tier are loaded with the misses.
 */
async function goOn<K, V, P, N, A>(
  tier: Tier<K, V, P, N>,
  { keys, options, wanted, ends, answers }: Batch<K, V, A>,
  missed: ReadonlyArray<Placed<N>>,
  passing: Asking<P, N>,
  from: FirstState | "Bypassing" | Looked<P>,
): Promise<void> {
  const began = typeof from === "string" ? tick() : from.asked.asOf;
  const places = [...missed, ...placesOf(passing, passing.positions.map((_, i) => i))];
  const reads = places.map(({ position, slot }) =>
    makeRead<K, V, P, N>(keys[position]!, slot, tier.nonce(), began, ends)
  );
  const states = reads.map((read, at): ReadingState => {
    if (at < missed.length && typeof from === "string") return from;
    if (at < missed.length && typeof from !== "string") {
      return firstStep(tier, read, "Looking", from.replies[at]!, from.asked);
    }
    read.because = "Pass";
    return "Bypassing";
  });
  const reached = await runMany<ReadingState, ReadingEnd>(
    reading,
    states,
    readingPhases,
    (at, pending) => perform(tier, at.map((i) => reads[i]!), pending, options),
    logOf(tier),
  );
  reached.forEach((end, at) => answers[places[at]!.position] = wanted.ofEnd(tier, reads[at]!, end));
  finish(tier, reads, reached);
}
