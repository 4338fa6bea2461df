import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { Request } from "../../backend/port.ts";
import type { ReadingState } from "../../protocol/reading.ts";
import type { Operation, Reply } from "../../protocol/slot.ts";
import { tick } from "../../sequence.ts";
import type { ReadOptions } from "../../store.ts";
import { asking } from "./ask.ts";
import { askOnce, noted } from "./ask_once.ts";
import { rejected } from "./effects.ts";
import type { FirstState } from "./first.ts";
import { firstStep, hitOf, shardOf, startOf } from "./first.ts";
import { makeRead } from "./read.ts";
import { goThrough } from "./run_one.ts";
import type { Tier } from "./tier.ts";
import { closedError, leave, verdictOf } from "./tier.ts";
import type { Hit, Wanted } from "./wanted.ts";

/** A read that asks its first question. */
interface Glance<K, V, P, N, A> {
  readonly tier: Tier<K, V, P, N>;
  readonly asOf: number;
  readonly sent: number;
  readonly key: K;
  readonly slot: N;
  readonly state: FirstState;
  readonly owner: string;
  readonly ends: number;
  readonly options: ReadOptions;
  readonly wanted: Wanted<V, A>;
}

/**
 * Reads one key. Its first question needs none of what batches do, and a hit ends there; any other answer goes the
 * machine's way.
 */
export function readOne<K, V, P, N, A>(
  tier: Tier<K, V, P, N>,
  key: K,
  options: ReadOptions,
  wanted: Wanted<V, A>,
): Promise<A> {
  if (tier.closed) return Promise.resolve(wanted.ofError(E.left(closedError(tier))));
  const place = tier.place(key);
  if ("_tag" in place) return Promise.resolve(wanted.ofError(E.left(place)));
  tier.open++;
  const slot = place.all[shardOf(place.reads)]!;
  if (place.reads === 0) return goAll(tier, key, slot, "Bypassing", options, wanted);
  if (mayJoin(tier, slot, options)) return goAll(tier, key, slot, "Waiting", options, wanted);
  // A hit of a region is one only in the epoch of now, which takes more than a glance.
  if (tier.sealing !== undefined) return goAll(tier, key, slot, startOf(tier, 1, options), options, wanted);
  return begin(tier, key, slot, options, wanted);
}

/** Whether a load of this process is under way that the read may wait for before it asks anything. */
function mayJoin<K, V, P, N>(tier: Tier<K, V, P, N>, slot: N, options: ReadOptions): boolean {
  if (tier.flights.size === 0 || tier.policy.wait === 0 || options.force === true) return false;
  if (tier.switched !== undefined && tier.switched.mode() !== "on") return false;
  return tier.flights.get(slot)?.isRenewal === false;
}

function goAll<K, V, P, N, A>(
  tier: Tier<K, V, P, N>,
  key: K,
  slot: N,
  from: ReadingState,
  options: ReadOptions,
  wanted: Wanted<V, A>,
): Promise<A> {
  const read = makeRead<K, V, P, N>(key, slot, tier.nonce(), tick(), endsOf(tier, options));
  // For one that waits, or passes the tier; others hear anew.
  read.because = from === "Bypassing" ? "Pass" : "Busy";
  return new Promise((resolve, reject) => goThrough(tier, read, from, options, wanted, resolve, reject));
}

function endsOf<K, V, P, N>({ clock }: Tier<K, V, P, N>, { deadline }: ReadOptions): number {
  return deadline === undefined ? Infinity : clock.now() + deadline;
}

function begin<K, V, P, N, A>(
  tier: Tier<K, V, P, N>,
  key: K,
  slot: N,
  options: ReadOptions,
  wanted: Wanted<V, A>,
): Promise<A> {
  const ends = endsOf(tier, options);
  const state = startOf(tier, 1, options);
  const owner = state === "Looking" ? "" : tier.nonce();
  const asOf = tick();
  const operation = asking<P>(owner, state);
  if (tier.backend.run.one === undefined) {
    return later({ tier, asOf, sent: tier.turn(), key, slot, state, owner, ends, options, wanted }, operation);
  }
  try {
    const reply = question(tier, key, { slot, operation }, Infinity, nobody)!;
    const value = hitOf(tier, state, reply);
    if (value !== undefined && reply._tag === "Hit") {
      return Promise.resolve(hit(tier, value, reply, wanted, asOf, undefined));
    }
    const read = makeRead<K, V, P, N>(key, slot, owner === "" ? tier.nonce() : owner, asOf, ends);
    const from = firstStep(tier, read, state, reply, { asOf, took: 0 });
    return new Promise((resolve, reject) => goThrough(tier, read, from, options, wanted, resolve, reject));
  } catch (cause) {
    leave(tier);
    return Promise.reject(cause);
  }
}

function later<K, V, P, N, A>(self: Glance<K, V, P, N, A>, operation: Operation<P>): Promise<A> {
  const { tier, key, slot, options } = self;
  return new Promise((resolve, reject) => {
    const hear = (reply: Reply<P>): void => answered(self, reply, resolve, reject);
    const reply = question(tier, key, { slot, operation }, options.deadline ?? Infinity, hear);
    if (reply !== undefined) hear(reply);
  });
}

/** What is answered at once is not heard later. */
function nobody(): void {}

/** Asks what the read wants to know first. */
function question<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  key: K,
  request: Request<P, N>,
  left: number,
  hear: (reply: Reply<P>) => void,
): Reply<P> | undefined {
  try {
    tier.asks?.(key, request.slot);
  } catch (cause) {
    return noted(tier, rejected<P, N>(tier, 1, cause)[0]!);
  }
  return askOnce(tier, request, left, hear);
}

function answered<K, V, P, N, A>(
  self: Glance<K, V, P, N, A>,
  reply: Reply<P>,
  resolve: (answer: A) => void,
  reject: (cause: unknown) => void,
): void {
  const { tier, key, slot, state, asOf, sent, options, wanted } = self;
  try {
    const value = hitOf(tier, state, reply);
    if (value !== undefined && reply._tag === "Hit") return resolve(hit(tier, value, reply, wanted, asOf, sent));
    const owner = self.owner === "" ? tier.nonce() : self.owner;
    const read = makeRead<K, V, P, N>(key, slot, owner, asOf, self.ends);
    const from = firstStep(tier, read, state, reply, { asOf, took: tier.moment() - sent });
    goThrough(tier, read, from, options, wanted, resolve, reject);
  } catch (cause) {
    leave(tier);
    reject(cause);
  }
}

/** The read ends with its first answer. */
function hit<K, V, P, N, A>(
  tier: Tier<K, V, P, N>,
  value: E.Right<Option<V>>,
  reply: Hit,
  wanted: Wanted<V, A>,
  asOf: number,
  sent: number | undefined,
): A {
  // Who asks a foreign backend for its level may fail, and has not left then.
  const verdict = wanted.wants === "value" ? undefined : verdictOf(tier, tier.hit);
  leave(tier);
  if (verdict === undefined) return wanted.ofHit(value, reply, undefined);
  const took = sent === undefined ? 0 : tier.moment() - sent;
  return wanted.ofHit(value, reply, { asOf, took, verdict });
}
