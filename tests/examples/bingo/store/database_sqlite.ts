import { DatabaseSync } from "node:sqlite";
import type { Deadline } from "../../../../mod.ts";

/**
 * The tables. What belongs to an experiment refers to it, so that it goes with it in one transaction: its alternatives,
 * its totals, its snapshots.
 */
const schema = `
CREATE TABLE IF NOT EXISTS experiment (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  canonical TEXT NOT NULL,
  conversion TEXT NOT NULL,
  started INTEGER NOT NULL,
  winner TEXT,
  shelf TEXT NOT NULL,
  place INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS experiment_name ON experiment (name) WHERE shelf = 'live';
CREATE TABLE IF NOT EXISTS alternative (
  experiment TEXT NOT NULL REFERENCES experiment ON DELETE CASCADE,
  place INTEGER NOT NULL,
  name TEXT NOT NULL,
  weight INTEGER NOT NULL,
  PRIMARY KEY (experiment, place)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS total (
  experiment TEXT NOT NULL REFERENCES experiment ON DELETE CASCADE,
  counter TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (experiment, counter)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS folded (number INTEGER PRIMARY KEY, batch TEXT NOT NULL UNIQUE, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS snapshot (
  experiment TEXT NOT NULL REFERENCES experiment ON DELETE CASCADE,
  at INTEGER NOT NULL,
  counter TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (experiment, at, counter)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS taken (at INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS identity (id TEXT PRIMARY KEY, experiments TEXT NOT NULL) WITHOUT ROWID;
`;

/** How long opening may wait for another process that makes the tables; afterwards nothing blocks. */
const openWithin = 5_000;

/** Opens the database of the service, and makes its tables where they are not there. */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: openWithin });
  try {
    // A crash of a process loses nothing; a power cut may lose the last transactions, but never tears one.
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
    database.exec(`BEGIN IMMEDIATE; ${schema} COMMIT`);
    database.exec("PRAGMA busy_timeout = 0");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The longest pause between two attempts: other processes' transactions take milliseconds. */
const longestPause = 50;

/** Runs statements in one transaction. Others may be in the way until the deadline, and nothing commits after it. */
export async function inTransaction<A>(database: DatabaseSync, within: Deadline, body: () => A): Promise<A> {
  for (let pause = 2; !begins(database); pause = Math.min(2 * pause, longestPause)) {
    if (within.left() <= 0) throw new Error("Cannot begin the transaction: another one was in the way");
    await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random() / 2)));
  }
  try {
    const result = body();
    if (within.left() <= 0) throw new Error("Cannot commit the transaction: its deadline has passed");
    database.prepare("COMMIT").run();
    return result;
  } catch (error) {
    if (database.isTransaction) database.prepare("ROLLBACK").run();
    throw error;
  }
}

/** Runs statements that see one state of the database. */
export function inSnapshot<A>(database: DatabaseSync, body: () => A): A {
  database.prepare("BEGIN").run();
  try {
    return body();
  } finally {
    if (database.isTransaction) database.prepare("COMMIT").run();
  }
}

function begins(database: DatabaseSync): boolean {
  try {
    database.prepare("BEGIN IMMEDIATE").run();
    return true;
  } catch (error) {
    if (error instanceof Error && "errcode" in error && Number(error.errcode) % 256 === busy) return false;
    throw error;
  }
}

/** SQLite's code for "another connection is in the way". */
const busy = 5;
