import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import type { Deadline } from "../deadline.ts";
import type { Change, Store } from "../store.ts";
import { operationsOf, withoutSave } from "./rows.ts";
import type { SourceOptions } from "./source.ts";
import { source } from "./source.ts";
import { isBusy, outcomeOfCommit, patiently } from "./sqlite_busy.ts";
import type { Turns } from "./sqlite_turns.ts";
import { turns } from "./sqlite_turns.ts";
import type { Attempt, TransactionFailure, TransactionOptions } from "./transaction.ts";

/** A source in a SQLite database. Its functions are synchronous, and run in whatever transaction is open. */
export interface SqliteSource<K, V> extends Pick<SourceOptions<K, V>, "commit" | "loadTimeout" | "clock"> {
  /**
   * The path of the file, for which the source opens a connection to read and one to write; or a connection that
   * nobody else uses, on which reads wait for transactions. Its `busy_timeout` is set to 0.
   */
  readonly database: string | DatabaseSync;
  /** Selects the rows of keys, in any order; a key without a row is absent. */
  readonly rows: (database: DatabaseSync, keys: ReadonlyArray<K>) => ReadonlyArray<V>;
  /** The key of a row. */
  readonly keyOf: (row: V) => K;
  /** Writes changes; without it the source is read-only, and writes go through `mutate`. */
  readonly save?: (database: DatabaseSync, changes: ReadonlyArray<Change<K, V>>) => void;
  /** How many times a transaction's body is run at most while it meets others, 5 by default. */
  readonly attempts?: number;
}

interface Connections {
  readonly reading: DatabaseSync;
  readonly writing: DatabaseSync;
  readonly close: () => void;
}

/**
 * The store of a table in a SQLite database, to stack tiers on, with transactions.
 *
 * SQLite is synchronous: a statement holds up the event loop while it runs, but waiting for other processes does not.
 * A transaction begins with `BEGIN IMMEDIATE`, so that only one at a time is under way in all processes, and its
 * deadline is looked at right before `COMMIT`. The file is best in WAL mode, where readers and the writer do not meet.
 *
 * Throws what node:sqlite throws if the file cannot be opened. Afterwards a commit that fails is `aborted`, but for one
 * whose file failed (a full disk, an input or output error): that may be found in the file later, so it is `unknown`.
 *
 * @example A transfer between two accounts
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sqliteSource } from "@lamina/cache/sqlite";
 * import { right } from "fp-ts/lib/Either.js";
 * import * as TE from "fp-ts/lib/TaskEither.js";
 * import { pipe } from "fp-ts/lib/function.js";
 * import { some, toUndefined } from "fp-ts/lib/Option.js";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const database = new DatabaseSync(":memory:");
 * database.exec("CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER); INSERT INTO account VALUES (1, 9), (2, 0)");
 *
 * await using accounts = sqliteSource({
 *   database,
 *   rows: (db, ids: ReadonlyArray<number>) =>
 *     db.prepare("SELECT id, balance FROM account WHERE id IN (SELECT value FROM json_each(?))")
 *       .all(JSON.stringify(ids)).map(({ id, balance }) => ({ id: Number(id), balance: Number(balance) })),
 *   keyOf: ({ id }) => id,
 *   save: (db, changes) => {
 *     const update = db.prepare("UPDATE account SET balance = ? WHERE id = ?");
 *     for (const { key, value } of changes) update.run(toUndefined(value)?.balance ?? 0, key);
 *   },
 * });
 *
 * const done = await accounts.transact((tx) =>
 *   pipe(
 *     tx.get(1),
 *     TE.tap(() => tx.put(1, { id: 1, balance: 4 })),
 *     TE.flatMap(() => tx.put(2, { id: 2, balance: 5 })),
 *   )
 * )();
 * assertEquals(done, right(undefined));
 * assertEquals(await accounts.get(2)(), right(some({ id: 2, balance: 5 })));
 * database.close();
 * ```
 *
 * **Gotchas**
 * - A transaction waits for the one before it: a body that writes to the same database without `tx` waits for itself,
 *   until the deadline.
 */
export function sqliteSource<K, V>(options: SqliteSource<K, V>): Store<K, V> {
  const { database, rows, save, attempts, ...rest } = options;
  const clock = rest.clock ?? systemClock;
  const connections = connect(database);
  const { reading, writing, close } = connections;
  const next = turns(clock);
  const store = source<K, V>({
    ...rest,
    rows: async (keys, { signal }) => {
      // What is not committed yet could be read on the connection that writes it.
      const release = reading === writing ? await next(Infinity) : undefined;
      try {
        return await patiently(clock, () => signal.aborted, () => rows(reading, keys));
      } finally {
        release?.();
      }
    },
    transaction: { begin: beginOf(options, writing, clock, next), attempts },
    close: () => Promise.resolve(close()),
  });
  return save === undefined ? withoutSave(store) : store;
}

function connect(database: string | DatabaseSync): Connections {
  if (typeof database !== "string") return { ...one(database), close: () => {} };
  const writing = new DatabaseSync(database);
  const single = one(writing);
  // A database without a file is seen by its own connection only.
  if (database === "" || database.includes(":memory:")) return single;
  try {
    const reading = new DatabaseSync(database, { readOnly: true });
    reading.exec("PRAGMA busy_timeout = 0");
    return { reading, writing, close: () => (reading.close(), writing.close()) };
  } catch (cause) {
    writing.close();
    throw cause;
  }
}

function one(database: DatabaseSync): Connections {
  database.exec("PRAGMA busy_timeout = 0");
  return { reading: database, writing: database, close: () => database.close() };
}

function beginOf<K, V>(
  options: SqliteSource<K, V>,
  database: DatabaseSync,
  clock: Clock,
  next: Turns,
): TransactionOptions<K, V>["begin"] {
  return async (within) => {
    const release = await next(within.left());
    if (release === undefined) throw new Error("Cannot begin the transaction: another one of this process goes on");
    try {
      await patiently(clock, () => within.left() <= 0, () => run(database, "BEGIN IMMEDIATE"));
    } catch (cause) {
      release();
      throw cause;
    }
    return attemptOf(options, database, within, release);
  };
}

function attemptOf<K, V>(
  { rows, keyOf, save }: SqliteSource<K, V>,
  database: DatabaseSync,
  within: Deadline,
  release: () => void,
): Attempt<K, V> {
  let committing = false;
  const open = (): DatabaseSync => {
    // After some failures SQLite has rolled back by itself; what came then would be committed at once.
    if (!database.isTransaction) throw new Error("Cannot go on: SQLite has rolled the transaction back");
    return database;
  };
  return {
    ...operationsOf({
      rows: async (keys) => await rows(open(), keys),
      keyOf,
      save: save && (async (changes) => await save(open(), changes)),
    }),
    commit: async () => {
      if (within.left() <= 0) throw new Error("Cannot commit: the deadline of the transaction has passed");
      open();
      committing = true;
      await run(database, "COMMIT");
      release();
    },
    rollback: async () => {
      try {
        if (database.isTransaction) await run(database, "ROLLBACK");
      } finally {
        release();
      }
    },
    failureOf: (error): TransactionFailure => {
      if (isBusy(error)) return "conflict";
      return committing ? outcomeOfCommit(error) : "aborted";
    },
  };
}

/** Runs what may be in another process's way: the errors of `exec` do not tell their kind. */
function run(database: DatabaseSync, sql: string): void {
  database.prepare(sql).run();
}
