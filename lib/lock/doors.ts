import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { Bound } from "./bound.ts";
import type { Door, Leave, Mode } from "./door.ts";
import type { LockError } from "./lock_error.ts";

/**
 * A door out of this process behind a queue in it: callers wait in their order, in a bounded number, and one of them at a
 * time waits outside. Who only tries to share does not need the queue.
 */
export function queued(queue: Door, outside: Door): Door {
  return {
    enter: (mode, bound) => enterBoth(queue, "exclusive", outside, mode, bound),
    tryEnter: (mode) => mode === "shared" ? outside.tryEnter(mode) : tryBoth(queue, mode, outside, mode),
  };
}

/**
 * A room that is fair to writers, behind a gate. Who writes keeps the gate shut from before he waits for readers to
 * leave; who reads comes through it, and leaves it open behind him. `passing` is how readers come through the gate.
 */
export function gated(gate: Door, room: Door, passing: Mode): Door {
  return {
    enter: async (mode, bound) => {
      if (mode === "exclusive") return await enterBoth(gate, mode, room, mode, bound);
      const passed = await gate.enter(passing, bound);
      if (passed._tag === "Left") return passed;
      const entered = await room.enter(mode, bound);
      await passed.right();
      return entered;
    },
    tryEnter: async (mode) => {
      if (mode === "exclusive") return await tryBoth(gate, mode, room, mode);
      const passed = await gate.tryEnter(passing);
      if (passed._tag === "Left" || passed.right._tag === "None") return passed;
      const entered = await room.tryEnter(mode);
      await passed.right.value();
      return entered;
    },
  };
}

async function enterBoth(
  first: Door,
  firstMode: Mode,
  second: Door,
  secondMode: Mode,
  bound: Bound,
): Promise<E.Either<LockError, Leave>> {
  const outer = await first.enter(firstMode, bound);
  if (outer._tag === "Left") return outer;
  const inner = await second.enter(secondMode, bound);
  if (inner._tag === "Right") return E.right(leaveBoth(inner.right, outer.right));
  await outer.right();
  return inner;
}

async function tryBoth(
  first: Door,
  firstMode: Mode,
  second: Door,
  secondMode: Mode,
): Promise<E.Either<LockError, O.Option<Leave>>> {
  const outer = await first.tryEnter(firstMode);
  if (outer._tag === "Left" || outer.right._tag === "None") return outer;
  const inner = await second.tryEnter(secondMode);
  if (inner._tag === "Right" && inner.right._tag === "Some") {
    return E.right(O.some(leaveBoth(inner.right.value, outer.right.value)));
  }
  await outer.right.value();
  return inner;
}

function leaveBoth(inner: Leave, outer: Leave): Leave {
  return async () => {
    const left = await inner();
    const opened = await outer();
    return left._tag === "Left" ? left : opened;
  };
}
