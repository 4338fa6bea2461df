import type { Clock } from "./clock.ts";
import type { Duration } from "./duration.ts";

/** Until when something may go on. Its signal aborts at that moment, so that a source can stop by itself. */
export interface Deadline {
  /** The moment, on the clock of the process. */
  readonly at: number;
  /** Aborts at that moment. */
  readonly signal: AbortSignal;
  /** What is left, never negative. */
  readonly left: () => Duration;
}

/** A deadline with its end: `dispose` says that what it bounds is over, and aborts the signal if that is too late. */
export interface OwnDeadline extends Deadline {
  /** Forgets the timer. */
  readonly dispose: () => void;
}

/**
 * A deadline on a clock; the smaller of `at` and the outer deadline wins.
 *
 * The signal, and the timer behind it, are made only when somebody asks for them.
 */
export function deadlineAt(clock: Clock, at: number, outer?: Deadline): OwnDeadline {
  const end = outer === undefined ? at : Math.min(at, outer.at);
  let controller: AbortController | undefined;
  let cancel: (() => void) | undefined;
  let disposed = false;
  const left = (): Duration => Math.max(0, end - clock.now()) as Duration;
  const expire = (): void => controller?.abort(new DOMException("The deadline has passed", "TimeoutError"));
  return {
    at: end,
    left,
    get signal(): AbortSignal {
      if (controller === undefined) {
        controller = new AbortController();
        if (left() <= 0) expire();
        else if (!disposed) cancel = clock.after(left(), expire);
      }
      return controller.signal;
    },
    dispose: () => {
      disposed = true;
      cancel?.();
      // Whoever gave up at this moment disposes before the signal's own timer fires, which is early by up to 1 ms.
      if (left() <= 1) expire();
    },
  };
}

/** What a wait ended with, if not with a value. */
export const late: unique symbol = Symbol("late");

/** Waits for a promise that never rejects, but at most `milliseconds`; what is abandoned goes on, and is unknown. */
export function orLate<A>(clock: Clock, milliseconds: number, promise: Promise<A>): Promise<A | typeof late> {
  if (milliseconds === Infinity) return promise;
  return new Promise((resolve) => {
    const cancel = clock.after(Math.max(0, milliseconds), () => resolve(late));
    promise.then((value) => {
      cancel();
      resolve(value);
    });
  });
}

/** What a wait ended with, if the caller cancelled it. */
export const cancelled: unique symbol = Symbol("cancelled");

/** Waits for a promise that never rejects, but no longer than the signal lets it; what is abandoned goes on. */
export function orCancelled<A>(signal: AbortSignal | undefined, promise: Promise<A>): Promise<A | typeof cancelled> {
  if (signal === undefined) return promise;
  return new Promise((resolve) => {
    const cancel = () => resolve(cancelled);
    if (signal.aborted) cancel();
    signal.addEventListener("abort", cancel, { once: true });
    promise.then((value) => {
      signal.removeEventListener("abort", cancel);
      resolve(value);
    });
  });
}
