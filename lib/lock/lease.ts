import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { DurationLike } from "../duration.ts";
import { nonces } from "../nonce.ts";
import { type Bound, boundIn, boundOf } from "./bound.ts";
import type { Leave } from "./door.ts";
import { askPort, certainUntil, type Grant, hold, type LeaseHeld, type Terms, undo } from "./lease_held.ts";
import type { LeasePort } from "./lease_port.ts";
import { type LocalDoors, localDoors } from "./local.ts";
import type { AcquireOptions, Lock, Locker } from "./lock.ts";
import type { LockError } from "./lock_error.ts";
import { digestName } from "./name.ts";
import { finite, type LockOptions, type LockSettings, readLockOptions, refused } from "./options.ts";
import { poll } from "./poll.ts";

/** How leases are taken. */
export interface LeaseLocksOptions extends LockOptions {
  /** Where they are kept. */
  readonly port: LeasePort;
  /**
   * How long one is held if it is not renewed: 10 s unless told. It is how long a holder that crashed keeps the others
   * waiting, and less than what a holder may hang without noticing.
   */
  readonly lease?: DurationLike;
  /** For how long a lease is renewed by itself, at every third of it; after that it runs out. Not at all unless told. */
  readonly renewFor?: DurationLike;
}

/** Locks that are leases. */
export interface LeaseLocks extends Locker<LeaseHeld> {
  /** How many names this process holds or waits for; 0 when nobody does anything. */
  readonly size: () => number;
}

interface State {
  readonly settings: LockSettings;
  readonly terms: Terms;
  readonly renewFor: number;
  readonly local: LocalDoors;
  readonly token: () => string;
}

/** Shorter ones are over before they arrive. */
const shortestLease = 10;

/**
 * Locks across processes and machines, each a lease: it has an owner, ends by itself, can be renewed, and is released by
 * its owner only.
 *
 * A lease does not keep a holder from going on when it is over: one that was paused (a stopped process, a long
 * collection of garbage) finds out afterwards. `held.lost` tells one that runs; what cannot be undone is to be sent
 * with `held.fence`, and refused by its receiver when it has seen a higher one. Callers of one process come in their
 * order; between processes there is none, as they poll, with pauses of up to 50 ms.
 *
 * Throws a RangeError if an option is out of range.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { leaseLocks, memoryLeases } from "@lamina/cache/lock";
 *
 * const locks = leaseLocks({ port: memoryLeases(), lease: "5s", renewFor: "1m" });
 * const acquired = await locks.lock("report").acquire()();
 * assert(acquired._tag === "Right");
 * await using held = acquired.right;
 * assertEquals([held.fence, held.lost.aborted], [1, false]);
 * assert(held.left() < 5_000);
 * ```
 */
export function leaseLocks(options: LeaseLocksOptions): LeaseLocks {
  const { port, lease: like = "10s", renewFor } = options;
  const settings = readLockOptions("lease locks", options);
  const lease = finite("lease locks", like);
  if (lease < shortestLease) throw refused("lease locks", `a lease of ${shortestLease}ms or more`, like);
  const state: State = {
    settings,
    terms: { port, clock: settings.clock, lease },
    renewFor: renewFor === undefined ? 0 : finite("lease locks", renewFor),
    local: localDoors(settings),
    token: nonces(),
  };
  return { lock: (name) => leaseLock(state, name), size: state.local.size };
}

function leaseLock(state: State, name: string): Lock<LeaseHeld> {
  return {
    name,
    acquire: (options) => () => acquire(state, name, options),
    tryAcquire: () => tryAcquire(state, name),
  };
}

async function tryAcquire(state: State, name: string): Promise<E.Either<LockError, O.Option<LeaseHeld>>> {
  const inside = await state.local.door(name).tryEnter("exclusive");
  if (inside._tag === "Left") return inside;
  if (inside.right._tag === "None") return E.right(O.none);
  const leave = inside.right.value;
  const taken = await take(state, name, boundIn(state.settings.clock, state.terms.lease, `the lock ${name}`));
  if (taken._tag === "Right" && taken.right._tag === "Some") {
    return E.right(O.some(held(state, taken.right.value, leave)));
  }
  await leave();
  return taken._tag === "Left" ? taken : E.right(O.none);
}

async function acquire(state: State, name: string, options?: AcquireOptions): Promise<E.Either<LockError, LeaseHeld>> {
  const bound = boundOf(state.settings, name, options);
  const inside = await state.local.door(name).enter("exclusive", bound);
  if (inside._tag === "Left") return inside;
  let last: Grant | undefined;
  const taken = await poll(bound, async () => {
    const attempted = await take(state, name, bound);
    if (attempted._tag === "Right") last = O.toUndefined(attempted.right);
    return attempted;
  });
  if (taken._tag === "Right") return E.right(held(state, taken.right, inside.right));
  if (last !== undefined) undo(state.terms, last);
  await inside.right();
  return taken;
}

function held(state: State, grant: Grant, leave: Leave): LeaseHeld {
  return hold(state.terms, grant, leave, state.renewFor);
}

/** One attempt, with a token of its own: what became of an earlier one that was not answered is then never in doubt. */
async function take(state: State, name: string, bound: Bound): Promise<E.Either<LockError, O.Option<Grant>>> {
  const { terms, settings: { clock } } = state;
  const [place, token, sent] = [digestName(name), state.token(), clock.now()];
  const attempt = { name, place, token };
  const granted = await askPort(terms, bound, () => terms.port.acquire(place, token, terms.lease));
  if (granted._tag === "Right" && granted.right._tag === "None") return E.right(O.none);
  const until = certainUntil(sent, terms.lease);
  if (granted._tag === "Right" && granted.right._tag === "Some" && until > clock.now()) {
    return E.right(O.some({ ...attempt, fence: granted.right.value, until }));
  }
  undo(terms, attempt);
  if (granted._tag === "Left") return granted;
  return E.left({ _tag: "BackendFailed", backend: terms.port.name, reason: "it answered when the lease was over" });
}
