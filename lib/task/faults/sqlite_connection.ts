import { DatabaseSync } from "node:sqlite";

/** How long opening waits for other processes, in milliseconds; recovering an empty log takes less than one. */
const longestOpening = 5_000;

/**
 * Opens a database that other processes open at the same moment.
 *
 * Whoever is first at a file in WAL mode recovers its log under an exclusive lock, and whoever comes meanwhile is told
 * that it is busy. So the first look waits inside SQLite, which nothing after the opening does.
 */
export function connectSqlite(path: string, synchronous: "NORMAL" | "OFF"): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    database.exec(`PRAGMA busy_timeout = ${longestOpening}; PRAGMA synchronous = ${synchronous}`);
    // While this connection is open the log stays recovered.
    database.prepare("SELECT count(*) FROM sqlite_schema").get();
    database.exec("PRAGMA busy_timeout = 0");
    return database;
  } catch (cause) {
    database.close();
    throw cause;
  }
}
