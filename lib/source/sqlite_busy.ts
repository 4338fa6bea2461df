import type { Clock } from "../clock.ts";

/** The pauses between attempts grow between these: below, timers cost more than they wait, above, the wait shows. */
const shortestPause = 2;
const longestPause = 50;

/** The primary result codes of SQLite that matter here. */
const busy = 5;
const constraint = 19;

/** Tries until nobody else is in the way, or until it is over, and then fails with what was in the way last. */
export async function patiently<A>(clock: Clock, isOver: () => boolean, attempt: () => A): Promise<A> {
  for (let pause = shortestPause;; pause = Math.min(2 * pause, longestPause)) {
    try {
      return attempt();
    } catch (cause) {
      if (!isBusy(cause) || isOver()) throw cause;
    }
    // Half of it at random, or processes that met once would meet at each attempt.
    await new Promise<void>((resolve) => void clock.after(pause * (0.5 + Math.random() / 2), resolve));
  }
}

/** Whether another connection is in the way, so that trying again may help (SQLITE_BUSY and its extended codes). */
export function isBusy(cause: unknown): boolean {
  return codeOf(cause) === busy;
}

/**
 * What became of a commit that failed: a constraint that was put off refuses it for certain. After the other failures
 * nobody knows: the commit may be complete in the journal, only not confirmed, and a later start would find it.
 */
export function outcomeOfCommit(cause: unknown): "aborted" | "unknown" {
  return codeOf(cause) === constraint ? "aborted" : "unknown";
}

/** The primary code is the last byte of what node:sqlite reports. */
function codeOf(cause: unknown): number | undefined {
  if (!(cause instanceof Error) || !("errcode" in cause) || typeof cause.errcode !== "number") return undefined;
  return cause.errcode & 0xff;
}
