import { DatabaseSync } from "node:sqlite";
import type { Medium } from "./cache_aside.ts";
import type { City } from "./city.ts";
import { patiently } from "../faults/patience.ts";
import { connectSqlite } from "../faults/sqlite_connection.ts";

/** Makes the file of a medium. */
export function createSqliteMedium(path: string): void {
  using database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE entry (id INTEGER PRIMARY KEY, city TEXT NOT NULL, until REAL NOT NULL)
  `);
}

/** A table that processes share. */
export function sqliteMedium(path: string): Medium {
  const database = connectSqlite(path, "NORMAL");
  const one = database.prepare("SELECT city FROM entry WHERE id = ? AND until > ?");
  const many = database.prepare("SELECT id, city FROM entry WHERE id < ? AND until > ?");
  const put = database.prepare("INSERT OR REPLACE INTO entry VALUES (?, ?, ?)");
  const remove = database.prepare("DELETE FROM entry WHERE id = ?");
  return {
    get: async (id) => {
      const row = await patiently(() => one.get(id, Date.now()));
      return row === undefined ? undefined : JSON.parse(String(row.city)) as City;
    },
    set: async (id, city, ttl) => {
      await patiently(() => put.run(id, JSON.stringify(city), Date.now() + ttl));
    },
    delete: async (id) => {
      await patiently(() => remove.run(id));
    },
    held: async (count) => {
      const rows = await patiently(() => many.all(count, Date.now()));
      return rows.map(({ id, city }) => [Number(id), JSON.parse(String(city)) as City]);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(database.close()),
  };
}
