import type { DatabaseSync, StatementSync } from "node:sqlite";
import { columns } from "./sqlite_row.ts";

/** What is asked of the tables, prepared once: preparing costs more than most of them take. */
export interface Statements {
  readonly one: StatementSync;
  readonly many: StatementSync;
  readonly put: StatementSync;
  readonly replace: StatementSync;
  readonly mark: StatementSync;
  readonly remove: StatementSync;
  readonly walk: StatementSync;
  readonly removeRow: StatementSync;
  readonly count: StatementSync;
  readonly size: StatementSync;
  readonly version: StatementSync;
  readonly begin: StatementSync;
  readonly commit: StatementSync;
}

/** Prepares everything; it is finalized when the database closes. */
export function prepareAll(database: DatabaseSync): Statements {
  const prepare = (sql: string): StatementSync => database.prepare(sql);
  const all = "name, tag, over, pinned, born, loaded, fresh, until, expires, rest, payload";
  const insert = `INTO slot (${all}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
  const set = all.split(", ").slice(1).map((column) => `${column} = excluded.${column}`).join(", ");
  return {
    one: inArrays(prepare(`SELECT ${columns} FROM slot WHERE name = ?`)),
    // One statement for all: half of what a statement for each costs, and one snapshot.
    many: inArrays(
      prepare(`SELECT ${columns}, asked.key FROM json_each(?) AS asked JOIN slot ON name = asked.value`),
    ),
    put: prepare(`INSERT ${insert} ON CONFLICT (name) DO UPDATE SET ${set}`),
    replace: prepare(`INSERT OR REPLACE ${insert}`),
    mark: prepare("UPDATE slot SET over = ?, rest = ? WHERE name = ?"),
    remove: prepare("DELETE FROM slot WHERE name = ?"),
    walk: prepare(
      "SELECT rowid, over, pinned, ifnull(length(payload), 0) AS bytes FROM slot WHERE rowid > ? ORDER BY rowid LIMIT ?",
    ),
    removeRow: prepare("DELETE FROM slot WHERE rowid = ?"),
    count: prepare("UPDATE total SET entries = entries + ?, bytes = bytes + ? RETURNING entries, bytes"),
    size: prepare("SELECT entries, bytes FROM total"),
    version: prepare("PRAGMA data_version"),
    begin: prepare("BEGIN IMMEDIATE"),
    commit: prepare("COMMIT"),
  };
}

/** Rows as arrays: a hit costs a tenth less than with objects. node:sqlite has had it since Node 22.16. */
function inArrays(statement: StatementSync): StatementSync {
  (statement as StatementSync & { readonly setReturnArrays: (on: boolean) => void }).setReturnArrays(true);
  return statement;
}
