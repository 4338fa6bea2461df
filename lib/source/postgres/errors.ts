/**
 * Whether the server says that the transaction met another one, and was rolled back for that: SQLSTATE class 40, which
 * is serialization failures and deadlocks. "Statement completion unknown" stands in that class and is none of them.
 */
export function isConflict(error: unknown): boolean {
  const state = stateOf(error);
  return state !== undefined && state.startsWith("40") && state !== "40003";
}

// After these the session is over, or nobody should rely on what it says: a commit may have been complete before.
const final = /^(08|57P|58|F0|XX|40003|25P0[34])/;

/**
 * What became of a single statement, or of a `COMMIT`, that failed on a connection of npm:pg; for `writing` and
 * `outcomeOf`. What the server refused was not applied. After a connection that broke, nobody knows.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { postgresOutcome } from "@lamina/cache/postgres";
 *
 * const refused = Object.assign(new Error("duplicate key"), { severity: "ERROR", code: "23505" });
 * assertEquals(postgresOutcome(refused), "aborted");
 * assertEquals(postgresOutcome(new Error("Connection terminated unexpectedly")), "unknown");
 * ```
 */
export function postgresOutcome(error: unknown): "aborted" | "unknown" {
  const state = stateOf(error);
  return state === undefined || final.test(state) ? "unknown" : "aborted";
}

// A failing socket has a code as well, such as EPIPE; but only the server's errors have a severity.
function stateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error && "severity" in error)) return undefined;
  return typeof error.code === "string" && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}
