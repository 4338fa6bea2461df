import * as E from "fp-ts/lib/Either.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { Cancel, Clock } from "../clock.ts";
import type { Duration } from "../duration.ts";
import { type Bound, boundIn, orOver } from "./bound.ts";
import type { Leave } from "./door.ts";
import type { LeasePort } from "./lease_port.ts";
import type { Held } from "./lock.ts";
import type { LockError, NotHeld } from "./lock_error.ts";

/** A lease that is held. */
export interface LeaseHeld extends Held {
  /**
   * A number above that of every earlier holder. A receiver that refuses lower numbers than it has seen is safe from a
   * holder that does not know yet that its lease is over.
   */
  readonly fence: number;
  /** Has it for a whole lease from now on. `NotHeld` if it was lost; after any other error it is ours as long as before. */
  readonly renew: TaskEither<LockError, void>;
}

/** What all leases of a locker have in common. */
export interface Terms {
  readonly port: LeasePort;
  readonly clock: Clock;
  /** Milliseconds. */
  readonly lease: number;
}

/** Who asked for which place; its name is for people, the place is where the port keeps it. */
export interface Attempt {
  readonly name: string;
  readonly place: string;
  readonly token: string;
}

/** A lease as it was granted. */
export interface Grant extends Attempt {
  readonly fence: number;
  /** Until when it is ours for certain, on our clock. */
  readonly until: number;
}

interface Holding {
  readonly terms: Terms;
  readonly grant: Grant;
  /** Lets the next caller of this process try. */
  readonly leave: Leave;
  readonly lost: AbortController;
  readonly renewUntil: number;
  state: "held" | NotHeld["reason"];
  until: number;
  stopWatch: Cancel;
  stopRenewal: Cancel;
}

/**
 * Until when a lease that was asked for at `sent` is ours for certain: the server counts from later on. A hundredth and
 * two milliseconds are Redlock's allowance for clocks of different speed.
 */
export function certainUntil(sent: number, lease: number): number {
  return sent + lease - lease / 100 - 2;
}

/** Holds what was granted, and renews it for so many milliseconds. */
export function hold(terms: Terms, grant: Grant, leave: Leave, renewFor: number): LeaseHeld {
  const { clock } = terms;
  const self: Holding = {
    terms,
    grant,
    leave,
    lost: new AbortController(),
    renewUntil: clock.now() + renewFor,
    state: "held",
    until: grant.until,
    stopWatch: () => {},
    stopRenewal: () => {},
  };
  watch(self);
  if (renewFor > 0) renewLater(self);
  return {
    name: grant.name,
    fence: grant.fence,
    lost: self.lost.signal,
    left: () => Math.max(0, self.state === "held" ? self.until - clock.now() : 0) as Duration,
    renew: () => renew(self, terms.lease),
    release: () => release(self),
    [Symbol.asyncDispose]: async () => {
      await release(self);
    },
  };
}

/** Asks the port within a bound; one of somebody else's may throw. */
export function askPort<A>(
  { port }: Terms,
  bound: Bound,
  step: () => TaskEither<LockError, A>,
): Promise<E.Either<LockError, A>> {
  const asked = async (): Promise<E.Either<LockError, A>> => {
    try {
      return await step()();
    } catch (cause) {
      return E.left({ _tag: "BackendFailed", backend: port.name, reason: "it rejected", cause });
    }
  };
  return orOver(bound, asked());
}

/** Takes back what may have been granted, or may yet be; if that does not arrive, it ends with its lease. */
export function undo(terms: Terms, { place, token }: Attempt): void {
  void askPort(terms, patience(terms, terms.lease), () => terms.port.release(place, token));
}

function patience({ port, clock }: Terms, milliseconds: number): Bound {
  return boundIn(clock, milliseconds, `an answer of ${port.name}`);
}

function watch(self: Holding): void {
  const { clock } = self.terms;
  self.stopWatch();
  self.stopWatch = clock.after(Math.max(0, self.until - clock.now()), () => lose(self));
}

function end(self: Holding, state: NotHeld["reason"]): void {
  self.state = state;
  self.stopWatch();
  self.stopRenewal();
}

function lose(self: Holding): void {
  if (self.state !== "held") return;
  end(self, "lost");
  self.lost.abort(new DOMException("The lease was lost", "AbortError"));
  void self.leave();
}

function notHeld(self: Holding, reason: NotHeld["reason"]): E.Either<NotHeld, never> {
  return E.left({ _tag: "NotHeld", lock: self.grant.name, reason });
}

async function release(self: Holding): Promise<E.Either<LockError, void>> {
  if (self.state !== "held") return notHeld(self, self.state);
  end(self, "released");
  const { terms, grant: { place, token } } = self;
  const released = await askPort(terms, patience(terms, terms.lease), () => terms.port.release(place, token));
  await self.leave();
  if (released._tag === "Left") return released;
  return released.right ? E.right(undefined) : notHeld(self, "lost");
}

async function renew(self: Holding, within: number): Promise<E.Either<LockError, void>> {
  if (self.state !== "held") return notHeld(self, self.state);
  const { terms, grant: { place, token } } = self;
  const sent = terms.clock.now();
  const renewed = await askPort(
    terms,
    patience(terms, within),
    () => terms.port.renew(place, token, terms.lease),
  );
  if (renewed._tag === "Left") return renewed;
  if (!renewed.right) lose(self);
  if (self.state !== "held") {
    // It was given up while the answer was on its way: nobody would release what was renewed.
    if (renewed.right && self.state === "lost") undo(terms, self.grant);
    return notHeld(self, self.state);
  }
  self.until = Math.max(self.until, certainUntil(sent, terms.lease));
  watch(self);
  return E.right(undefined);
}

/** At each third of a lease, so that one answer may be missing; and no longer than was said. */
function renewLater(self: Holding): void {
  const { clock, lease } = self.terms;
  self.stopRenewal = clock.after(lease / 3, () => {
    if (clock.now() >= self.renewUntil) return;
    void renew(self, lease / 3).then(() => {
      if (self.state === "held") renewLater(self);
    });
  });
}
