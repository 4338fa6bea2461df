import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { Bound } from "./bound.ts";
import { whenOver, whyOver } from "./bound.ts";
import type { LockError } from "./lock_error.ts";

/** The pauses between attempts grow between these: below, attempts cost more than they wait, above, the wait shows. */
const shortestPause = 1;
const longestPause = 50;

/**
 * Attempts until something was taken, at least once, and at most until the bound.
 *
 * After a cancelled wait the answer is `Cancelled` even if the last attempt took something: callers undo that.
 */
export async function poll<A>(
  bound: Bound,
  attempt: () => Promise<E.Either<LockError, Option<A>>>,
): Promise<E.Either<LockError, A>> {
  for (let longest = shortestPause;; longest = Math.min(2 * longest, longestPause)) {
    if (bound.signal?.aborted === true) return E.left({ _tag: "Cancelled" });
    const attempted = await attempt();
    if (attempted._tag === "Left") return attempted;
    const reason = whyOver(bound);
    if (attempted.right._tag === "Some" && reason?._tag !== "Cancelled") return E.right(attempted.right.value);
    if (reason !== undefined) return E.left(reason);
    // Half of it at random, or those that met once would meet at each attempt.
    await pause(bound, longest * (0.5 + Math.random() / 2));
  }
}

function pause(bound: Bound, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const cancel = bound.clock.after(milliseconds, () => {
      undo();
      resolve();
    });
    const undo = whenOver(bound, () => {
      cancel();
      resolve();
    });
  });
}
