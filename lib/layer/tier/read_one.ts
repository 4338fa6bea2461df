import * as E from "fp-ts/lib/Either.js";
import type { Cancel } from "../../clock.ts";
import { run } from "../../protocol/machine.ts";
import type { ReadingEnd, ReadingState } from "../../protocol/reading.ts";
import { reading } from "../../protocol/reading.ts";
import type { Reply } from "../../protocol/slot.ts";
import { tick } from "../../sequence.ts";
import type { ReadOptions } from "../../store.ts";
import { callOf, checked, noAnswer, rejected } from "./effects.ts";
import type { FirstState } from "./first.ts";
import { firstStep, hitOf, logOf, shardOf, startOf } from "./first.ts";
import { endOf, makeRead, type Read } from "./read.ts";
import { asking } from "./ask.ts";
import { send } from "./joint.ts";
import { finish, perform } from "./read_effects.ts";
import type { Tier } from "./tier.ts";
import { closedError, leave, report, verdictOf } from "./tier.ts";
import type { Asked, Wanted } from "./wanted.ts";

/** A read whose first question is under way. */
interface Glance<K, V, P, N, A> {
  readonly asOf: number;
  readonly sent: number;
  readonly key: K;
  readonly slot: N;
  readonly state: FirstState;
  readonly owner: string;
  readonly ends: number;
  readonly options: ReadOptions;
  readonly wanted: Wanted<V, A>;
  readonly patience: Patience<K, V, P, N>;
  resolve(answer: A | Promise<A>): void;
  over: boolean;
}

/** The glances of one turn that wait equally long: they share one appointment, since one for each costs a tenth of a hit. */
export interface Patience<K, V, P, N> {
  readonly turn: number;
  readonly within: number;
  readonly waiting: Array<Glance<K, V, P, N, unknown>>;
  open: number;
  cancel: Cancel;
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
  if (tier.closed) return Promise.resolve(wanted.ofEnd(E.left(closedError(tier))));
  const place = tier.place(key);
  if ("_tag" in place) return Promise.resolve(wanted.ofEnd(E.left(place)));
  tier.open++;
  const slot = place.all[shardOf(place.reads)]!;
  if (place.reads === 0) return goAll(tier, key, slot, "Bypassing", options, wanted);
  if (mayJoin(tier, slot, options)) return goAll(tier, key, slot, "Waiting", options, wanted);
  // A hit of a region is one only in the epoch of now, which takes more than a glance.
  if (tier.sealing !== undefined) return goAll(tier, key, slot, startOf(tier, 1, options), options, wanted);
  return new Promise((resolve) => begin(tier, key, slot, options, wanted, resolve));
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
  const ends = options.deadline === undefined ? Infinity : tier.clock.now() + options.deadline;
  const read = makeRead<K, V, P, N>(key, slot, tier.nonce(), tick(), ends);
  // For one that waits, or passes the tier; others hear anew.
  read.because = from === "Bypassing" ? "Pass" : "Busy";
  return goThrough(tier, read, from, options, wanted);
}

function begin<K, V, P, N, A>(
  tier: Tier<K, V, P, N>,
  key: K,
  slot: N,
  options: ReadOptions,
  wanted: Wanted<V, A>,
  resolve: (answer: A | Promise<A>) => void,
): void {
  const { deadline } = options;
  const call = deadline === undefined ? tier.call : callOf(tier, deadline);
  const ends = deadline === undefined ? Infinity : tier.clock.now() + deadline;
  const state = startOf(tier, 1, options);
  const owner = state === "Looking" ? "" : tier.nonce();
  const patience = shareTurn(tier, call.within);
  const sent = patience.turn;
  const self: Glance<K, V, P, N, A> = {
    asOf: tick(),
    sent,
    key,
    slot,
    state,
    owner,
    ends,
    options,
    wanted,
    patience,
    resolve,
    over: false,
  };
  patience.waiting.push(self);
  patience.open++;
  const answer = (replies: unknown): void => answered(tier, self, checked(tier, 1, replies)[0]!);
  const fail = (cause: unknown): void => answered(tier, self, rejected(tier, 1, cause)[0]!);
  try {
    tier.asks?.(key, slot);
    Promise.resolve(send(tier, [{ slot, operation: asking(owner, state) }], call)).then(answer, fail);
  } catch (cause) {
    fail(cause);
  }
}

function shareTurn<K, V, P, N>(tier: Tier<K, V, P, N>, within: number): Patience<K, V, P, N> {
  const turn = tier.turn();
  const known = tier.patience;
  // One whose glances are all over has given its appointment up.
  if (known !== undefined && known.turn === turn && known.within === within && known.open > 0) return known;
  const made: Patience<K, V, P, N> = {
    turn,
    within,
    waiting: [],
    open: 0,
    // A backend's own deadline, at the same moment, comes first: it knows better why there is no answer.
    cancel: tier.clock.after(within, () => made.cancel = tier.clock.after(0, () => expire(tier, made))),
  };
  return tier.patience = made;
}

function expire<K, V, P, N>(tier: Tier<K, V, P, N>, { waiting, within }: Patience<K, V, P, N>): void {
  for (const each of waiting) answered(tier, each, noAnswer<P>(1, within)[0]!);
}

function answered<K, V, P, N, A>(tier: Tier<K, V, P, N>, self: Glance<K, V, P, N, A>, reply: Reply<P>): void {
  if (self.over) return;
  self.over = true;
  if (--self.patience.open === 0) self.patience.cancel();
  const value = hitOf(tier, self.state, reply);
  if (value !== undefined && reply._tag === "Hit") {
    leave(tier);
    const { wanted } = self;
    return self.resolve(wanted.ofHit(value, reply, wanted.wants === "value" ? undefined : askedOf(tier, self)));
  }
  self.resolve(goOn(tier, self, reply));
}

function askedOf<K, V, P, N, A>(tier: Tier<K, V, P, N>, { asOf, sent }: Glance<K, V, P, N, A>): Asked {
  return { asOf, took: tier.clock.now() - sent, verdict: verdictOf(tier, tier.hit) };
}

function goOn<K, V, P, N, A>(tier: Tier<K, V, P, N>, self: Glance<K, V, P, N, A>, reply: Reply<P>): Promise<A> {
  const { key, slot, state, owner, asOf, ends, options, wanted } = self;
  if (reply._tag === "Unreachable") report(tier, "Unreachable", reply.reason);
  const read = makeRead<K, V, P, N>(key, slot, owner === "" ? tier.nonce() : owner, asOf, ends);
  return goThrough(tier, read, firstStep(tier, read, state, reply, askedOf(tier, self)), options, wanted);
}

async function goThrough<K, V, P, N, A>(
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  from: ReadingState,
  options: ReadOptions,
  wanted: Wanted<V, A>,
): Promise<A> {
  const alone = async (pending: ReadingState) => (await perform(tier, [read], [pending], options))[0]!;
  try {
    const end = await run<ReadingState, ReadingEnd>(reading, from, alone, logOf(tier));
    const entry = endOf(tier, read, end);
    finish(tier, [read], [end]);
    return wanted.ofEnd(entry);
  } finally {
    leave(tier);
  }
}
