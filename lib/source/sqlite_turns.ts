import type { Clock } from "../clock.ts";
import { late, orLate } from "../deadline.ts";

/** Waits at most so many milliseconds for a turn, first come, first served; what it answers ends the turn. */
export type Turns = (milliseconds: number) => Promise<(() => void) | undefined>;

/** Who had the last turn on a connection, of all sources that use it. */
const lastOn = new WeakMap<object, Promise<void>>();

/** Turns on a connection that one at a time may use. */
export function turnsOn(connection: object, clock: Clock): Turns {
  return async (milliseconds) => {
    const before = lastOn.get(connection) ?? Promise.resolve();
    let release = (): void => {};
    lastOn.set(connection, new Promise((resolve) => release = resolve));
    if (await orLate(clock, milliseconds, before) !== late) return release;
    // Who gave up passes the turn on when it comes.
    void before.then(release);
    return undefined;
  };
}
