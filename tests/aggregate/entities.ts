import { isSome } from "fp-ts/lib/Option.js";
import { DatabaseSync } from "node:sqlite";
import type { QueuedChange } from "../../lib/aggregate/mod.ts";
import { sqliteSource } from "../../lib/entry/sqlite.ts";
import { source } from "../../lib/source/source.ts";
import type { Store } from "../../lib/store.ts";

/** Entities in a table, with transactions; who inserts a second one fails. */
export function entitiesIn(path: string): Store<string, string> {
  const database = new DatabaseSync(path);
  database.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL");
  database.exec("CREATE TABLE IF NOT EXISTS entity (key TEXT, value TEXT)");
  database.close();
  return sqliteSource<string, string>({
    database: path,
    attempts: 100,
    commit: "30s",
    rows: (db, keys) =>
      db.prepare("SELECT key, value FROM entity WHERE key IN (SELECT value FROM json_each(?))")
        .all(JSON.stringify(keys)).map(({ key, value }) => `${key}: ${value}`),
    keyOf: (row) => row.slice(0, row.indexOf(":")),
    // No constraint: what creates two shall be seen.
    save: (db, changes) => {
      for (const { key, value } of changes) {
        if (isSome(value)) db.prepare("INSERT INTO entity VALUES (?, ?)").run(key, value.value);
      }
    },
  });
}

/** All entities that were ever created in {@linkcode entitiesIn}. */
export function createdIn(path: string): ReadonlyArray<string> {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare("SELECT key FROM entity ORDER BY rowid").all().map(({ key }) => String(key));
  database.close();
  return rows;
}

/** Entities as lines of a file that only grows: a source without transactions. */
export function filesIn(path: string): Store<string, string> {
  const lines = async () => (await Deno.readTextFile(path).catch(() => "")).split("\n").filter((line) => line !== "");
  return source<string, string>({
    load: async (keys) => {
      const all = await lines();
      return keys.map((key) => all.find((line) => line.startsWith(`${key}: `)));
    },
    save: async (changes) => {
      for (const { key, value } of changes) {
        if (isSome(value)) await Deno.writeTextFile(path, `${key}: ${value.value}\n`, { append: true });
      }
    },
  });
}

/** Saves queued changes in a table that keeps their order. */
export function savesTo(path: string): (changes: ReadonlyArray<QueuedChange<string, number>>) => void {
  return (changes) => {
    const database = new DatabaseSync(path);
    database.exec("CREATE TABLE IF NOT EXISTS person (key TEXT, value INTEGER)");
    database.exec("BEGIN IMMEDIATE");
    for (const { key, value } of changes) {
      if (isSome(value)) database.prepare("INSERT INTO person VALUES (?, ?)").run(key, value.value);
    }
    database.exec("COMMIT");
    database.close();
  };
}

/** What {@linkcode savesTo} saved, in its order. */
export function savedIn(path: string): ReadonlyArray<readonly [key: string, value: number]> {
  const database = new DatabaseSync(path);
  database.exec("CREATE TABLE IF NOT EXISTS person (key TEXT, value INTEGER)");
  const rows = database.prepare("SELECT key, value FROM person ORDER BY rowid").all();
  database.close();
  return rows.map(({ key, value }) => [String(key), Number(value)]);
}
