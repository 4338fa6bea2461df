import * as O from "fp-ts/lib/Option.js";
import { DatabaseSync } from "node:sqlite";
import type { SqliteSource } from "../../lib/source/sqlite.ts";
import { sqliteSource } from "../../lib/source/sqlite.ts";
import type { Store } from "../../mod.ts";

/** A row of the table of these tests. */
export interface Account {
  readonly id: number;
  readonly balance: number;
}

type Options = Partial<SqliteSource<number, Account>> & Pick<SqliteSource<number, Account>, "database">;

/** The accounts of a database, each of which must not be below 0. */
export function accountsIn(options: Options): Store<number, Account> {
  return sqliteSource<number, Account>({ rows, keyOf: ({ id }) => id, save, ...options });
}

/** Makes the table; in WAL mode unless told. */
export function makeAccounts(path: string, balances: ReadonlyArray<number>, mode = "WAL"): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = ${mode};
    CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0));
    CREATE TABLE owner (account INTEGER REFERENCES account (id) DEFERRABLE INITIALLY DEFERRED);
  `);
  balances.forEach((balance, id) => database.prepare("INSERT INTO account VALUES (?, ?)").run(id, balance));
  return database;
}

/** What the database holds, by another connection. */
export function balancesIn(database: DatabaseSync): ReadonlyArray<number> {
  return database.prepare("SELECT balance FROM account ORDER BY id").all().map(({ balance }) => Number(balance));
}

/** Uses the path of a database in a folder of its own. */
export async function inFolder(use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(`${folder}/bank.sqlite`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Selects accounts. */
export const rows: SqliteSource<number, Account>["rows"] = (database, ids) =>
  database.prepare("SELECT id, balance FROM account WHERE id IN (SELECT value FROM json_each(?))")
    .all(JSON.stringify(ids)).map(({ id, balance }) => ({ id: Number(id), balance: Number(balance) }));

const save: NonNullable<SqliteSource<number, Account>["save"]> = (database, changes) => {
  for (const { key, value } of changes) {
    if (O.isNone(value)) database.prepare("DELETE FROM account WHERE id = ?").run(key);
    else database.prepare("INSERT OR REPLACE INTO account VALUES (?, ?)").run(key, value.value.balance);
  }
};
