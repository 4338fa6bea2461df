import type { Either } from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { Request } from "../../backend/port.ts";
import type { BackendFailed, CacheError } from "../../cache_error.ts";
import type { Deadline, OwnDeadline } from "../../deadline.ts";
import { deadlineAt, late, orLate } from "../../deadline.ts";
import type { Duration } from "../../duration.ts";
import type { WritingReplies } from "../../protocol/writing.ts";
import type { Reply } from "../../protocol/slot.ts";
import type { MutateOptions, Write, WriteFailure } from "../../store.ts";
import { runGuarded } from "../../write.ts";
import { askBackend } from "./effects.ts";
import type { Epoch } from "./epoch.ts";
import { epochNow } from "./region.ts";
import type { Tier } from "./tier.ts";

/** One slot of a write. */
export interface Guard<N> {
  readonly slot: N;
  /** The key's position in the write; below zero where nothing is published. */
  readonly position: number;
  /** The lock's generation; none as long as the lock is not known to be placed. */
  generation: number | undefined;
  /** Whether its unlock was answered. */
  confirmed: boolean;
}

/** A write under way: what its effects have brought so far. */
export interface Writing<K, V, A, Err, N> {
  readonly keys: ReadonlyArray<K>;
  readonly guards: Array<Guard<N>>;
  readonly token: string;
  /** What is done below while the locks are held, within a deadline. */
  readonly below: (within: Deadline) => Write<A, Err>;
  readonly options: MutateOptions<K, V, A>;
  /** Until when the source may be written: the end of the lease, counted from before the locks were sent. */
  readonly ends: number;
  /** When the source's write began. */
  begun: number;
  /** What the write brought; none as long as it has not. */
  result: Option<A>;
  error: CacheError | Err | undefined;
  /** The epoch in which it may be published; none where the tier has none, or nobody can tell. */
  epoch: Epoch | undefined;
  /** Whether keys that are known only afterwards could not be told, and so not be cleared. */
  unnamed: boolean;
}

/** Places all locks, or says why the write must not begin. */
export async function lockAll<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  attempt: Writing<K, V, A, Err, N>,
): Promise<WritingReplies["Locking"]> {
  const { guards, token } = attempt;
  const patience = patienceOf(tier, attempt);
  if (patience > 0 && guards.length > 0) {
    const requests = guards.map(({ slot }): Request<P, N> => ({ slot, operation: { _tag: "lock", token } }));
    const region = attempt.options.written === undefined ? undefined : tier.sealing?.region;
    const epoch = region === undefined ? undefined : epochNow(region, patience);
    const sent = tier.clock.now();
    const replies = await askBackend(tier, requests, patience);
    // Publishing is worth no more waiting than the locks were.
    const known = epoch === undefined ? late : await orLate(tier.clock, tier.clock.now() - sent, epoch);
    attempt.epoch = known === late ? undefined : known;
    guards.forEach((guard, i) => placed(tier, attempt, guard, replies[i]!));
  }
  return locked(tier, attempt);
}

/** For how long the locks of a write may be waited for. */
export function patienceOf<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  { ends, options }: Writing<K, V, A, Err, N>,
): number {
  return Math.min(ends - tier.below.commit, options.within?.at ?? Infinity) - tier.moment();
}

/** Notes what a slot answered to its lock. */
export function placed<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  attempt: Writing<K, V, A, Err, N>,
  guard: Guard<N>,
  reply: Reply<P>,
): void {
  if (reply._tag === "Locked") guard.generation = reply.generation;
  else attempt.error ??= notPlaced(tier, reply);
}

/** Whether a write may begin whose locks were answered. */
export function locked<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  attempt: Writing<K, V, A, Err, N>,
): WritingReplies["Locking"] {
  attempt.error ??= tooLate(tier, attempt);
  // Where nothing was asked, because no time was left to, nothing is locked.
  attempt.error ??= attempt.guards.every(isPlaced) ? undefined : noTime;
  return attempt.error === undefined ? "Locked" : "Refused";
}

function isPlaced({ generation }: Guard<unknown>): boolean {
  return generation !== undefined;
}

const noTime: CacheError = { _tag: "TimedOut", waitingFor: "the locks of a write" };

/** Why the source must not be touched any more: the lease is shorter than a commit, or the write around this one is over. */
export function tooLate<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  attempt: Pick<Writing<K, V, A, Err, N>, "ends" | "options">,
): CacheError | undefined {
  // By the clock and not by the turn, which may have stood still for longer than a lease.
  const now = tier.clock.now();
  const needed = tier.below.commit;
  const left = attempt.ends - now;
  if (left < needed) return { _tag: "LeaseTooShort", left: Math.max(0, left) as Duration, needed };
  const outer = attempt.options.within?.at ?? Infinity;
  return outer > now ? undefined : { _tag: "TimedOut", waitingFor: `the locks of ${tier.name}` };
}

function notPlaced<K, V, P, N>(tier: Tier<K, V, P, N>, reply: Reply<P>): CacheError {
  if (reply._tag !== "Unreachable") {
    return { _tag: "LockNotPlaced", tier: tier.name, reason: `the slot answered ${reply._tag}` };
  }
  const { reason, cause } = reply;
  const failed: BackendFailed = { _tag: "BackendFailed", backend: tier.backend.name, reason };
  return { _tag: "LockNotPlaced", tier: tier.name, reason, cause: cause === undefined ? failed : { ...failed, cause } };
}

/** Runs the write below, within what is left of the lease. */
export async function writeBelow<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  attempt: Writing<K, V, A, Err, N>,
): Promise<WritingReplies["Writing"]> {
  const deadline = begin(tier, attempt);
  const done = await runGuarded(tier.clock, attempt.below, deadline);
  deadline.dispose();
  return written(attempt, done);
}

/** The write below begins, and may go on until then. */
export function begin<K, V, P, N, A, Err>(tier: Tier<K, V, P, N>, attempt: Writing<K, V, A, Err, N>): OwnDeadline {
  attempt.begun = tier.moment();
  return deadlineAt(tier.clock, attempt.ends, attempt.options.within);
}

/** Notes what became of a write below. */
export function written<K, V, A, Err, N>(
  attempt: Writing<K, V, A, Err, N>,
  done: Either<WriteFailure<Err>, A>,
): WritingReplies["Writing"] {
  if (done._tag === "Right") {
    attempt.result = O.some(done.right);
    return "Committed";
  }
  attempt.error = done.left.error;
  switch (done.left.outcome) {
    case "aborted":
      return "Aborted";
    case "unconfirmed":
      return "Unconfirmed";
    default:
      return "Unknown";
  }
}
