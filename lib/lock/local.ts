import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { Bound } from "./bound.ts";
import type { Door, Leave, Mode } from "./door.ts";
import { guardOf, lockOf } from "./door.ts";
import type { Guard, Guards, Lock, Locker } from "./lock.ts";
import type { LockError } from "./lock_error.ts";
import { type Borrowed, nameRegistry } from "./name_registry.ts";
import { type LockOptions, type LockSettings, readLockOptions } from "./options.ts";
import { turnstile } from "./turnstile.ts";

/** Locks and guards of this process. */
export interface LocalLocks extends Locker, Guards {
  /** How many names are held or waited for; 0 when nobody does anything. */
  readonly size: () => number;
}

/**
 * Locks and guards of this process by name: fair (first come, first in), and nothing is kept of a name that nobody
 * uses. They end with the process, and no other process knows of them.
 *
 * Throws a RangeError if an option is out of range.
 *
 * @example Two names are two locks
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { localLocks } from "@lamina/cache/lock";
 * import { isSome } from "fp-ts/lib/Option.js";
 *
 * const locks = localLocks();
 * const taken = async (name: string) => {
 *   const found = await locks.lock(name).tryAcquire();
 *   return found._tag === "Right" && isSome(found.right);
 * };
 * assertEquals([await taken("a"), await taken("a"), await taken("b")], [true, false, true]);
 * ```
 */
export function localLocks(options: LockOptions = {}): LocalLocks {
  const settings = readLockOptions("local locks", options);
  const [locks, guards] = [localDoors(settings), localDoors(settings)];
  return {
    lock: (name) => lockOf(name, locks.door(name), "exclusive", settings),
    guard: (name) => guardOf(name, guards.door(name), settings),
    size: () => locks.size() + guards.size(),
  };
}

/**
 * A lock of this process: fair, and bounded in time and number of those who wait.
 *
 * Throws a RangeError if an option is out of range.
 *
 * @example A held lock is released at the end of its block
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { mutex } from "@lamina/cache/lock";
 * import { isNone, isSome } from "fp-ts/lib/Option.js";
 *
 * const lock = mutex({ within: "1s" });
 * {
 *   const acquired = await lock.acquire()();
 *   assert(acquired._tag === "Right");
 *   await using held = acquired.right;
 *   const second = await lock.tryAcquire();
 *   assert(second._tag === "Right" && isNone(second.right));
 *   assertEquals(held.lost.aborted, false);
 * }
 * const third = await lock.tryAcquire();
 * assert(third._tag === "Right" && isSome(third.right));
 * ```
 */
export function mutex(options: LockOptions = {}): Lock {
  const settings = readLockOptions("a mutex", options);
  return lockOf("mutex", turnstile(settings.maxWaiting), "exclusive", settings);
}

/**
 * A reader/writer guard of this process: readers together, a writer alone, first come, first in.
 *
 * Throws a RangeError if an option is out of range.
 *
 * @example Readers do not exclude each other
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { guard } from "@lamina/cache/lock";
 * import { isSome } from "fp-ts/lib/Option.js";
 *
 * const { read, write } = guard();
 * const found = [await read.tryAcquire(), await read.tryAcquire(), await write.tryAcquire()];
 * assertEquals(found.map((each) => each._tag === "Right" && isSome(each.right)), [true, true, false]);
 * ```
 */
export function guard(options: LockOptions = {}): Guard {
  const settings = readLockOptions("a guard", options);
  return guardOf("guard", turnstile(settings.maxWaiting), settings);
}

/** Doors of this process by name, each there only while somebody is at it. */
export interface LocalDoors {
  readonly door: (name: string) => Door;
  readonly size: () => number;
}

/** Makes doors of this process. */
export function localDoors({ maxWaiting }: LockSettings): LocalDoors {
  const registry = nameRegistry<string, Door>(() => turnstile(maxWaiting));
  const door = (name: string): Door => ({
    enter: async (mode, bound) => {
      const borrowed = registry.borrow(name);
      return borrowed._tag === "Left" ? borrowed : await enterBorrowed(borrowed.right, mode, bound);
    },
    tryEnter: async (mode) => {
      const borrowed = registry.borrow(name);
      return borrowed._tag === "Left" ? borrowed : await tryBorrowed(borrowed.right, mode);
    },
  });
  return { door, size: registry.size };
}

async function enterBorrowed(
  borrowed: Borrowed<Door>,
  mode: Mode,
  bound: Bound,
): Promise<E.Either<LockError, Leave>> {
  const entered = await borrowed.value.enter(mode, bound);
  if (entered._tag === "Right") return E.right(andGiveBack(borrowed, entered.right));
  borrowed.giveBack();
  return entered;
}

async function tryBorrowed(
  borrowed: Borrowed<Door>,
  mode: Mode,
): Promise<E.Either<LockError, O.Option<Leave>>> {
  const entered = await borrowed.value.tryEnter(mode);
  if (entered._tag === "Right" && entered.right._tag === "Some") {
    return E.right(O.some(andGiveBack(borrowed, entered.right.value)));
  }
  borrowed.giveBack();
  return entered;
}

function andGiveBack(borrowed: Borrowed<Door>, leave: Leave): Leave {
  return () => {
    const left = leave();
    borrowed.giveBack();
    return left;
  };
}
