import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError } from "../../cache_error.ts";
import type { Deadline } from "../../deadline.ts";
import { tell } from "../../observe/observer.ts";
import type { Transition } from "../../protocol/machine.ts";
import { run } from "../../protocol/machine.ts";
import type { WritingEnd, WritingState } from "../../protocol/writing.ts";
import { writing } from "../../protocol/writing.ts";
import type { MutateOptions, Write, WriteFailure } from "../../store.ts";
import { learned } from "./switched.ts";
import type { Tier } from "./tier.ts";
import { closedError, marginShare, report } from "./tier.ts";
import { unlockAll } from "./unlock_effects.ts";
import type { Guard, Writing } from "./write_effects.ts";
import { lockAll, tooLate, writeBelow } from "./write_effects.ts";

/** The write of a set of keys through a tier: one machine over all their slots. */
export async function writeKeys<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  keys: ReadonlyArray<K>,
  write: (within: Deadline) => Write<A, Err>,
  options: MutateOptions<K, V, A> = {},
): Promise<Either<WriteFailure<Err>, A>> {
  if (tier.closed) return aborted(closedError(tier));
  const refusal = refusalOf(tier, options.intended);
  if (refusal !== undefined) return aborted(refusal);
  const guards = guardsOf(tier, keys);
  if ("_tag" in guards) return aborted(guards);
  if (tier.switched !== undefined) await learned(tier, Infinity);
  if (tier.closed) return aborted(closedError(tier));
  // Where the tier is off nothing is locked; the write ends with the lease all the same, for who waits until none is left.
  const locked = tier.switched?.mode() === "off" ? [] : guards;
  return await runAttempt(tier, attemptBelow(tier, keys, locked, write, options));
}

/** A write through the tier below that has not begun. */
export function attemptBelow<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  keys: ReadonlyArray<K>,
  guards: Array<Guard<N>>,
  write: (within: Deadline) => Write<A, Err>,
  options: MutateOptions<K, V, A>,
): Writing<K, V, A, Err, N> {
  const attempt = makeAttempt<K, V, P, N, A, Err>(tier, keys, guards, options, (within) => {
    // Placing the locks below takes its time as well, of this tier's lease too.
    const checked = (inner: Deadline): Write<A, Err> => () => {
      const error = tooLate(tier, attempt);
      return error === undefined ? write(inner)() : Promise.resolve(aborted(error));
    };
    // What the write below may publish or clear is its own affair; it hears of what this one was told.
    return tier.below.mutate(keys, checked, { ...options, within });
  });
  return attempt;
}

/** A write that has not begun; its lease counts from now. */
export function makeAttempt<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  keys: ReadonlyArray<K>,
  guards: Array<Guard<N>>,
  options: MutateOptions<K, V, A>,
  below: (within: Deadline) => Write<A, Err>,
): Writing<K, V, A, Err, N> {
  return {
    keys,
    guards,
    token: tier.nonce(),
    below,
    options,
    ends: tier.clock.now() + tier.lease * (1 - marginShare),
    begun: 0,
    result: O.none,
    error: undefined,
    epoch: undefined,
    unnamed: false,
  };
}

/** Runs a write by its table. */
export async function runAttempt<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  attempt: Writing<K, V, A, Err, N>,
): Promise<Either<WriteFailure<Err>, A>> {
  const effect = (state: WritingState): Promise<string> => perform(tier, attempt, state);
  const end = await run<WritingState, WritingEnd>(writing, "Locking", effect, logOf(tier));
  return endOf(tier, attempt, end);
}

/** What is told of each transition, if anybody listens. */
export function logOf<K, V, P, N>(tier: Tier<K, V, P, N>): ((step: Transition) => void) | undefined {
  const log = tier.observer?.transition;
  return log && ((step) => tell(log, { tier: tier.name, machine: "writing", ...step }));
}

/** A write that was not begun. */
export function aborted(error: CacheError): Either<WriteFailure<never>, never> {
  return E.left({ outcome: "aborted", error });
}

/** Why a tier cannot carry what is going to be written, before anything is touched. */
export function refusalOf<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  intended: ReadonlyArray<Option<V>> | undefined,
): CacheError | undefined {
  if (intended === undefined || tier.refuses === false) return undefined;
  for (const value of intended) {
    const packed = tier.pack(value);
    if (packed._tag === "Left" && packed.left.kind === "refused") {
      return { _tag: "ValueRefused", tier: tier.name, reason: packed.left.reason };
    }
  }
  return undefined;
}

/**
 * The slots of all keys, each once and in one order for all writers. The slots' owner is the last position of its key,
 * since that is the position whose written value counts.
 */
export function guardsOf<K, V, P, N>(tier: Tier<K, V, P, N>, keys: ReadonlyArray<K>): Array<Guard<N>> | CacheError {
  const guards = new Map<N, Guard<N>>();
  for (let position = 0; position < keys.length; position++) {
    const place = tier.place(keys[position]!);
    if ("_tag" in place) return place;
    place.all.forEach((slot, shard) => {
      // What no reader of this deployment uses is not filled by its writers either.
      const published = shard < place.reads ? position : -1;
      guards.set(slot, { slot, position: published, generation: undefined, confirmed: false });
    });
  }
  return [...guards.values()].sort((left, right) => left.slot < right.slot ? -1 : 1);
}

/** Performs the pending effect of a write, for all its slots. */
export function perform<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  attempt: Writing<K, V, A, Err, N>,
  state: WritingState,
): Promise<string> {
  switch (state) {
    case "Locking":
      return lockAll(tier, attempt);
    case "Writing":
      return writeBelow(tier, attempt);
    case "Unlocking":
    case "UnlockingAgain":
      return unlockAll(tier, attempt, "written", state === "Unlocking" ? "first" : "again");
    case "Clearing":
    case "ClearingAgain":
      return unlockAll(tier, attempt, "cleared", state === "Clearing" ? "first" : "again");
    case "Withdrawing":
    case "WithdrawingAgain":
      return unlockAll(tier, attempt, "not written", state === "Withdrawing" ? "first" : "again");
  }
}

/** What the writer gets at the end. */
export function endOf<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  attempt: Writing<K, V, A, Err, N>,
  end: WritingEnd,
): Either<WriteFailure<Err>, A> {
  switch (end) {
    case "Committed":
      return E.right(resultOf(attempt));
    case "Aborted":
      return E.left({ outcome: "aborted", error: attempt.error! });
    case "Unknown":
      report(tier, "LockLeft", "the outcome of a write is unknown; its locks stay to the end of their lease");
      return E.left({ outcome: "unknown", error: attempt.error! });
    case "Unconfirmed": {
      if (attempt.error !== undefined) return E.left({ outcome: "unconfirmed", error: attempt.error });
      const reason = attempt.unnamed
        ? "a write committed, but what else it wrote could not be told; that stays to the end of its ttl"
        : "a write committed, but an unlock was not confirmed; its lock stays to the end of its lease";
      report(tier, "Unconfirmed", reason);
      if (tier.onUnconfirmed === "report") return E.right(resultOf(attempt));
      return E.left({ outcome: "unconfirmed", error: { _tag: "BackendFailed", backend: tier.backend.name, reason } });
    }
  }
}

/** The result of a write that committed. */
function resultOf<K, V, A, Err, N>(attempt: Writing<K, V, A, Err, N>): A {
  return (attempt.result as O.Some<A>).value;
}
