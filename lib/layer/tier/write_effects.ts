import type { Either } from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { Request } from "../../backend/port.ts";
import type { BackendFailed, CacheError } from "../../cache_error.ts";
import type { Deadline } from "../../deadline.ts";
import { deadlineAt, late, orLate } from "../../deadline.ts";
import type { Duration } from "../../duration.ts";
import type { Confirmation, WritingReplies } from "../../protocol/writing.ts";
import type { Reply } from "../../protocol/slot.ts";
import type { MutateOptions, Write, WriteFailure } from "../../store.ts";
import { runGuarded } from "../../write.ts";
import { askBackend } from "./effects.ts";
import { callOr, publishing } from "./publish.ts";
import type { Epoch } from "./epoch.ts";
import { epochNow } from "./region.ts";
import type { Tier } from "./tier.ts";
import { report } from "./tier.ts";

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
  const outer = attempt.options.within?.at ?? Infinity;
  const patience = Math.min(attempt.ends - tier.below.commit, outer) - tier.clock.now();
  if (patience > 0 && guards.length > 0) {
    const requests = guards.map(({ slot }): Request<P, N> => ({ slot, operation: { _tag: "lock", token } }));
    const region = attempt.options.written === undefined ? undefined : tier.sealing?.region;
    const epoch = region === undefined ? undefined : epochNow(region, patience);
    const sent = tier.clock.now();
    const replies = await askBackend(tier, requests, patience);
    // Publishing is worth no more waiting than the locks were.
    const known = epoch === undefined ? late : await orLate(tier.clock, tier.clock.now() - sent, epoch);
    attempt.epoch = known === late ? undefined : known;
    for (let i = 0; i < guards.length; i++) {
      const reply = replies[i]!;
      if (reply._tag === "Locked") guards[i]!.generation = reply.generation;
      else attempt.error ??= notPlaced(tier, reply);
    }
  }
  attempt.error ??= tooLate(tier, attempt);
  return attempt.error === undefined ? "Locked" : "Refused";
}

/** Why the source must not be touched any more: the lease is shorter than a commit, or the write around this one is over. */
export function tooLate<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  attempt: Pick<Writing<K, V, A, Err, N>, "ends" | "options">,
): CacheError | undefined {
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
  attempt.begun = tier.clock.now();
  const deadline = deadlineAt(tier.clock, attempt.ends, attempt.options.within);
  const done: Either<WriteFailure<Err>, A> = await runGuarded(tier.clock, attempt.below, deadline);
  deadline.dispose();
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
    case "unknown":
      return "Unknown";
  }
}

/**
 * Takes the write's locks back, publishing what was written where that is known and allowed, and clears the slots of
 * keys that are known only now.
 */
export async function unlockAll<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  attempt: Writing<K, V, A, Err, N>,
  after: "written" | "cleared" | "not written",
  round: "first" | "again",
): Promise<Confirmation> {
  if (round === "first" && after !== "not written") addAlsoWritten(tier, attempt);
  const publish = after === "written" && tier.nextToSource ? publishing(tier, attempt) : () => undefined;
  const open = attempt.guards.filter((guard) => guard.generation !== undefined && !guard.confirmed);
  if (open.length === 0) return attempt.unnamed ? "Unconfirmed" : "Confirmed";
  const requests = open.map(({ slot, generation, position }): Request<P, N> => ({
    slot,
    operation: { _tag: "unlock", token: attempt.token, generation: generation!, written: publish(position) },
  }));
  const replies = await askBackend(tier, requests, Infinity);
  open.forEach((guard, i) => {
    const reply = replies[i]!;
    guard.confirmed = unlocked.has(reply._tag);
    // The second round finds its lock gone whenever the first one took effect: that is no loss.
    if (round === "first" && guard.generation !== stranger && (reply._tag === "Lost" || reply._tag === "Foreign")) {
      report(tier, "LockLost", `the slot of a write answered ${reply._tag} to its unlock and was emptied`);
    }
  });
  return open.every((guard) => guard.confirmed) && !attempt.unnamed ? "Confirmed" : "Unconfirmed";
}

const unlocked: ReadonlySet<string> = new Set(["Shared", "Published", "Cleared", "Foreign", "Lost"]);

/** The generation of an unlock by somebody who holds no lock: it empties the slot, or marks it contended. */
const stranger = -1;

function addAlsoWritten<K, V, P, N, A, Err>(tier: Tier<K, V, P, N>, attempt: Writing<K, V, A, Err, N>): void {
  const { options: { alsoWritten }, result } = attempt;
  if (alsoWritten === undefined || result._tag === "None") return;
  // Nobody reads what a tier holds that is off, and nobody will.
  if (tier.switched?.mode() === "off") return;
  const own = new Set(attempt.guards.map((guard) => guard.slot));
  const keys = callOr(() => alsoWritten(result.value), undefined);
  if (keys === undefined) attempt.unnamed = true;
  for (const key of keys ?? []) {
    const place = tier.place(key);
    if ("_tag" in place) attempt.unnamed = true;
    for (const slot of "_tag" in place ? [] : place.all) {
      if (own.has(slot)) continue;
      own.add(slot);
      attempt.guards.push({ slot, position: -1, generation: stranger, confirmed: false });
    }
  }
}
