/** Waits. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A time as services and users take it: exponential about a mean, mostly short and now and then long. */
export function someTime(mean: number): number {
  return mean * Math.min(mostOfMean, -Math.log(1 - Math.random()));
}

/** One in 3,000 would be longer than this. */
const mostOfMean = 8;

/** How long somebody else's transaction is waited for, in milliseconds; here they take less than one. */
const patience = 4_000;

/**
 * Runs a statement of SQLite, again for as long as another process is in the way.
 *
 * SQLite's own waiting (`busy_timeout`) would hold up the event loop.
 */
export async function patiently<A>(run: () => A): Promise<A> {
  const end = performance.now() + patience;
  for (;;) {
    try {
      return run();
    } catch (cause) {
      if (!isBusy(cause) || performance.now() > end) throw cause;
    }
    await sleep(1 + 4 * Math.random());
  }
}

/** SQLITE_BUSY and its extended codes. */
function isBusy(cause: unknown): boolean {
  return cause instanceof Error && "errcode" in cause && typeof cause.errcode === "number" &&
    (cause.errcode & 0xff) === 5;
}
