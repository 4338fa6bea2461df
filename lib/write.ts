import * as E from "fp-ts/lib/Either.js";
import type { Clock } from "./clock.ts";
import { callOff, onceAt } from "./clock.ts";
import type { Deadline } from "./deadline.ts";
import type { Outcome, Write, WriteFailure } from "./store.ts";

/** Tells from a source's error whether the write was certainly not applied, or nobody knows. */
export type OutcomeOf = (error: unknown) => Exclude<Outcome, "committed">;

/** What is said of an error that nobody interprets: it may have come after the commit. */
export function alwaysUnknown(): "unknown" {
  return "unknown";
}

/**
 * A write from a function that returns a promise. Its rejection is `unknown`, unless `outcomeOf` can tell that nothing
 * was applied.
 *
 * @example A write that a constraint refused was not applied
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { promises, source, writing } from "@lamina/cache";
 *
 * const rename = writing(() => Promise.reject(new Error("UNIQUE constraint failed")), () => "aborted");
 * const users = source({ load: async (keys: ReadonlyArray<number>) => keys.map(String) });
 * const done = await users.mutate([42], rename)();
 * assertEquals(done._tag === "Left" && done.left.outcome, "aborted");
 * ```
 */
export function writing<A>(
  run: (within: Deadline) => PromiseLike<A>,
  outcomeOf: OutcomeOf = alwaysUnknown,
): (within: Deadline) => Write<A> {
  return (within) => async () => {
    try {
      return E.right(await run(within));
    } catch (cause) {
      return E.left({ outcome: judge(outcomeOf, cause), error: { _tag: "SourceFailed", cause } });
    }
  };
}

/** What `outcomeOf` says; where it throws itself, nobody knows. */
export function judge(outcomeOf: OutcomeOf, error: unknown): "aborted" | "unknown" {
  try {
    return outcomeOf(error) === "aborted" ? "aborted" : "unknown";
  } catch {
    return "unknown";
  }
}

/** Runs a write of somebody else's: what it throws is an unknown outcome, and so is what comes after the deadline. */
export function runGuarded<A, Err>(
  clock: Clock,
  write: (within: Deadline) => Write<A, Err>,
  within: Deadline,
  outcomeOf: OutcomeOf = alwaysUnknown,
): Promise<E.Either<WriteFailure<Err>, A>> {
  return new Promise((resolve) => guarded(clock, write, within, outcomeOf, resolve));
}

/** The same for who needs no promise: `hear` is told once what became of the write, and not before this has returned. */
export function guarded<A, Err>(
  clock: Clock,
  write: (within: Deadline) => Write<A, Err>,
  within: Deadline,
  outcomeOf: OutcomeOf,
  hear: (done: E.Either<WriteFailure<Err>, A>) => void,
): void {
  let isOver = false;
  const end = (done: E.Either<WriteFailure<Err>, A>): void => {
    if (isOver) return;
    isOver = true;
    callOff(alarm);
    hear(isDone(done) ? done : noOutcome);
  };
  const fail = (cause: unknown): void =>
    end(E.left({ outcome: judge(outcomeOf, cause), error: { _tag: "SourceFailed", cause } }));
  begun(write, within).then(end, fail);
  // Behind the timers of what is bounded: what it says of the end comes first.
  const alarm = onceAt(clock, within.at, () => end(tooLate));
}

function begun<A, Err>(
  write: (within: Deadline) => Write<A, Err>,
  within: Deadline,
): Promise<E.Either<WriteFailure<Err>, A>> {
  try {
    return Promise.resolve(write(within)());
  } catch (cause) {
    return Promise.reject(cause);
  }
}

/** Whether somebody else's write says what became of it. */
function isDone(done: unknown): boolean {
  if (typeof done !== "object" || done === null || !("_tag" in done)) return false;
  if (done._tag === "Right") return "right" in done;
  return done._tag === "Left" && "left" in done && typeof done.left === "object" && done.left !== null;
}

/** It ran, and may have written. */
const noOutcome: E.Either<WriteFailure<never>, never> = E.left({
  outcome: "unknown",
  error: { _tag: "SourceFailed", cause: new TypeError("Cannot read the outcome of a write: expected an Either") },
});

const tooLate: E.Either<WriteFailure<never>, never> = E.left({
  outcome: "unknown",
  error: { _tag: "TimedOut", waitingFor: "the source's commit" },
});
