import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { Duration } from "../duration.ts";
import type { Bound } from "./bound.ts";
import { boundOf } from "./bound.ts";
import type { Guard, Held, Lock } from "./lock.ts";
import type { LockError } from "./lock_error.ts";
import type { LockSettings } from "./options.ts";

/** With all others of that kind, or alone. */
export type Mode = "shared" | "exclusive";

/** Goes out again; called once. */
export type Leave = () => Promise<E.Either<LockError, void>>;

/** What one goes in by, wherever it is: all that the kinds of locks differ in. Nothing of it rejects. */
export interface Door {
  readonly enter: (mode: Mode, bound: Bound) => Promise<E.Either<LockError, Leave>>;
  /** Never waits for whoever is inside. */
  readonly tryEnter: (mode: Mode) => Promise<E.Either<LockError, O.Option<Leave>>>;
}

/** One side of a door as a lock. */
export function lockOf(name: string, door: Door, mode: Mode, settings: LockSettings): Lock {
  const hold = (leave: Leave): Held => makeHeld(name, leave);
  return {
    name,
    acquire: (options) => () => door.enter(mode, boundOf(settings, name, options)).then(E.map(hold)),
    tryAcquire: () => door.tryEnter(mode).then(E.map(O.map(hold))),
  };
}

/** Both sides of a door that lets nobody in past a waiting writer. */
export function guardOf(name: string, door: Door, settings: LockSettings): Guard {
  return { read: lockOf(name, door, "shared", settings), write: lockOf(name, door, "exclusive", settings) };
}

function makeHeld(name: string, leave: Leave): Held {
  let released = false;
  let lost: AbortSignal | undefined;
  const release = async (): Promise<E.Either<LockError, void>> => {
    if (released) return E.left({ _tag: "NotHeld", lock: name, reason: "released" });
    released = true;
    return await leave();
  };
  return {
    name,
    release,
    left: () => Infinity as Duration,
    // One of its own, because listeners would gather on a common one.
    get lost(): AbortSignal {
      return lost ??= new AbortController().signal;
    },
    [Symbol.asyncDispose]: async () => {
      await release();
    },
  };
}
