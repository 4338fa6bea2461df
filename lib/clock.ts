import { setImmediate } from "node:timers";
import type { Appointment } from "./appointments.ts";
import { cancelAppointment, comeOfAge, makeAppointment, makeYoung } from "./appointments.ts";

/** Undoes a scheduled call; calling it again, or too late, does nothing. */
export type Cancel = () => void;

/**
 * The time, as an injected effect: production has {@linkcode systemClock}, tests a virtual one.
 *
 * `now` is monotonic, in milliseconds from an arbitrary start; only differences mean anything.
 */
export interface Clock {
  /** The moment, in milliseconds. */
  readonly now: () => number;
  /** Calls `run` once, when `milliseconds` have passed. */
  readonly after: (milliseconds: number, run: () => void) => Cancel;
}

/**
 * The clock of this process.
 */
export const systemClock: Clock = { now: systemNow, after: makeAppointment };

function systemNow(): number {
  const now = performance.now();
  // Whoever goes by the turn's time goes by nothing older than what was read before.
  if (turn[0] !== 0) turn[0] = now;
  return now;
}

/** What {@linkcode onceAt} or {@linkcode onceWithin} made, for who may want to cancel it: a function of its own for that would cost as much again. */
export type Alarm = Appointment | Cancel | undefined;

/**
 * Calls `run` when a clock has come to a moment, unless it is called off before. On the clock of this process no timer is
 * set for what is called off within its turn, and the clock is not read: most of what is given a deadline ends by then.
 */
export function onceAt(clock: Clock, at: number, run: () => void): Alarm {
  if (at === Infinity) return undefined;
  if (clock !== systemClock) return clock.after(Math.max(0, at - clock.now()), run);
  endLater();
  return makeYoung(at, NaN, run);
}

/**
 * The same for so many milliseconds from now, or rather from the end of this turn: nothing can come due within it anyway,
 * and so nobody has to know when exactly in it that was asked for. For what is better ended late than early.
 */
export function onceWithin(clock: Clock, milliseconds: number, run: () => void): Alarm {
  if (milliseconds === Infinity) return undefined;
  if (clock !== systemClock) return clock.after(Math.max(0, milliseconds), run);
  endLater();
  return makeYoung(NaN, Math.max(0, milliseconds), run);
}

/** Cancels what they made; what is over is let be. */
export function callOff(alarm: Alarm): void {
  if (typeof alarm === "function") alarm();
  else if (alarm !== undefined) cancelAppointment(alarm);
}

/**
 * Reads a clock once a turn of the event loop, or whenever the clock itself is read meanwhile; for checks of freshness, and
 * for steps of this process that stand or fall together, where a turn's length does not matter.
 *
 * A reading costs as much as four memory hits. Deadlines, and leases that other processes go by, use the exact clock.
 */
export function coarse(clock: Clock): () => number {
  return clock === systemClock ? turnNow : clock.now;
}

/** A number that is another one in each turn of the event loop; on any other clock than the system's the time itself. */
export function turnOf(clock: Clock): () => number {
  return clock === systemClock ? turnNumber : clock.now;
}

/** When the turn was last asked for its time; 0 where it was not. In an array it is a number, and not an object. */
const turn = new Float64Array(1);

let turns = 0;
let isEnding = false;

function turnNow(): number {
  if (turn[0] === 0) {
    endLater();
    turn[0] = systemNow();
  }
  return turn[0]!;
}

function turnNumber(): number {
  endLater();
  return turns;
}

function endLater(): void {
  if (isEnding) return;
  isEnding = true;
  setImmediate(endTurn);
}

function endTurn(): void {
  isEnding = false;
  turn[0] = 0;
  turns++;
  comeOfAge();
}
