import type { Cancel, Clock } from "./clock.ts";
import type { Duration } from "./duration.ts";

/**
 * Until when something may go on. Its signal aborts at that moment, so that a source can stop by itself. It is made when it
 * is asked for, which a spread does not do: pass the deadline itself, or its signal by name.
 */
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
  return new LazyDeadline(clock, outer === undefined ? at : Math.min(at, outer.at));
}

/**
 * A class, because each literal that has an accessor costs a call of the runtime, as much as ten other objects; and its
 * functions are made when they are asked for, which most deadlines are not.
 */
class LazyDeadline implements OwnDeadline {
  readonly at: number;
  readonly #clock: Clock;
  #controller: AbortController | undefined;
  #cancel: Cancel | undefined;
  #disposed = false;

  constructor(clock: Clock, at: number) {
    this.at = at;
    this.#clock = clock;
  }

  get left(): () => Duration {
    return () => Math.max(0, this.at - this.#clock.now()) as Duration;
  }

  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal;
    this.#controller = new AbortController();
    const left = this.left();
    if (left <= 0) this.#expire();
    else if (!this.#disposed) this.#cancel = this.#clock.after(left, () => this.#expire());
    return this.#controller.signal;
  }

  dispose(): void {
    this.#disposed = true;
    this.#cancel?.();
    // Whoever gave up at this moment disposes before the signal's own timer fires, which is early by up to 1 ms.
    if (this.#controller !== undefined && this.left() <= 1) this.#expire();
  }

  #expire(): void {
    this.#controller?.abort(new DOMException("The deadline has passed", "TimeoutError"));
  }
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
