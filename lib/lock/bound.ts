import * as E from "fp-ts/lib/Either.js";
import type { Cancel, Clock } from "../clock.ts";
import type { AcquireOptions } from "./lock.ts";
import type { LockError } from "./lock_error.ts";
import type { LockSettings } from "./options.ts";

/** Until when something is waited for, and what. */
export interface Bound {
  readonly clock: Clock;
  /** The moment, on that clock. */
  readonly at: number;
  readonly signal: AbortSignal | undefined;
  readonly what: string;
}

/** The bound of one call: its own deadline, or the lock's if that is sooner. */
export function boundOf(settings: LockSettings, name: string, options: AcquireOptions = {}): Bound {
  const { deadline = settings.within, signal } = options;
  return boundIn(settings.clock, Math.min(settings.within, deadline), `the lock ${name}`, signal);
}

/** A bound so many milliseconds from now. */
export function boundIn(clock: Clock, milliseconds: number, what: string, signal?: AbortSignal): Bound {
  return { clock, at: clock.now() + milliseconds, signal, what };
}

/** Why there is nothing more to wait for; undefined if there is. */
export function whyOver({ clock, at, signal, what }: Bound): LockError | undefined {
  if (signal?.aborted === true) return { _tag: "Cancelled" };
  return clock.now() >= at ? { _tag: "TimedOut", waitingFor: what } : undefined;
}

/** Calls back once, when the bound is over, unless that is undone before. */
export function whenOver({ clock, at, signal, what }: Bound, run: (error: LockError) => void): Cancel {
  const end = (error: LockError): void => {
    undo();
    run(error);
  };
  const abort = (): void => end({ _tag: "Cancelled" });
  const cancel = clock.after(Math.max(0, at - clock.now()), () => end({ _tag: "TimedOut", waitingFor: what }));
  const undo = (): void => {
    cancel();
    signal?.removeEventListener("abort", abort);
  };
  signal?.addEventListener("abort", abort, { once: true });
  return undo;
}

/** Waits for what never rejects, but no longer than the bound; what is abandoned goes on. */
export function orOver<A>(bound: Bound, promise: Promise<E.Either<LockError, A>>): Promise<E.Either<LockError, A>> {
  if (bound.signal?.aborted === true) return Promise.resolve(E.left({ _tag: "Cancelled" }));
  return new Promise((resolve) => {
    const undo = whenOver(bound, (error) => resolve(E.left(error)));
    promise.then((result) => {
      undo();
      resolve(result);
    });
  });
}
