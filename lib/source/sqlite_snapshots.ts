import type { Deadline } from "../deadline.ts";
import { openShort, type SqliteTotalsOptions } from "./sqlite_totals.ts";

/** What one counter showed. */
export interface StoredRow {
  /** The set of counters. */
  readonly set: string;
  /** The counter. */
  readonly name: string;
  /** What it showed. */
  readonly count: number;
}

/** The counters of one time. */
export interface StoredSnapshot {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** All rows. */
  readonly rows: ReadonlyArray<StoredRow>;
}

/** Snapshots in a SQLite database, for `snapshotCounts` of `@lamina/cache/aggregate`. */
export interface SqliteSnapshots extends AsyncDisposable {
  /** Appends all rows in one transaction, and answers true; false, and nothing, if there is a snapshot of that time. */
  readonly append: (snapshot: StoredSnapshot, within: Deadline) => Promise<boolean>;
  /** The snapshots from a time on, at most so many of them, in their order. */
  readonly since: (at: number, most: number) => Promise<ReadonlyArray<StoredSnapshot>>;
  /** Closes the connection, if it was opened for this. */
  readonly close: () => Promise<void>;
}

const schema = `
  CREATE TABLE IF NOT EXISTS lamina_snapshot (at INTEGER PRIMARY KEY);
  CREATE TABLE IF NOT EXISTS lamina_snapshot_row (
    at INTEGER NOT NULL, set_name TEXT NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (at, set_name, name)
  ) WITHOUT ROWID;
`;

/**
 * Snapshots in a SQLite database.
 *
 * Throws what node:sqlite throws if the file cannot be opened.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { snapshotCounts } from "@lamina/cache/aggregate";
 * import { sqliteSnapshots } from "@lamina/cache/sqlite";
 * import { right } from "fp-ts/lib/Either.js";
 *
 * await using stored = sqliteSnapshots({ database: ":memory:" });
 * const rows = async () => [{ set: "votes", name: "tea", count: 3 }];
 * const snapshot = snapshotCounts({ name: "votes", every: "1h", rows, append: stored.append });
 * assertEquals(await snapshot(new Date(3_600_000))(), right({ _tag: "Appended", rows: 1 }));
 * assertEquals(await snapshot(new Date(3_600_001))(), right({ _tag: "Repeated" }));
 * assertEquals(await stored.since(0, 100), [{ at: 3_600_000, rows: await rows() }]);
 * ```
 */
export function sqliteSnapshots(options: Omit<SqliteTotalsOptions, "remember">): SqliteSnapshots {
  const { run, close } = openShort(options, schema);
  return {
    append: ({ at, rows }, within) =>
      run("write", within, (database) => {
        if (database.prepare("INSERT OR IGNORE INTO lamina_snapshot VALUES (?)").run(at).changes === 0) return false;
        const add = database.prepare("INSERT INTO lamina_snapshot_row VALUES (?, ?, ?, ?)");
        for (const { set, name, count } of rows) add.run(at, set, name, count);
        return true;
      }),
    since: (at, most) =>
      run("read", undefined, (database) => {
        const times = database.prepare("SELECT at FROM lamina_snapshot WHERE at >= ? ORDER BY at LIMIT ?").all(
          at,
          most,
        );
        const rowsOf = database.prepare("SELECT set_name, name, count FROM lamina_snapshot_row WHERE at = ?");
        return times.map((time) => ({
          at: Number(time["at"]),
          rows: rowsOf.all(Number(time["at"])).map(({ set_name, name, count }) => ({
            set: String(set_name),
            name: String(name),
            count: Number(count),
          })),
        }));
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
