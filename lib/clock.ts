import { setImmediate } from "node:timers";

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

interface Appointment {
  readonly at: number;
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

/**
 * The clock of this process.
 *
 * Appointments of one length share one timer, because nearly all of them are deadlines that are cancelled long before
 * they come due: a timer for each command costs up to 70 % of the command.
 */
export const systemClock: Clock = { now: systemNow, after: makeAppointment };

const queues = new Map<number, Queue>();

function systemNow(): number {
  return performance.now();
}

function makeAppointment(milliseconds: number, run: () => void): Cancel {
  if (milliseconds === Infinity) return () => {};
  const length = rounded(milliseconds);
  const queue = queueOf(length);
  const made: Appointment = { at: systemNow() + length, run, previous: queue.last, next: undefined, queue };
  if (queue.last === undefined) queue.first = made;
  else queue.last.next = made;
  queue.last = made;
  arm(queue);
  return () => {
    const owner = made.queue;
    if (owner === undefined) return;
    remove(made);
    if (owner.first === undefined) idle(owner);
  };
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
  else queue.timer = setTimeout(() => fire(queue), Math.min(Math.max(0, queue.first.at - systemNow()), maxTimer));
}

function fire(queue: Queue): void {
  queue.timer = undefined;
  // A timer may fire up to a millisecond early against performance.now.
  while (queue.first !== undefined && queue.first.at <= systemNow() + 1) {
    const due = queue.first;
    remove(due);
    due.run();
  }
  arm(queue);
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

/**
 * Reads a clock once a turn of the event loop; for checks of freshness, where a turn's length does not matter.
 *
 * A reading costs as much as four memory hits. Leases and deadlines use the exact clock.
 */
export function coarse(clock: Clock): () => number {
  return clock === systemClock ? turnNow : clock.now;
}

/** When the turn was first asked for its time; 0 where it was not. In an array it is a number, and not an object. */
const turn = new Float64Array(1);

function turnNow(): number {
  if (turn[0] === 0) {
    turn[0] = systemNow();
    setImmediate(endTurn);
  }
  return turn[0]!;
}

function endTurn(): void {
  turn[0] = 0;
}
