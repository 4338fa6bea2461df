import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { BackendFailed } from "../cache_error.ts";
import type { Bound } from "./bound.ts";
import { whenOver } from "./bound.ts";
import type { Door, Leave, Mode } from "./door.ts";
import { guardOf, lockOf } from "./door.ts";
import { gated, queued } from "./doors.ts";
import type { LocalLocks } from "./local.ts";
import { localDoors } from "./local.ts";
import type { LockError } from "./lock_error.ts";
import { digestName } from "./name.ts";
import { type LockOptions, readLockOptions } from "./options.ts";

/** As much of the platform's `LockManager` as is used. */
export interface WebLocks {
  /** Calls back with the lock, which is held until the callback's promise settles; with null if it was not available. */
  readonly request: (
    name: string,
    options: { readonly mode: Mode; readonly signal?: AbortSignal; readonly ifAvailable?: boolean },
    callback: (lock: unknown) => PromiseLike<void> | void,
  ) => Promise<unknown>;
}

/** What locks across workers go by. */
export interface WorkerLocksOptions extends LockOptions {
  /** Where they are requested: `navigator.locks` unless told. */
  readonly manager?: WebLocks;
}

/**
 * Locks and guards of all workers of this process, by `navigator.locks` (Deno 2.9 or later, browsers, Node 24). A worker
 * that is terminated lets go of what it held. Within a worker callers come in their order, and so do workers.
 *
 * A reader that only tries may find a guard taken while another reader is just coming in. Where the platform has no such
 * locks, every attempt is `BackendFailed`. Throws a RangeError if an option is out of range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { withLock, workerLocks } from "@lamina/cache/lock";
 * import { right } from "fp-ts/lib/Either.js";
 * import * as TE from "fp-ts/lib/TaskEither.js";
 *
 * const report = workerLocks().lock("report");
 * assertEquals(await withLock(report)(() => TE.right("alone"))(), right("alone"));
 * ```
 */
export function workerLocks(options: WorkerLocksOptions = {}): LocalLocks {
  const settings = readLockOptions("worker locks", options);
  const manager = options.manager ?? ownLocks();
  const [locks, guards] = [localDoors(settings), localDoors(settings)];
  const outside = (kind: string, name: string): Door =>
    webDoor(manager, { name, place: `lamina:${kind}:${digestName(name)}` });
  return {
    lock: (name) => lockOf(name, queued(locks.door(name), outside("lock", name)), "exclusive", settings),
    guard: (name) => {
      const gate = queued(guards.door(name), outside("gate", name));
      // Not shared: Deno 2.9 lets `ifAvailable` wait where some share a lock and another wants it alone.
      return guardOf(name, gated(gate, outside("room", name), "exclusive"), settings);
    },
    size: () => locks.size() + guards.size(),
  };
}

function ownLocks(): WebLocks | undefined {
  const { navigator } = globalThis;
  return navigator !== undefined && "locks" in navigator && isWebLocks(navigator.locks) ? navigator.locks : undefined;
}

function isWebLocks(locks: unknown): locks is WebLocks {
  return typeof locks === "object" && locks !== null && "request" in locks && typeof locks.request === "function";
}

/** A lock's name as its users know it, and as the platform does. */
interface Place {
  readonly name: string;
  readonly place: string;
}

function webDoor(manager: WebLocks | undefined, place: Place): Door {
  if (manager === undefined) {
    const none = E.left(failed("this platform has no navigator.locks"));
    return { enter: () => Promise.resolve(none), tryEnter: () => Promise.resolve(none) };
  }
  return {
    enter: (mode, bound) => enter(manager, place, mode, bound),
    tryEnter: (mode) => tryEnter(manager, place, mode),
  };
}

function enter(manager: WebLocks, at: Place, mode: Mode, bound: Bound): Promise<E.Either<LockError, Leave>> {
  if (bound.signal?.aborted === true) return Promise.resolve(E.left({ _tag: "Cancelled" }));
  return new Promise((resolve) => {
    const controller = new AbortController();
    let given: LockError | undefined;
    const undo = whenOver(bound, (error) => {
      given = error;
      resolve(E.left(error));
      controller.abort();
    });
    const { ended, callback } = holding(at, (leave) => {
      undo();
      resolve(E.right(leave));
    }, () => given !== undefined);
    ended(manager.request(at.place, { mode, signal: controller.signal }, callback), (reason) => {
      undo();
      resolve(E.left(given ?? failed(reason)));
    });
  });
}

function tryEnter(manager: WebLocks, at: Place, mode: Mode): Promise<E.Either<LockError, O.Option<Leave>>> {
  return new Promise((resolve) => {
    const { ended, callback } = holding(at, (leave) => resolve(E.right(O.some(leave))), () => false);
    const orNone = (lock: unknown) => lock === null ? resolve(E.right(O.none)) : callback();
    ended(manager.request(at.place, { mode, ifAvailable: true }, orNone), (reason) => resolve(E.left(failed(reason))));
  });
}

/** What a request does while it holds the lock, and how it is told that this is over. */
function holding({ name }: Place, held: (leave: Leave) => void, isTooLate: () => boolean) {
  let free: () => void = () => {};
  let over: Promise<E.Either<LockError, void>> = Promise.resolve(E.right(undefined));
  const leave: Leave = () => {
    free();
    return over;
  };
  const callback = (): Promise<void> | void => {
    if (isTooLate()) return;
    held(leave);
    return new Promise<void>((resolve) => free = resolve);
  };
  const ended = (request: Promise<unknown>, refuse: (reason: string) => void): void => {
    over = request.then(() => E.right(undefined), (error) => {
      refuse(String(error));
      // Who held it until now was robbed of it, by a request that steals.
      return E.left({ _tag: "NotHeld", lock: name, reason: "lost" });
    });
  };
  return { ended, callback };
}

function failed(reason: string): BackendFailed {
  return { _tag: "BackendFailed", backend: "navigator.locks", reason };
}
