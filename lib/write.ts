import * as E from "fp-ts/lib/Either.js";
import type { Clock } from "./clock.ts";
import type { Deadline } from "./deadline.ts";
import { late, orLate } from "./deadline.ts";
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
export async function runGuarded<A, Err>(
  clock: Clock,
  write: (within: Deadline) => Write<A, Err>,
  within: Deadline,
  outcomeOf: OutcomeOf = alwaysUnknown,
): Promise<E.Either<WriteFailure<Err>, A>> {
  const guarded = async (): Promise<E.Either<WriteFailure<Err>, A>> => {
    try {
      return await write(within)();
    } catch (cause) {
      return E.left({ outcome: judge(outcomeOf, cause), error: { _tag: "SourceFailed", cause } });
    }
  };
  const done = await orLate(clock, within.left(), guarded());
  return done === late
    ? E.left({ outcome: "unknown", error: { _tag: "TimedOut", waitingFor: "the source's commit" } })
    : done;
}
