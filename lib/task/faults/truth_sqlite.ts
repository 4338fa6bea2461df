import { DatabaseSync } from "node:sqlite";
import type { Deadline } from "../../deadline.ts";
import { patiently, sleep, someTime } from "./patience.ts";
import { connectSqlite } from "./sqlite_connection.ts";
import { initialValue, keyName } from "./settings.ts";

/** The source of truth as a worker sees it: a database at the other end of a network, which keeps every commit. */
export interface Truth {
  readonly load: (keys: ReadonlyArray<string>) => Promise<ReadonlyArray<string>>;
  /** Rejects with {@linkcode NotSaved} if it certainly did nothing. */
  readonly save: (key: string, value: string, within: Deadline, passing: Passing) => Promise<void>;
  readonly close: () => void;
}

/** What is told on the way: the request has arrived and will be committed, or has been. */
export interface Passing {
  readonly beforeCommit: (key: string) => Promise<void>;
  readonly afterCommit: (key: string) => void;
}

/** How long a way takes on average, in milliseconds: as to a database in the same building. */
const travel = 2;

/** So few commits are never answered, for as long as anybody waits: their outcome stays unknown to the writer. */
const lostShare = 1 / 500;
const lost = 5_000;

/** Saves take longer, as transactions do; so they often meet. */
const travelOfSaves = 6;

/** A save that was not applied. */
export class NotSaved extends Error {
  override readonly name = "NotSaved";
}

/** Makes the database with so many keys. */
export function createTruth(path: string, keys: number): void {
  using database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE item (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE log (place INTEGER PRIMARY KEY AUTOINCREMENT, value TEXT NOT NULL UNIQUE);
  `);
  const insert = database.prepare("INSERT INTO item VALUES (?, ?)");
  for (let i = 0; i < keys; i++) insert.run(keyName(i), initialValue);
}

/** What every key holds now. */
export function readTruth(path: string): ReadonlyMap<string, string> {
  using database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare("SELECT key, value FROM item").all() as unknown as ReadonlyArray<Item>;
  return new Map(rows.map(({ key, value }) => [key, value]));
}

/** Every value that was ever committed, with its place in the order of the commits. */
export function readCommits(path: string): ReadonlyMap<string, number> {
  using database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare("SELECT value, place FROM log").all() as unknown as ReadonlyArray<Commit>;
  return new Map(rows.map(({ value, place }) => [value, place]));
}

interface Item {
  readonly key: string;
  readonly value: string;
}

interface Commit {
  readonly value: string;
  readonly place: number;
}

/**
 * Opens the database for a worker. Every request travels for a while, is answered in an instant, and its answer travels
 * again. What arrives after its deadline is refused: this source has a fence.
 */
export function openTruth(path: string): Truth {
  const database = connectSqlite(path, "OFF");
  const select = database.prepare("SELECT value FROM item WHERE key = ?");
  const update = database.prepare("UPDATE item SET value = ? WHERE key = ?");
  const append = database.prepare("INSERT INTO log (value) VALUES (?)");
  const commit = (key: string, value: string, within: Deadline): void => {
    database.exec("BEGIN IMMEDIATE");
    try {
      if (within.left() <= 0) throw new NotSaved("the deadline of the write is over");
      update.run(value, key);
      append.run(value);
      database.exec("COMMIT");
    } finally {
      if (database.isTransaction) database.exec("ROLLBACK");
    }
  };
  return {
    load: async (keys) => {
      await sleep(someTime(travel));
      const values = await patiently(() => keys.map((key) => (select.get(key) as unknown as Item).value));
      await sleep(someTime(travel));
      return values;
    },
    save: async (key, value, within, { beforeCommit, afterCommit }) => {
      await sleep(someTime(travelOfSaves));
      await beforeCommit(key);
      await patiently(() => commit(key, value, within)).catch((cause) => {
        throw new NotSaved("Cannot save: the database did not take it", { cause });
      });
      afterCommit(key);
      await sleep(Math.random() < lostShare ? lost : someTime(travel));
    },
    close: () => database.close(),
  };
}
