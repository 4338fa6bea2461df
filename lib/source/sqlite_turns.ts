import type { Clock } from "../clock.ts";
import { late, orLate } from "../deadline.ts";

/** Waits at most so many milliseconds for a turn, first come, first served; what it answers ends the turn. */
export type Turns = (milliseconds: number) => Promise<(() => void) | undefined>;

/** Turns on something that one at a time may use. */
export function turns(clock: Clock): Turns {
  let last: Promise<void> = Promise.resolve();
  return async (milliseconds) => {
    const before = last;
    let release = (): void => {};
    last = new Promise((resolve) => release = resolve);
    if (await orLate(clock, milliseconds, before) !== late) return release;
    // Who gave up passes the turn on when it comes.
    void before.then(release);
    return undefined;
  };
}
