import { setImmediate } from "node:timers";
import type { Cancel } from "../../clock.ts";

/** The time of a simulation: it stands still while anything is ready to run, and then goes on to what comes due next. */
export interface SimulatedClock {
  /** The moment, in milliseconds since the beginning. */
  readonly now: () => number;
  /** Calls `run` in that many milliseconds, on behalf of an owner, who can be forgotten. */
  readonly after: (milliseconds: number, run: () => void, owner?: object) => Cancel;
  /** Keeps the next appointment; false if there is none, or none up to a moment. */
  readonly step: (until?: number) => boolean;
  /** Lets time pass in which nothing comes due. */
  readonly skip: (milliseconds: number) => void;
  /** Cancels the appointments of an owner. */
  readonly forget: (owner: object) => void;
  /** How many appointments lie ahead. */
  readonly pending: () => number;
}

interface Appointment {
  readonly at: number;
  readonly run: () => void;
  readonly owner: object | undefined;
}

/** A clock at 0. Of two appointments at one moment, the one that was made first is kept first. */
export function simulatedClock(): SimulatedClock {
  // The next one is the last, so that it is taken without moving the others.
  let ahead: Array<Appointment> = [];
  let now = 0;
  return {
    now: () => now,
    after: (milliseconds, run, owner) => {
      if (milliseconds === Infinity) return () => {};
      const made: Appointment = { at: now + Math.max(0, milliseconds), run, owner };
      let place = ahead.length;
      while (place > 0 && ahead[place - 1]!.at <= made.at) place--;
      ahead.splice(place, 0, made);
      return () => {
        const found = ahead.lastIndexOf(made);
        if (found >= 0) ahead.splice(found, 1);
      };
    },
    step: (until = Infinity) => {
      const next = ahead.at(-1);
      if (next === undefined || next.at > until) return false;
      ahead.pop();
      now = next.at;
      next.run();
      return true;
    },
    skip: (milliseconds) => void (now += milliseconds),
    forget: (owner) => {
      ahead = ahead.filter((each) => each.owner !== owner);
    },
    pending: () => ahead.length,
  };
}

/** Turns of the event loop between two appointments: a chain of promises, and of what waits a tick, ends within one. */
const turns = 2;

/** Lets everything run that is ready now, and what that makes ready. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
}
