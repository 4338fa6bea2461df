import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import * as E from "fp-ts/lib/Either.js";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import type { Deadline } from "../deadline.ts";
import { deadlineAt, late, orLate } from "../deadline.ts";
import type { Duration, DurationLike } from "../duration.ts";
import { localLocks } from "../lock/local.ts";
import type { Held, Locker } from "../lock/lock.ts";
import type { SourceFailed, TimedOut } from "../cache_error.ts";
import type { Answer } from "../source/loader.ts";
import { settle } from "../source/loader.ts";
import { tell } from "../observe/observer.ts";
import { finite } from "./ask.ts";
import type { AggregateError, AggregateEvent } from "./event.ts";

/** What every periodic job may be given. */
export interface JobOptions {
  /**
   * Who may run the job: one at a time of those who share these locks. `leaseLocks({ port: redisLeases(…), lease })` for
   * processes; unless told, the callers of this very function.
   */
  readonly locks?: Locker<Held>;
  /** How long the source may take for a batch: 5 s unless told, half of a lease. */
  readonly commit?: DurationLike;
  /** Told of what is lost, dead, late or in doubt. What it throws is ignored. */
  readonly onEvent?: (event: AggregateEvent) => void;
  /** What waiting goes by. */
  readonly clock?: Clock;
}

/** Somebody else is at it: nothing was done, and nothing has to be. */
export interface Busy {
  /** Tells it from what a job does. */
  readonly _tag: "Busy";
}

/** Options that were checked. */
export interface Job {
  readonly name: string;
  readonly locks: Locker<Held>;
  readonly commit: Duration;
  readonly clock: Clock;
  readonly onEvent: (event: AggregateEvent) => void;
}

/** Checks what a job was given; throws a RangeError. */
export function readJob(name: string, options: JobOptions): Job {
  const { locks = localLocks(), commit = "5s", clock = systemClock, onEvent } = options;
  return {
    name,
    locks,
    commit: finite(`the job ${name}`, commit),
    clock,
    onEvent: (event) => tell(onEvent, event),
  };
}

/** Runs a body if nobody else does, under the job's lock. A lock that cannot be released ends with its lease. */
export function alone<A>(
  job: Job,
  body: (held: Held) => Promise<E.Either<AggregateError, A>>,
): TaskEither<AggregateError, A | Busy> {
  return async () => {
    const tried = await job.locks.lock(job.name).tryAcquire();
    if (tried._tag === "Left") return tried;
    if (tried.right._tag === "None") return E.right({ _tag: "Busy" });
    const held = tried.right.value;
    const result = await body(held);
    const released = await held.release();
    if (released._tag === "Left") job.onEvent({ _tag: "Unreleased", job: job.name, error: released.left });
    return result;
  };
}

/** Gives a source's function a batch, with a deadline that lies within the lease; what it throws is `SourceFailed`. */
export async function commit<A>(
  { clock, commit: longest }: Job,
  held: Pick<Held, "left">,
  what: string,
  run: (within: Deadline) => Answer<A>,
): Promise<E.Either<SourceFailed | TimedOut, A>> {
  const deadline = deadlineAt(clock, clock.now() + Math.min(longest, held.left()));
  const timedOut: E.Either<TimedOut, never> = E.left({ _tag: "TimedOut", waitingFor: what });
  if (deadline.left() <= 0) return timedOut;
  const done = await orLate(clock, deadline.left(), settle(() => run(deadline)));
  deadline.dispose();
  if (done === late) return timedOut;
  return done._tag === "Left" ? E.left({ _tag: "SourceFailed", cause: done.left }) : done;
}
