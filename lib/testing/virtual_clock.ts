import { setImmediate } from "node:timers";
import type { Clock } from "../clock.ts";

/** A clock that stands still until it is told to go on. */
export interface VirtualClock extends Clock {
  /** Lets time pass: what comes due runs in its order, each at its time, and what it set off settles before the next. */
  readonly advance: (milliseconds: number) => Promise<void>;
  /** How many appointments lie ahead; at the end of a test, what was forgotten. */
  readonly pending: () => number;
}

interface Appointment {
  readonly at: number;
  readonly run: () => void;
}

/** Turns of the event loop between two appointments: a chain of promises ends within one, what waits a turn in three. */
const turns = 3;

/**
 * A clock for tests, which starts at 0: nothing sleeps, and what happens at one moment happens in the same order always.
 *
 * @example An appointment is kept when its time has come
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { virtualClock } from "@lamina/cache/testing";
 *
 * const clock = virtualClock();
 * const seen: number[] = [];
 * clock.after(20, () => seen.push(clock.now()));
 * clock.after(10, () => seen.push(clock.now()));
 *
 * await clock.advance(15);
 * assertEquals([clock.now(), clock.pending(), seen], [15, 1, [10]]);
 *
 * await clock.advance(5);
 * assertEquals(seen, [10, 20]);
 * ```
 */
export function virtualClock(): VirtualClock {
  const ahead = new Set<Appointment>();
  let now = 0;
  const advance = async (milliseconds: number): Promise<void> => {
    const end = now + milliseconds;
    for (;;) {
      await settle();
      const next = earliest(ahead);
      if (next === undefined || next.at > end) break;
      ahead.delete(next);
      now = Math.max(now, next.at);
      next.run();
    }
    now = Math.max(now, end);
  };
  return {
    now: () => now,
    after: (milliseconds, run) => {
      if (milliseconds === Infinity) return () => {};
      const made = { at: now + Math.max(0, milliseconds), run };
      ahead.add(made);
      return () => {
        ahead.delete(made);
      };
    },
    advance,
    pending: () => ahead.size,
  };
}

/** The one that comes first; of two at the same time, the one that was made first, as a set keeps that order. */
function earliest(ahead: ReadonlySet<Appointment>): Appointment | undefined {
  let first: Appointment | undefined;
  for (const each of ahead) if (first === undefined || each.at < first.at) first = each;
  return first;
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => setImmediate(() => resolve()));
}
