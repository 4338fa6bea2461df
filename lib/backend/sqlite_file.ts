import type { DatabaseSync } from "node:sqlite";
import { type Contents, openDatabase, watchPath } from "./sqlite_open.ts";
import type { Statements } from "./sqlite_statements.ts";
import { prepareAll } from "./sqlite_statements.ts";

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
`;

/** The file of slots: "lami". */
const contents: Contents = { what: "a SQLite backend", applicationId: 0x6c616d69, version: 1, schema };

/** An open file, with a way to see that its path still leads to it. */
export interface File {
  readonly database: DatabaseSync;
  readonly statements: Statements;
  /** Whether the path leads elsewhere, or nowhere: others would then open another file, and miss our locks. */
  readonly isMoved: () => boolean;
}

/** Opens, and if need be makes, the file; blocks while others do the same. Throws if it cannot be used. */
export function openFile(path: string, durability: "crash" | "powerCut"): File {
  return { ...openDatabase(path, durability, contents, prepareAll), isMoved: watchPath(path) };
}
