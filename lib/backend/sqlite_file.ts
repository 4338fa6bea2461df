import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Statements } from "./sqlite_statements.ts";
import { prepareAll } from "./sqlite_statements.ts";

/** What is stored in `PRAGMA application_id`: "lami", so that nobody else's file is taken for ours. */
const applicationId = 0x6c616d69;

/** The version of the tables below, in `PRAGMA user_version`. */
const schemaVersion = 1;

/**
 * A table with rowids and an index on the name: a look of 1 KiB takes a third of what it takes WITHOUT ROWID, where
 * payloads lie between the names, and the order of the rowids is the age that eviction goes by. The payload comes
 * last, so that sweeping reads none.
 */
const schema = `
  CREATE TABLE slot (
    name TEXT NOT NULL UNIQUE, tag TEXT NOT NULL, over REAL NOT NULL, pinned REAL, born REAL NOT NULL,
    loaded REAL NOT NULL, fresh REAL NOT NULL, until REAL NOT NULL, expires REAL NOT NULL, rest TEXT, payload BLOB
  );
  CREATE TABLE total (entries INTEGER NOT NULL, bytes INTEGER NOT NULL);
  INSERT INTO total VALUES (0, 0);
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`;

/** How long construction waits for other processes that open the same new file; making the tables takes milliseconds. */
const longestOpening = 5_000;

/** How long SQLite itself waits in each attempt at that. */
const longestAttempt = 500;

/** An open file, with a way to see that its path still leads to it. */
export interface File {
  readonly database: DatabaseSync;
  readonly statements: Statements;
  /** Whether the path leads elsewhere, or nowhere: others would then open another file, and miss our locks. */
  readonly isMoved: () => boolean;
}

/** Opens, and if need be makes, the file; blocks while others do the same. Throws if it cannot be used. */
export function openFile(path: string, durability: "crash" | "powerCut"): File {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    prepare(database, path);
    const statements = prepareAll(database);
    // Waiting inside SQLite stalls the event loop: from here on the backend waits itself.
    database.exec(`PRAGMA busy_timeout = 0; PRAGMA synchronous = ${durability === "crash" ? "NORMAL" : "FULL"}`);
    return { database, statements, isMoved: watch(path) };
  } catch (cause) {
    database?.close();
    if (cause instanceof RangeError) throw cause;
    throw new Error(`Cannot open a SQLite backend: ${messageOf(cause)}: received ${JSON.stringify(path)}`, { cause });
  }
}

function prepare(database: DatabaseSync, path: string): void {
  const end = Date.now() + longestOpening;
  for (;;) {
    try {
      database.exec(`PRAGMA busy_timeout = ${longestAttempt}`);
      // Before anything is written: a file that is not ours stays as it is.
      const isNew = inspect(database, path);
      // A log that outgrew this while a reader held it up is cut again; SQLite's own default is no limit.
      database.exec("PRAGMA journal_size_limit = 16777216");
      run(database, "PRAGMA journal_mode = WAL");
      if (isNew) create(database, path);
      return;
    } catch (cause) {
      if (database.isTransaction) database.exec("ROLLBACK");
      // The switch to WAL answers "busy" at once where waiting might deadlock.
      if (!isBusy(cause) || Date.now() >= end) throw cause;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** Whether the file is empty; throws if it is neither that nor ours. */
function inspect(database: DatabaseSync, path: string): boolean {
  const found = database.prepare(`
    SELECT application_id AS application, user_version AS version, (SELECT count(*) FROM sqlite_schema) AS tables
    FROM pragma_application_id, pragma_user_version
  `).get() as { application: number; version: number; tables: number };
  if (found.application === 0 && found.version === 0 && found.tables === 0) return true;
  if (found.application === applicationId && found.version === schemaVersion) return false;
  const is = found.application === applicationId ? `one of version ${found.version}` : "another program's database";
  throw new RangeError(
    `Cannot open a SQLite backend: expected a new file or one of version ${schemaVersion}, found ${is}: received ${
      JSON.stringify(path)
    }`,
  );
}

function create(database: DatabaseSync, path: string): void {
  run(database, "BEGIN IMMEDIATE");
  // Another process may have been first.
  if (inspect(database, path)) database.exec(schema);
  run(database, "COMMIT");
}

/** Runs what may be in another process's way: the errors of `exec` do not tell their kind. */
function run(database: DatabaseSync, sql: string): void {
  database.prepare(sql).run();
}

function watch(path: string): () => boolean {
  if (path === ":memory:") return () => false;
  const opened = statSync(path);
  return () => {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined || found.ino !== opened.ino || found.dev !== opened.dev;
  };
}

/** Whether another process is in the way, so that trying again may help (SQLITE_BUSY and its extended codes). */
export function isBusy(cause: unknown): boolean {
  return cause instanceof Error && "errcode" in cause && typeof cause.errcode === "number" &&
    (cause.errcode & 0xff) === 5;
}

/** What went wrong, in words. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
