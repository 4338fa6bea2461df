import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import type { Change, Store } from "../store.ts";
import type { LoadContext } from "./loader.ts";
import { withoutSave } from "./rows.ts";
import type { SourceOptions } from "./source.ts";
import { source } from "./source.ts";
import { attemptOf, joiningOf, run } from "./sqlite_attempt.ts";
import { patiently } from "./sqlite_busy.ts";
import type { Turns } from "./sqlite_turns.ts";
import { turnsOn } from "./sqlite_turns.ts";
import type { TransactionOptions } from "./transaction.ts";

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
  /** Selects the row of a single key, where that is quicker; without it, as one of many. */
  readonly loadOne?: (database: DatabaseSync, key: K) => V | undefined;
  /** Writes changes; without it the source is read-only, and writes go through `mutate`. */
  readonly save?: (database: DatabaseSync, changes: ReadonlyArray<Change<K, V>>) => void;
  /** How many times a transaction's body is run at most while it meets others, 5 by default. */
  readonly attempts?: number;
  /** How many keys a transaction may write at most, 1,000 by default. */
  readonly maxKeys?: number;
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
  const { database, rows, loadOne, save, attempts, maxKeys, ...rest } = options;
  const clock = rest.clock ?? systemClock;
  const connections = connect(database);
  const { reading, writing, close } = connections;
  const next = turnsOn(writing, clock);
  const read = async <A>({ signal }: LoadContext, select: () => A): Promise<A> => {
    // What is not committed yet could be read on the connection that writes it.
    const release = reading === writing ? await next(Infinity) : undefined;
    try {
      return await patiently(clock, () => signal.aborted, select);
    } finally {
      release?.();
    }
  };
  const store = source<K, V>({
    ...rest,
    rows: (keys, context) => read(context, () => rows(reading, keys)),
    loadOne: loadOne && ((key, context) => read(context, () => loadOne(reading, key))),
    transaction: {
      begin: beginOf(options, writing, clock, next),
      attempts,
      maxKeys,
      joining: joiningOf(options, writing),
    },
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
