import { DatabaseSync } from "node:sqlite";
import type { Batch } from "../backend/counters_port.ts";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import type { Deadline } from "../deadline.ts";
import { duration, type DurationLike } from "../duration.ts";
import { patiently } from "./sqlite_busy.ts";

/** Where totals or snapshots are kept. */
export interface SqliteTotalsOptions {
  /**
   * The path of the file, for which a connection is opened; or a connection on which nobody else has a transaction open.
   * Its `busy_timeout` is set to 0, and the tables `lamina_…` are made in it.
   */
  readonly database: string | DatabaseSync;
  /** For how long the ids of folded batches are kept: 7 d unless told, longer than a folder may be paused. */
  readonly remember?: DurationLike;
  /** What waiting goes by. */
  readonly clock?: Clock;
}

/** Totals that remember batches: `Totals` of `@lamina/cache/aggregate`. */
export interface SqliteTotals extends AsyncDisposable {
  /** Every count is folded exactly once. */
  readonly remembers: "batches";
  /** Adds a batch in one transaction, or nothing if it was folded before. Rejects if SQLite fails, or after the deadline. */
  readonly fold: (batch: Batch, within: Deadline) => Promise<void>;
  /** Reads counts, aligned with the names, and the batch that was folded last, in one snapshot. */
  readonly read: (
    set: string,
    names: ReadonlyArray<string>,
  ) => Promise<{ readonly counts: ReadonlyArray<number>; readonly folded: string | undefined }>;
  /** Removes totals; all of a set if no names are given. What was folded stays known. */
  readonly remove: (set: string, names?: ReadonlyArray<string>) => Promise<void>;
  /** Closes the connection, if it was opened for this. */
  readonly close: () => Promise<void>;
}

/** A connection that runs short transactions, each in one go. */
export interface Short extends AsyncDisposable {
  readonly run: <A>(
    mode: "read" | "write",
    within: Deadline | undefined,
    body: (database: DatabaseSync) => A,
  ) => Promise<A>;
  readonly close: () => Promise<void>;
}

const schema = `
  CREATE TABLE IF NOT EXISTS lamina_total (
    set_name TEXT NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (set_name, name)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS lamina_folded (
    number INTEGER PRIMARY KEY, set_name TEXT NOT NULL, id TEXT NOT NULL UNIQUE, at REAL NOT NULL
  );
  CREATE INDEX IF NOT EXISTS lamina_folded_at ON lamina_folded (set_name, number);
`;

/**
 * Totals in a SQLite database, in whose transactions batches are remembered with what they added: each is folded exactly
 * once, whoever crashes when.
 *
 * Throws what node:sqlite throws if the file cannot be opened, a RangeError if `remember` is no positive duration.
 *
 * @example A batch that is folded twice counts once
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { counterSet, foldCounts, memoryCounters, shownCounts } from "@lamina/cache/aggregate";
 * import { sqliteTotals } from "@lamina/cache/sqlite";
 * import { right } from "fp-ts/lib/Either.js";
 *
 * await using totals = sqliteTotals({ database: ":memory:" });
 * const counters = counterSet({ port: memoryCounters(), name: "votes" });
 * await counters.increment({ tea: 2 })();
 * await foldCounts({ counters, totals })();
 * await counters.increment({ tea: 1 })();
 * assertEquals((await totals.read("votes", ["tea"])).counts, [2]);
 * assertEquals(await shownCounts({ counters, totals })(["tea"])(), right([3]));
 * ```
 */
export function sqliteTotals(options: SqliteTotalsOptions): SqliteTotals {
  const remembered = duration(options.remember ?? "7d");
  if (!(remembered > 0)) throw new RangeError(`Cannot make SQLite totals: expected a positive remember: received 0`);
  const { run, close } = openShort(options, schema);
  return {
    remembers: "batches",
    fold: (batch, within) => run("write", within, (database) => fold(database, batch, remembered)),
    read: (set, names) =>
      run("read", undefined, (database) => {
        const one = database.prepare("SELECT count FROM lamina_total WHERE set_name = ? AND name = ?");
        // Totals may pass what a double tells apart, and would be refused; what is read is then the nearest one.
        one.setReadBigInts(true);
        const last = database.prepare("SELECT id FROM lamina_folded WHERE set_name = ? ORDER BY number DESC LIMIT 1");
        const folded = last.get(set)?.["id"];
        return {
          counts: names.map((name) => Number(one.get(set, name)?.["count"] ?? 0)),
          folded: folded === undefined ? undefined : String(folded),
        };
      }),
    remove: (set, names) =>
      run("write", undefined, (database) => {
        if (names === undefined) database.prepare("DELETE FROM lamina_total WHERE set_name = ?").run(set);
        const one = database.prepare("DELETE FROM lamina_total WHERE set_name = ? AND name = ?");
        for (const name of names ?? []) one.run(set, name);
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function fold(database: DatabaseSync, { set, id, counts }: Batch, remembered: number): void {
  const now = Date.now();
  const known = database.prepare("INSERT OR IGNORE INTO lamina_folded (set_name, id, at) VALUES (?, ?, ?)");
  if (known.run(set, id, now).changes === 0) return;
  const add = database.prepare(
    "INSERT INTO lamina_total VALUES (?, ?, ?) ON CONFLICT (set_name, name) DO UPDATE SET count = count + excluded.count",
  );
  for (const { name, count } of counts) add.run(set, name, count);
  // The last one of each set stays: what is shown is computed by it.
  database.prepare("DELETE FROM lamina_folded WHERE set_name = ? AND at < ? AND id <> ?").run(
    set,
    now - remembered,
    id,
  );
}

/** Opens a connection, and makes tables that are not there. */
export function openShort({ database, clock = systemClock }: SqliteTotalsOptions, tables: string): Short {
  const connection = typeof database === "string" ? new DatabaseSync(database) : database;
  try {
    // Construction waits for others that do the same; from then on waiting inside SQLite would stall the event loop.
    connection.exec("PRAGMA busy_timeout = 5000");
    connection.exec(tables);
    connection.exec("PRAGMA busy_timeout = 0");
  } catch (cause) {
    if (typeof database === "string") connection.close();
    throw cause;
  }
  const close = (): Promise<void> => {
    if (typeof database === "string" && connection.isOpen) connection.close();
    return Promise.resolve();
  };
  return {
    run: (mode, within, body) => {
      const end = clock.now() + (within?.left() ?? longestWait);
      const isOver = () => clock.now() >= end;
      return patiently(clock, isOver, () => transact(connection, mode, isOver, body));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** No statement waits longer for other processes, unless its deadline says so. */
const longestWait = 5_000;

function transact<A>(
  database: DatabaseSync,
  mode: "read" | "write",
  isOver: () => boolean,
  body: (database: DatabaseSync) => A,
): A {
  database.prepare(mode === "read" ? "BEGIN" : "BEGIN IMMEDIATE").run();
  try {
    const answer = body(database);
    if (mode === "write" && isOver()) throw new Error("Cannot commit: the deadline has passed");
    database.prepare("COMMIT").run();
    return answer;
  } catch (cause) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw cause;
  }
}
