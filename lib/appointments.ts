import { setImmediate } from "node:timers";
import type { Cancel } from "./clock.ts";

/** What is to be done at a moment, once. */
export interface Appointment {
  /** The moment; of a young one it may not be known yet. */
  at: number;
  /** How many milliseconds from the end of the turn in which a young one was made; NaN where its moment is known. */
  readonly within: number;
  readonly run: () => void;
  previous: Appointment | undefined;
  next: Appointment | undefined;
  queue: Queue | undefined;
}

/** Appointments of one length, which therefore come due in the order in which they were made. */
interface Queue {
  readonly length: number;
  first: Appointment | undefined;
  last: Appointment | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
  idling: boolean;
}

const queues = new Map<number, Queue>();

/**
 * Calls `run` once, when so many milliseconds have passed.
 *
 * Appointments of one length share one timer, because nearly all of them are deadlines that are cancelled long before
 * they come due: a timer for each command costs up to 70 % of the command.
 */
export function makeAppointment(milliseconds: number, run: () => void): Cancel {
  if (milliseconds === Infinity) return nothing;
  const length = rounded(milliseconds);
  const queue = queueOf(length);
  const made = appointmentAt(performance.now() + length, NaN, run);
  enter(queue, made);
  arm(queue);
  return () => cancelAppointment(made);
}

function appointmentAt(at: number, within: number, run: () => void): Appointment {
  return { at, within, run, previous: undefined, next: undefined, queue: undefined };
}

/** Cancels an appointment; one that is over is let be. */
export function cancelAppointment(made: Appointment): void {
  const owner = made.queue;
  if (owner === undefined) return;
  remove(made);
  if (owner.first === undefined && owner !== young) idle(owner);
}

/** Appointments of this turn that no timer was set for yet. */
const young: Queue = { length: 0, first: undefined, last: undefined, timer: undefined, idling: false };

function nothing(): void {}

/** Makes an appointment that takes no timer yet. */
export function makeYoung(at: number, within: number, run: () => void): Appointment {
  const made = appointmentAt(at, within, run);
  enter(young, made);
  return made;
}

/** Sets timers for those that took none yet, and have not been cancelled. */
export function comeOfAge(): void {
  if (young.first === undefined) return;
  const now = performance.now();
  for (let made: Appointment | undefined = young.first; made !== undefined; made = young.first) {
    const length = rounded(Number.isNaN(made.within) ? Math.max(0, made.at - now) : made.within);
    const queue = queueOf(length);
    remove(made);
    made.at = now + length;
    enter(queue, made);
    arm(queue);
  }
}

function queueOf(length: number): Queue {
  const known = queues.get(length);
  if (known !== undefined) return known;
  const queue: Queue = { length, first: undefined, last: undefined, timer: undefined, idling: false };
  queues.set(length, queue);
  return queue;
}

function arm(queue: Queue): void {
  if (queue.timer !== undefined) return;
  if (queue.first === undefined) queues.delete(queue.length);
  else queue.timer = setTimeout(() => fire(queue), Math.min(Math.max(0, queue.first.at - performance.now()), maxTimer));
}

function fire(queue: Queue): void {
  queue.timer = undefined;
  try {
    // A timer may fire up to a millisecond early against performance.now.
    while (queue.first !== undefined && queue.first.at <= performance.now() + 1) {
      const due = queue.first;
      remove(due);
      due.run();
    }
  } finally {
    // What one throws is the process's affair, if that lives on; the others are kept.
    arm(queue);
  }
}

/** A timer outlives its last appointment by one turn, so that commands in sequence do not set and clear one each. */
function idle(queue: Queue): void {
  if (queue.idling) return;
  queue.idling = true;
  setImmediate(() => {
    queue.idling = false;
    if (queue.first !== undefined) return;
    clearTimeout(queue.timer);
    queue.timer = undefined;
    queues.delete(queue.length);
  });
}

/** Lengths above 64 ms are rounded up by at most a 64th, so that what is left of many deadlines shares few timers. */
function rounded(milliseconds: number): number {
  if (milliseconds <= 64) return Math.ceil(milliseconds);
  const step = 2 ** (Math.floor(Math.log2(milliseconds)) - 6);
  return Math.ceil(milliseconds / step) * step;
}

/** The longest delay that setTimeout takes; longer ones are armed again. */
const maxTimer = 2_147_483_647;

function enter(queue: Queue, made: Appointment): void {
  made.queue = queue;
  made.previous = queue.last;
  if (queue.last === undefined) queue.first = made;
  else queue.last.next = made;
  queue.last = made;
}

function remove(made: Appointment): void {
  const queue = made.queue;
  if (queue === undefined) return;
  if (made.previous === undefined) queue.first = made.next;
  else made.previous.next = made.next;
  if (made.next === undefined) queue.last = made.previous;
  else made.next.previous = made.previous;
  // Who still holds a dead one must not hold younger ones by it.
  made.previous = undefined;
  made.next = undefined;
  made.queue = undefined;
}
