import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** What a file of ours holds, so that nobody else's is taken for it. */
export interface Contents {
  /** What it is, for errors: `"a SQLite backend"`. */
  readonly what: string;
  /** What is stored in `PRAGMA application_id`. */
  readonly applicationId: number;
  /** The version of the tables, in `PRAGMA user_version`. */
  readonly version: number;
  /** Makes the tables. */
  readonly schema: string;
}

/** How long construction waits for other processes that open the same new file; making the tables takes milliseconds. */
const longestOpening = 5_000;

/** How long SQLite itself waits in each attempt at that. */
const longestAttempt = 500;

/** Opens, and if need be makes, a file; blocks while others do the same. Throws if it cannot be used. */
export function openDatabase<A>(
  path: string,
  durability: "crash" | "powerCut",
  contents: Contents,
  prepareAll: (database: DatabaseSync) => A,
): { readonly database: DatabaseSync; readonly statements: A } {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    prepare(database, path, contents);
    const statements = prepareAll(database);
    // Waiting inside SQLite stalls the event loop: from here on the backend waits itself.
    database.exec(`PRAGMA busy_timeout = 0; PRAGMA synchronous = ${durability === "crash" ? "NORMAL" : "FULL"}`);
    return { database, statements };
  } catch (cause) {
    database?.close();
    if (cause instanceof RangeError) throw cause;
    const reason = `${messageOf(cause)}: received ${JSON.stringify(path)}`;
    throw new Error(`Cannot open ${contents.what}: ${reason}`, { cause });
  }
}

function prepare(database: DatabaseSync, path: string, contents: Contents): void {
  const end = Date.now() + longestOpening;
  for (;;) {
    try {
      database.exec(`PRAGMA busy_timeout = ${longestAttempt}`);
      // Before anything is written: a file that is not ours stays as it is.
      const isNew = inspect(database, path, contents);
      // A log that outgrew this while a reader held it up is cut again; SQLite's own default is no limit.
      database.exec("PRAGMA journal_size_limit = 16777216");
      run(database, "PRAGMA journal_mode = WAL");
      if (isNew) create(database, path, contents);
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
function inspect(database: DatabaseSync, path: string, { what, applicationId, version }: Contents): boolean {
  const found = database.prepare(`
    SELECT application_id AS application, user_version AS version, (SELECT count(*) FROM sqlite_schema) AS tables
    FROM pragma_application_id, pragma_user_version
  `).get() as { application: number; version: number; tables: number };
  if (found.application === 0 && found.version === 0 && found.tables === 0) return true;
  if (found.application === applicationId && found.version === version) return false;
  const is = found.application === applicationId ? `one of version ${found.version}` : "another program's database";
  throw new RangeError(
    `Cannot open ${what}: expected a new file or one of version ${version}, found ${is}: received ${
      JSON.stringify(path)
    }`,
  );
}

function create(database: DatabaseSync, path: string, contents: Contents): void {
  run(database, "BEGIN IMMEDIATE");
  // Another process may have been first.
  if (inspect(database, path, contents)) {
    database.exec(`
      ${contents.schema}
      PRAGMA application_id = ${contents.applicationId};
      PRAGMA user_version = ${contents.version};
    `);
  }
  run(database, "COMMIT");
}

/** Runs what may be in another process's way: the errors of `exec` do not tell their kind. */
function run(database: DatabaseSync, sql: string): void {
  database.prepare(sql).run();
}

/** Whether a path leads elsewhere than when it was opened, or nowhere. */
export function watchPath(path: string): () => boolean {
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
