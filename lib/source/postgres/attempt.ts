import type { Deadline } from "../../deadline.ts";
import type { Attempt, Joining, Operations, TransactionFailure } from "../transaction.ts";
import { isConflict, postgresOutcome } from "./errors.ts";
import type { PostgresPool } from "./pool.ts";
import type { PostgresSession, Session } from "./session.ts";
import { openSession } from "./session.ts";

/** How far transactions are kept apart; the server's words. */
export type PostgresIsolation = "read committed" | "repeatable read" | "serializable";

/** A transaction that has begun on a connection of its own. */
interface Begun {
  readonly session: Session;
  readonly within: Deadline;
  /** When its time is over on the server's clock, in seconds since 1970. */
  readonly over: number;
  /** What a failure means now: nothing of it was applied, until the commit is sent. */
  outcome: "aborted" | "unknown";
}

/** Begins a transaction that the server ends when its time is over. */
export async function beginAttempt<K, V>(
  pool: PostgresPool,
  isolation: PostgresIsolation,
  within: Deadline,
  operationsOn: (session: PostgresSession) => Operations<K, V>,
): Promise<Attempt<K, V>> {
  const session = await openSession(pool, within.signal);
  try {
    const [row] = await session.query<{ readonly now?: unknown }>(beginning(isolation, within));
    const now = Number(row?.now);
    if (!Number.isFinite(now)) throw new Error("Cannot begin the transaction: the server did not tell its time");
    // The server read its clock before it answered, so over there it is over no later than here.
    const begun: Begun = { session, within, over: now + within.left() / 1_000, outcome: "aborted" };
    const attempt = attemptOf(begun, operationsOn(session));
    sessions.set(attempt, session);
    return attempt;
  } catch (cause) {
    session.end("drop");
    throw cause;
  }
}

/** The sessions of attempts, for the sources that join them. */
const sessions = new WeakMap<object, PostgresSession>();

/** Sources join on one pool, or one connection string, and with one isolation: none would be kept apart less than it asks. */
export function joiningOn<K, V>(
  database: string | PostgresPool,
  isolation: PostgresIsolation,
  operationsOn: (session: PostgresSession) => Operations<K, V>,
): Joining<K, V> {
  return {
    place: ["PostgreSQL", database, isolation],
    join: (attempt) => {
      const session = sessions.get(attempt);
      if (session === undefined) throw new Error("Cannot join a transaction: it is none of PostgreSQL");
      return operationsOn(session);
    },
  };
}

function attemptOf<K, V>(begun: Begun, operations: Operations<K, V>): Attempt<K, V> {
  return {
    ...operations,
    commit: () => commit(begun),
    rollback: async () => begun.session.end(await rollBack(begun.session) ? "keep" : "drop"),
    failureOf: (error): TransactionFailure =>
      begun.outcome === "aborted" && isConflict(error) ? "conflict" : begun.outcome,
  };
}

async function commit(begun: Begun): Promise<void> {
  const { session } = begun;
  if (session.isLost()) throw new Error("Cannot commit: the connection was lost before");
  begun.outcome = "unknown";
  try {
    await session.query(committing(begun));
  } catch (cause) {
    // A server that refused to commit goes on with the session. One that ends it may have committed before.
    if (postgresOutcome(cause) === "aborted" && await rollBack(session)) begun.outcome = "aborted";
    throw cause;
  }
  session.end("keep");
}

/** Whether the server says that nothing of the transaction is left. */
async function rollBack(session: Session): Promise<boolean> {
  try {
    await session.query("ROLLBACK");
    return true;
  } catch {
    return false;
  }
}

/**
 * No statement takes longer than what is left, and who falls silent in between is put out by then, so that its locks
 * go with it. The server's time says when a commit comes too late.
 */
function beginning(isolation: PostgresIsolation, within: Deadline): string {
  const left = timeLeft(within);
  return `
    BEGIN ISOLATION LEVEL ${isolation};
    SET LOCAL statement_timeout = ${left};
    SET LOCAL idle_in_transaction_session_timeout = ${left};
    SELECT set_config('transaction_timeout', '${left}', true)
    WHERE current_setting('server_version_num')::integer >= 170000;
    SELECT extract(epoch FROM clock_timestamp())::float8 AS now
  `;
}

/**
 * Constraints and triggers that were put off run as a statement of their own, since nothing bounds the time that they
 * take in COMMIT. The message then fails before COMMIT if its time is over: however late it arrives, it does nothing.
 */
function committing({ over, within }: Begun): string {
  return `
    SET LOCAL statement_timeout = ${timeLeft(within)};
    SET CONSTRAINTS ALL IMMEDIATE;
    SELECT CAST(
      CASE WHEN clock_timestamp() < to_timestamp(${over}) THEN '0' ELSE 'the deadline of the transaction has passed' END
      AS integer
    );
    COMMIT
  `;
}

/** In whole milliseconds, of which 0 would be no limit at all. */
function timeLeft(within: Deadline): number {
  const left = within.left();
  return left === Infinity ? 0 : Math.min(Math.max(1, Math.ceil(left)), 2_147_483_647);
}
