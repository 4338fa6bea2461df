import type { Either } from "fp-ts/lib/Either.js";
import type { Request } from "../../backend/port.ts";
import type { Deadline } from "../../deadline.ts";
import { advance, isEnd, type Transition } from "../../protocol/machine.ts";
import type { Reply } from "../../protocol/slot.ts";
import type { WritingEnd, WritingState } from "../../protocol/writing.ts";
import { writing } from "../../protocol/writing.ts";
import type { MutateOptions, Write, WriteFailure } from "../../store.ts";
import { alwaysUnknown, guarded } from "../../write.ts";
import { askOnce } from "./ask_once.ts";
import { publishing } from "./publish.ts";
import type { Tier } from "./tier.ts";
import { closedError, during, leave } from "./tier.ts";
import { confirmed, takenBack, unlocking } from "./unlock_effects.ts";
import type { Guard, Writing } from "./write_effects.ts";
import { begin, locked, patienceOf, placed, written } from "./write_effects.ts";
import { aborted, attemptBelow, endOf, logOf, perform, refusalOf, writeKeys } from "./writes.ts";

/** A write of one slot on its way through the table. */
interface Passage<K, V, P, N, A, Err> {
  readonly tier: Tier<K, V, P, N>;
  readonly attempt: Writing<K, V, A, Err, N>;
  readonly guard: Guard<N>;
  readonly log: ((transition: Transition) => void) | undefined;
  readonly resolve: (done: Either<WriteFailure<Err>, A>) => void;
  readonly reject: (cause: unknown) => void;
  /** The state whose effect is pending. */
  pending: string;
}

/**
 * The write of a single key. The same table, and the same meaning of every reply, as for many; but where the key has one
 * slot each effect is one of one slot, and what is answered at once is gone on with at once.
 */
export function writeOne<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  keys: ReadonlyArray<K>,
  write: (within: Deadline) => Write<A, Err>,
  options: MutateOptions<K, V, A> = {},
): Promise<Either<WriteFailure<Err>, A>> {
  if (tier.closed) return Promise.resolve(aborted(closedError(tier)));
  // Tiers that are switched, or carry an epoch, go the way of many, as do keys with several slots.
  if (tier.switched !== undefined || tier.sealing !== undefined) {
    return during(tier, writeKeys(tier, keys, write, options));
  }
  const refusal = refusalOf(tier, options.intended);
  if (refusal !== undefined) return Promise.resolve(aborted(refusal));
  const place = tier.place(keys[0]!);
  if ("_tag" in place) return Promise.resolve(aborted(place));
  if (place.all.length !== 1) return during(tier, writeKeys(tier, keys, write, options));
  const position = place.reads > 0 ? 0 : -1;
  const guard: Guard<N> = { slot: place.all[0]!, position, generation: undefined, confirmed: false };
  const attempt = attemptBelow<K, V, P, N, A, Err>(tier, keys, [guard], write, options);
  tier.open++;
  return new Promise((resolve, reject) =>
    goOn({ tier, attempt, guard, log: logOf(tier), resolve, reject, pending: "Locking" }, undefined)
  );
}

/** Goes on with what the pending effect was answered, as far as that leads now. */
function goOn<K, V, P, N, A, Err>(self: Passage<K, V, P, N, A, Err>, reply: string | undefined): void {
  const { tier, attempt } = self;
  try {
    const reached = advance<WritingState, typeof self>(writing, self.pending, reply, effect, self, self.log);
    self.pending = reached;
    if (!isEnd(writing, reached)) return;
    const done = endOf(tier, attempt, reached as WritingEnd);
    leave(tier);
    self.resolve(done);
  } catch (cause) {
    fail(self, cause);
  }
}

/** What no effect answers with is a fault of this library, which its caller hears of. */
function fail<K, V, P, N, A, Err>({ tier, reject }: Passage<K, V, P, N, A, Err>, cause: unknown): void {
  leave(tier);
  reject(cause);
}

function effect<K, V, P, N, A, Err>(
  state: WritingState,
  self: Passage<K, V, P, N, A, Err>,
): string | undefined {
  switch (state) {
    case "Locking":
      return lock(self);
    case "Writing":
      return save(self);
    case "Unlocking":
      return unlock(self);
    case "UnlockingAgain":
    case "Clearing":
    case "ClearingAgain":
    case "Withdrawing":
    case "WithdrawingAgain":
      return later(self, perform(self.tier, self.attempt, state));
  }
}

function later<K, V, P, N, A, Err>(self: Passage<K, V, P, N, A, Err>, pending: Promise<string>): undefined {
  pending.then((reply) => goOn(self, reply), (cause) => fail(self, cause));
}

function lock<K, V, P, N, A, Err>(self: Passage<K, V, P, N, A, Err>): string | undefined {
  const { tier, attempt, guard } = self;
  const patience = patienceOf(tier, attempt);
  if (!(patience > 0)) return locked(tier, attempt);
  const heard = (reply: Reply<P>): string => {
    placed(tier, attempt, guard, reply);
    return locked(tier, attempt);
  };
  const request: Request<P, N> = { slot: guard.slot, operation: { _tag: "lock", token: attempt.token } };
  const reply = askOnce(tier, request, patience, (reply) => goOn(self, heard(reply)));
  return reply && heard(reply);
}

function save<K, V, P, N, A, Err>(self: Passage<K, V, P, N, A, Err>): undefined {
  const { tier, attempt } = self;
  const deadline = begin(tier, attempt);
  guarded(tier.clock, attempt.below, deadline, alwaysUnknown, (done) => {
    deadline.dispose();
    goOn(self, written(attempt, done));
  });
}

function unlock<K, V, P, N, A, Err>(self: Passage<K, V, P, N, A, Err>): string | undefined {
  const { tier, attempt, guard } = self;
  // Keys that are known only now have slots of their own.
  if (attempt.options.alsoWritten !== undefined) return later(self, perform(tier, attempt, "Unlocking"));
  const heard = (reply: Reply<P>): string => {
    takenBack(tier, guard, reply, "first");
    return confirmed(attempt);
  };
  const published = tier.nextToSource ? publishing(tier, attempt)(guard.position) : undefined;
  const reply = askOnce(tier, unlocking(attempt, guard, published), Infinity, (reply) => goOn(self, heard(reply)));
  return reply && heard(reply);
}
