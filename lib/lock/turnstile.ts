import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { Bound } from "./bound.ts";
import { whenOver, whyOver } from "./bound.ts";
import type { Door, Leave, Mode } from "./door.ts";
import type { LockError } from "./lock_error.ts";

interface Waiter {
  readonly mode: Mode;
  readonly admit: () => void;
}

interface State {
  readonly maxWaiting: number;
  readers: number;
  writing: boolean;
  /** In the order in which they came; who gives up is taken out of the middle. */
  readonly waiting: Set<Waiter>;
}

const done: E.Either<LockError, void> = E.right(undefined);

/**
 * The door in this process: first come, first in. Who wants to share waits behind a waiting writer, and nobody is let
 * in past somebody who waits.
 */
export function turnstile(maxWaiting: number): Door {
  const self: State = { maxWaiting, readers: 0, writing: false, waiting: new Set() };
  return {
    enter: (mode, bound) => enter(self, mode, bound),
    tryEnter: (mode) => Promise.resolve(E.right(admits(self, mode) ? O.some(goIn(self, mode)) : O.none)),
  };
}

function enter(self: State, mode: Mode, bound: Bound): Promise<E.Either<LockError, Leave>> {
  if (bound.signal?.aborted === true) return Promise.resolve(E.left({ _tag: "Cancelled" }));
  if (admits(self, mode)) return Promise.resolve(E.right(goIn(self, mode)));
  const reason = whyOver(bound);
  if (reason !== undefined) return Promise.resolve(E.left(reason));
  if (self.waiting.size >= self.maxWaiting) {
    return Promise.resolve(E.left({ _tag: "Full", what: `the queue of ${bound.what}`, limit: self.maxWaiting }));
  }
  return new Promise((resolve) => {
    const undo = whenOver(bound, (error) => {
      self.waiting.delete(waiter);
      resolve(E.left(error));
      // A writer that gives up may have been all that kept readers out.
      admitNext(self);
    });
    const waiter: Waiter = {
      mode,
      admit: () => {
        undo();
        resolve(E.right(goIn(self, mode)));
      },
    };
    self.waiting.add(waiter);
  });
}

function admits(self: State, mode: Mode): boolean {
  return self.waiting.size === 0 && fits(self, mode);
}

function fits(self: State, mode: Mode): boolean {
  return !self.writing && (mode === "shared" || self.readers === 0);
}

function goIn(self: State, mode: Mode): Leave {
  if (mode === "shared") self.readers++;
  else self.writing = true;
  return () => {
    if (mode === "shared") self.readers--;
    else self.writing = false;
    admitNext(self);
    return Promise.resolve(done);
  };
}

function admitNext(self: State): void {
  for (const waiter of self.waiting) {
    if (!fits(self, waiter.mode)) return;
    self.waiting.delete(waiter);
    waiter.admit();
  }
}
