import { advance, isEnd, type Transition } from "../../protocol/machine.ts";
import { goingOn, reading, type ReadingEnd, readingPhases, type ReadingState } from "../../protocol/reading.ts";
import type { Operation, Reply } from "../../protocol/slot.ts";
import { tick } from "../../sequence.ts";
import type { ReadOptions } from "../../store.ts";
import { asking, heard, type Question } from "./ask.ts";
import { askOnce } from "./ask_once.ts";
import { concluded, concluding } from "./conclude.ts";
import { entryBelow } from "./effects.ts";
import { logOf } from "./first.ts";
import { disembark, land } from "./flight.ts";
import { ended, noteTime, withoutLoad } from "./load.ts";
import type { Read } from "./read.ts";
import { perform } from "./read_effects.ts";
import type { Tier } from "./tier.ts";
import { leave } from "./tier.ts";
import type { Wanted } from "./wanted.ts";

/** A read of one key on its way through the table. */
interface Passage<K, V, P, N, A> {
  readonly tier: Tier<K, V, P, N>;
  readonly read: Read<K, V, P, N>;
  readonly options: ReadOptions;
  readonly wanted: Wanted<V, A>;
  readonly log: ((transition: Transition) => void) | undefined;
  readonly resolve: (answer: A) => void;
  readonly reject: (cause: unknown) => void;
  /** The state whose effect is pending. */
  pending: string;
}

/** What a slot's answer to the question of a state is to the table; the read notes what it brought. */
type Meaning<K, V, P, N> = (
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  state: ReadingState,
  reply: Reply<P>,
  asked: Question,
) => string;

/**
 * Goes through the table with one key. The same table, and the same meaning of every reply, as for many; but each effect is
 * one of one key, and what is answered at once is gone on with at once.
 */
export function goThrough<K, V, P, N, A>(
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  from: ReadingState,
  options: ReadOptions,
  wanted: Wanted<V, A>,
  resolve: (answer: A) => void,
  reject: (cause: unknown) => void,
): void {
  goOn({ tier, read, options, wanted, log: logOf(tier), resolve, reject, pending: from }, undefined);
}

/** Goes on with what the pending effect was answered, as far as that leads now. */
function goOn<K, V, P, N, A>(self: Passage<K, V, P, N, A>, reply: string | undefined): void {
  const { tier, read, wanted } = self;
  try {
    const reached = advance<ReadingState, Passage<K, V, P, N, A>>(reading, self.pending, reply, effect, self, self.log);
    self.pending = reached;
    if (!isEnd(reading, reached)) return;
    const end = reached as ReadingEnd;
    const answer = wanted.ofEnd(tier, read, end);
    if (goingOn[end] === undefined) land(tier, read, end);
    leave(tier);
    self.resolve(answer);
  } catch (cause) {
    fail(self, cause);
  }
}

/** What no effect answers with is a fault of this library, which its caller hears of, and nobody waits for. */
function fail<K, V, P, N, A>({ tier, read, reject }: Passage<K, V, P, N, A>, cause: unknown): void {
  disembark(tier, read);
  leave(tier);
  reject(cause);
}

function effect<K, V, P, N, A>(state: ReadingState, self: Passage<K, V, P, N, A>): string | undefined {
  const { tier, read } = self;
  // Tiers that are switched, or carry an epoch, and callers who may leave before the end, go the way of many.
  if (tier.switched !== undefined || tier.sealing !== undefined || read.ends !== Infinity) {
    return amongMany(self, state);
  }
  switch (readingPhases[state]) {
    case 0:
      return ask(self, state);
    case 1:
      return load(self, state);
    case 2:
      return conclude(self, state);
    default:
      return amongMany(self, state);
  }
}

function amongMany<K, V, P, N, A>(self: Passage<K, V, P, N, A>, state: ReadingState): undefined {
  const { tier, read, options } = self;
  perform(tier, [read], [state], options).then(([reply]) => goOn(self, reply), (cause) => fail(self, cause));
}

function ask<K, V, P, N, A>(self: Passage<K, V, P, N, A>, state: ReadingState): string | undefined {
  const { tier, read } = self;
  tier.asks?.(read.key, read.slot);
  return question(self, state, asking<P>(read.owner, state), heard);
}

function conclude<K, V, P, N, A>(self: Passage<K, V, P, N, A>, state: ReadingState): string | undefined {
  return question(self, state, concluding(self.read, state), concluded);
}

/** Asks the read's slot one thing, and says what the answer means, now or by going on with it. */
function question<K, V, P, N, A>(
  self: Passage<K, V, P, N, A>,
  state: ReadingState,
  operation: Operation<P>,
  meaning: Meaning<K, V, P, N>,
): string | undefined {
  const { tier, read } = self;
  const asOf = tick();
  const sent = tier.moment();
  const reply = askOnce(tier, { slot: read.slot, operation }, Infinity, (reply) => {
    try {
      goOn(self, meaning(tier, read, state, reply, { asOf, took: tier.moment() - sent }));
    } catch (cause) {
      fail(self, cause);
    }
  });
  return reply && meaning(tier, read, state, reply, { asOf, took: 0 });
}

function load<K, V, P, N, A>(self: Passage<K, V, P, N, A>, state: ReadingState): string | undefined {
  const { tier, read, options } = self;
  // What has two ends, one for its caller and one for itself, needs what many do.
  if (state === "Renewing" || tier.policy.hard !== Infinity) return amongMany(self, state);
  if (state === "Bypassing") disembark(tier, read);
  const known = withoutLoad(tier, read, state);
  if (known !== undefined) return known;
  const begun = tier.moment();
  read.asked = tick();
  entryBelow(tier.below, read.key, options, (entry) => {
    // By the clock and not by the turn: an entry must not live longer than its load began.
    const took = tier.clock.now() - begun;
    noteTime(tier, took);
    try {
      goOn(self, ended(tier, read, state, entry, took));
    } catch (cause) {
      fail(self, cause);
    }
  });
  return undefined;
}
