import { DatabaseSync } from "node:sqlite";
import type { Deadline } from "../../deadline.ts";
import type { City } from "./city.ts";
import { patiently, sleep } from "../faults/patience.ts";
import { connectSqlite } from "../faults/sqlite_connection.ts";

const columns = "name, lat, lng, country, admin1, admin2, version";

/** The source of truth as a worker sees it: a database at the other end of a network. */
export interface Truth {
  /** The cities of ids, none where there is no such row. */
  readonly load: (ids: ReadonlyArray<number>) => Promise<ReadonlyArray<City | undefined>>;
  /** Renames a city and returns its row; rejects with {@linkcode NotRenamed} if it certainly did not. */
  readonly rename: (id: number, name: string, within?: Deadline) => Promise<City>;
  readonly close: () => void;
}

/** A rename that was not applied. */
export class NotRenamed extends Error {
  override readonly name = "NotRenamed";
}

/** Makes the database; a city's id is its position. */
export function createTruth(path: string, cities: ReadonlyArray<City>): void {
  using database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;
    CREATE TABLE city (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL, lat TEXT NOT NULL, lng TEXT NOT NULL, country TEXT NOT NULL,
      admin1 TEXT NOT NULL, admin2 TEXT NOT NULL, version INTEGER NOT NULL
    );
    BEGIN
  `);
  const insert = database.prepare(`INSERT INTO city (id, ${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
  cities.forEach(({ name, lat, lng, country, admin1, admin2, version }, id) => {
    insert.run(id, name, lat, lng, country, admin1, admin2, version);
  });
  database.exec("COMMIT");
}

/** All cities, each at the position of its id. */
export function readTruth(path: string): ReadonlyArray<City> {
  using database = new DatabaseSync(path, { readOnly: true });
  return database.prepare(`SELECT ${columns} FROM city ORDER BY id`).all() as unknown as ReadonlyArray<City>;
}

/**
 * Opens the database for a worker.
 *
 * Every request travels for `delay()` milliseconds, is answered in an instant, and its answer travels as long again: a
 * load returns what was true at some moment since it was sent, and a commit is known only after it took effect.
 */
export function openTruth(path: string, delay: () => number): Truth {
  const database = connectSqlite(path, "OFF");
  const select = database.prepare(`SELECT ${columns} FROM city WHERE id = ?`);
  const update = database.prepare(
    `UPDATE city SET name = ?, version = version + 1 WHERE id = ? RETURNING ${columns}`,
  );
  return {
    load: async (ids) => {
      await sleep(delay());
      const rows = await patiently(() => ids.map((id) => select.get(id) as City | undefined));
      await sleep(delay());
      return rows;
    },
    rename: async (id, name, within) => {
      await sleep(delay());
      const row = await apply(() => update.get(name, id) as City | undefined, within);
      await sleep(delay());
      return row;
    },
    close: () => database.close(),
  };
}

/** Commits unless the write's deadline is over: then its lock may be gone, and a cache would not hear of it. */
async function apply(update: () => City | undefined, within: Deadline | undefined): Promise<City> {
  let row: City | undefined;
  try {
    row = await patiently(() => {
      if (within !== undefined && within.left() <= 0) throw new Error("the deadline of the write is over");
      return update();
    });
  } catch (cause) {
    throw new NotRenamed("Cannot rename a city: the database did not take it", { cause });
  }
  if (row === undefined) throw new NotRenamed("Cannot rename a city: expected an id of the database");
  return row;
}
