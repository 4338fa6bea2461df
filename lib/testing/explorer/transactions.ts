/**
 * What writers write: a transaction of some keys, in one attempt or, where its commit meets another transaction, in
 * several. Each attempt is a run of the writing table of its own.
 */
import type { Writer } from "./actors.ts";
import type { Setting } from "./setting.ts";
import { meet } from "./setting.ts";
import { never } from "./time.ts";
import type { Broken, Step, World } from "./world.ts";

function attemptsOf({ transactions }: Setting, i: number): ReadonlyArray<ReadonlyArray<number>> {
  return transactions[i % transactions.length]!;
}

/** The keys that a writer's attempt writes, in the order in which it locks them. */
export function keysOf(setting: Setting, i: number, { attempt }: Writer): ReadonlyArray<number> {
  const keys = attemptsOf(setting, i)[attempt]!;
  return setting.order === "opposite" && i % 2 === 1 ? keys.toReversed() : keys;
}

/** Whether another attempt may follow this one. */
export function mayRetry(i: number, { attempt }: Writer, setting: Setting): boolean {
  return attempt + 1 < attemptsOf(setting, i).length;
}

/** A writer at the beginning of its next attempt: nothing of the last one is left but what it may have done. */
export function nextAttempt(world: World, i: number, setting: Setting): Step {
  meet(setting, "another attempt");
  const writer = world.writers[i]!;
  const attempt = writer.attempt + 1;
  const begun: Writer = {
    ...writer,
    state: "Locking",
    token: setting.protocol.retrying === "by the same tokens" ? writer.token : `${rootOf(i)}, attempt ${attempt + 1}`,
    attempt,
    again: false,
    position: 0,
    placed: writer.placed.map(() => never),
    confirmed: writer.confirmed.map(() => false),
    granted: never,
    version: 0,
  };
  return { world: { ...world, writers: world.writers.with(i, begun) }, says: () => "; it begins anew" };
}

function rootOf(i: number): string {
  return `writer ${i}`;
}

/** S27: what is locked by a writer whose write is over, though all its commands were answered. */
export function leftLocked(world: World, i: number, { granted, times, replicas }: Setting): ReadonlyArray<Broken> {
  if (granted.some((fault, at) => losing.has(fault) && world.left[at]! < times[at]!)) return [];
  // A lock that did not reach the replica counts as not placed, and is there all the same.
  if (replicas === "waited for" && granted.includes("failover")) return [];
  const own = new RegExp(`^${rootOf(i)}(,|$)`);
  return world.slots.flatMap((slot, key): ReadonlyArray<Broken> =>
    slot._tag === "Locked" && slot.tokens.some(({ token }) => own.test(token))
      ? [{ invariant: "S27", reason: `the write is over, and its lock of key ${key + 1} is left` }]
      : []
  );
}

/** The faults after which a lock may be left that its writer knows nothing of. */
const losing: ReadonlySet<string> = new Set([
  "failedNotApplied",
  "appliedButReportedFailed",
  "appliedLate",
  "appliedTwice",
  "failover",
]);
