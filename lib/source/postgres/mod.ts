/**
 * A source in a PostgreSQL database, by npm:pg.
 *
 * @module
 */
import type { Duration } from "../../duration.ts";
import { duration } from "../../duration.ts";
import type { Change, Store } from "../../store.ts";
import type { Answer } from "../loader.ts";
import { operationsOf, withoutSave } from "../rows.ts";
import type { SourceOptions } from "../source.ts";
import { source } from "../source.ts";
import type { PostgresIsolation } from "./attempt.ts";
import { beginAttempt, joiningOn } from "./attempt.ts";
import type { PostgresPool } from "./pool.ts";
import { makePool } from "./pool.ts";
import type { PostgresSession } from "./session.ts";
import { withSession } from "./session.ts";

export type { PostgresIsolation } from "./attempt.ts";
export { postgresOutcome } from "./errors.ts";
export type { PostgresClient, PostgresPool, PostgresResult } from "./pool.ts";
export type { PostgresSession } from "./session.ts";

/** A source in a PostgreSQL database. */
export interface PostgresSource<K, V> extends Pick<SourceOptions<K, V>, "commit" | "loadTimeout" | "clock"> {
  /**
   * A connection string, for a pool of its own that is closed with the store; or a pool, which is left open, and whose
   * `statement_timeout` should be as long as a load may take.
   */
  readonly database: string | PostgresPool;
  /** Selects the rows of keys, in any order; a key without a row is absent. In a transaction for one key at a time. */
  readonly rows: (session: PostgresSession, keys: ReadonlyArray<K>) => Answer<ReadonlyArray<V>>;
  /** The key of a row. */
  readonly keyOf: (row: V) => K;
  /** Selects the row of a single key, where that is quicker; without it, as one of many. */
  readonly loadOne?: (session: PostgresSession, key: K) => Answer<V | undefined>;
  /** Writes changes, in a transaction; without it the source is read-only, and writes go through `mutate`. */
  readonly save?: (session: PostgresSession, changes: ReadonlyArray<Change<K, V>>) => Answer<unknown>;
  /** How far transactions are kept apart: `"serializable"` unless told, where none sees anything of another. */
  readonly isolation?: PostgresIsolation;
  /** How many times a transaction's body is run at most while it meets others, 5 by default. */
  readonly attempts?: number;
  /** How many keys a transaction may write at most, 1,000 by default. */
  readonly maxKeys?: number;
}

/**
 * The store of a table in a PostgreSQL database, to stack tiers on, with transactions.
 *
 * The server keeps the deadline of a transaction itself: no statement outlasts it, a client that falls silent is put
 * out, and a `COMMIT` that arrives later is refused by the server's own clock. So this source is a fence. What the server
 * refuses is `aborted`, and run anew if it met another transaction (SQLSTATE class 40). A connection that breaks before
 * `COMMIT` is sent aborts it as well; one that breaks later leaves it `unknown`.
 *
 * Of the clients that Deno runs, npm:pg is the better kept: npm:postgres 3.4.9 may go on with a transaction's statements
 * outside of it when the server ends an idle session (its pull request 1155).
 *
 * @example A transfer between two accounts
 * ```ts ignore
 * import { postgresSource } from "@lamina/cache/postgres";
 * import * as TE from "fp-ts/lib/TaskEither.js";
 * import { pipe } from "fp-ts/lib/function.js";
 * import { isSome } from "fp-ts/lib/Option.js";
 *
 * interface Account {
 *   readonly id: number;
 *   readonly balance: number;
 * }
 *
 * await using accounts = postgresSource({
 *   database: "postgres://app:secret@localhost/bank",
 *   rows: (session, ids: ReadonlyArray<number>) =>
 *     session.query<Account>("SELECT id, balance FROM account WHERE id = ANY($1)", [ids]),
 *   keyOf: ({ id }) => id,
 *   save: async (session, changes) => {
 *     for (const { key, value } of changes) {
 *       if (isSome(value)) await session.query("UPDATE account SET balance = $2 WHERE id = $1", [key, value.value.balance]);
 *       else await session.query("DELETE FROM account WHERE id = $1", [key]);
 *     }
 *   },
 * });
 *
 * await accounts.transact((tx) =>
 *   pipe(
 *     tx.get(1),
 *     TE.tap(() => tx.put(1, { id: 1, balance: 4 })),
 *     TE.flatMap(() => tx.put(2, { id: 2, balance: 5 })),
 *   )
 * )();
 * ```
 *
 * **Gotchas**
 * - npm:pg reads the environment (`PGHOST` and others), so it needs `--allow-env` beside `--allow-net`.
 * - npm:pg parses bigints as text, unless its type parsers are told otherwise.
 * - A pool that is given needs `error` listeners, or the end of a connection ends the process: one on itself and, by its
 *   `connect` event, one on each client.
 * - A body takes a connection for as long as it runs. One that reads the store without `tx` takes a second one, and as
 *   many bodies at once as the pool has connections would then wait for each other, until their deadlines.
 */
export function postgresSource<K, V>(options: PostgresSource<K, V>): Store<K, V> {
  const { database, rows, loadOne, save, isolation = "serializable", attempts, maxKeys, ...rest } = options;
  const { pool, close } = poolOf(database, duration(rest.loadTimeout ?? "30s"));
  const operationsOn = (session: PostgresSession) =>
    operationsOf<K, V>({
      rows: (keys) => rows(session, keys),
      keyOf: rest.keyOf,
      loadOne: loadOne && ((key) => loadOne(session, key)),
      save: save && ((changes) => save(session, changes)),
    });
  const store = source<K, V>({
    ...rest,
    rows: (keys, { signal }) => withSession(pool, signal, (session) => rows(session, keys)),
    loadOne: loadOne && ((key, { signal }) => withSession(pool, signal, (session) => loadOne(session, key))),
    transaction: {
      begin: (within) => beginAttempt(pool, isolation, within, operationsOn),
      attempts,
      maxKeys,
      joining: joiningOn(database, isolation, operationsOn),
    },
    close,
  });
  return save === undefined ? withoutSave(store) : store;
}

function poolOf(
  database: string | PostgresPool,
  longestStatement: Duration,
): { readonly pool: PostgresPool; readonly close: () => Promise<void> } {
  if (typeof database !== "string") return { pool: database, close: () => Promise.resolve() };
  const pool = makePool(database, longestStatement);
  return { pool, close: () => pool.end() };
}
