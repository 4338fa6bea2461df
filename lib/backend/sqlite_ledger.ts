import type { DatabaseSync, StatementSync } from "node:sqlite";
import * as E from "fp-ts/lib/Either.js";
import type { BackendFailed } from "../cache_error.ts";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import { type Contents, isBusy, messageOf, openDatabase, watchPath } from "./sqlite_open.ts";

/** Where counters or queues are kept in a file, and its effects. */
export interface SqliteLedgerOptions {
  /**
   * The file, not that of a backend or of somebody else; counters and queues may share one. `":memory:"` for one that
   * only this process sees. Beside it SQLite keeps `-wal` and `-shm`.
   */
  readonly path: string;
  /** What survives: `"crash"` (of any process; the default), or also a `"powerCut"`, for a sync of the disk a write. */
  readonly durability?: "crash" | "powerCut";
  /** The time that all processes share. The wall clock unless told. */
  readonly clock?: Pick<Clock, "now">;
  /** What waiting goes by. */
  readonly timers?: Clock;
}

/** Runs steps, each one transaction, on an open file. */
export interface Ledger {
  /** Prepares a statement. */
  readonly prepare: (sql: string) => StatementSync;
  /** A step that writes. Never rejects; what fails has changed nothing. */
  readonly write: <A>(step: (now: number) => A) => Promise<E.Either<BackendFailed, A>>;
  /** A step that reads, of one moment. */
  readonly read: <A>(step: (now: number) => A) => Promise<E.Either<BackendFailed, A>>;
  readonly close: () => Promise<void>;
}

const schema = `
  CREATE TABLE counter (
    set_name TEXT NOT NULL, name TEXT NOT NULL, running INTEGER NOT NULL, waiting INTEGER NOT NULL,
    PRIMARY KEY (set_name, name)
  ) WITHOUT ROWID;
  CREATE TABLE counter_set (
    name TEXT PRIMARY KEY, batch TEXT, acknowledged TEXT, batches INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE once (set_name TEXT NOT NULL, id TEXT NOT NULL, over REAL NOT NULL, PRIMARY KEY (set_name, id)) WITHOUT ROWID;
  CREATE INDEX once_over ON once (over);
  CREATE TABLE parcel (
    bucket TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, queued INTEGER, taken INTEGER, value BLOB NOT NULL,
    UNIQUE (bucket, key)
  );
  CREATE TABLE bucket (
    name TEXT PRIMARY KEY, batch TEXT, batches INTEGER NOT NULL, version INTEGER NOT NULL
  ) WITHOUT ROWID;
`;

/** The file of counters and queues: "lama". */
const contents: Contents = { what: "SQLite counters or queues", applicationId: 0x6c616d61, version: 1, schema };

/** No step waits longer for other processes: a transaction here takes milliseconds. */
const longestWait = 5_000;

/** The pauses between attempts grow between these: below, timers cost more than they wait, above, the wait shows. */
const shortestPause = 2;
const longestPause = 50;

/** How often the path is checked, and so how long a deleted file is still believed in. */
const lookEvery = 100;

interface State {
  readonly database: DatabaseSync;
  readonly isMoved: () => boolean;
  readonly now: () => number;
  readonly timers: Clock;
  readonly waiting: Set<Promise<unknown>>;
  lookAgain: number;
  closed: Promise<void> | undefined;
}

/** Opens, and if need be makes, the file. Throws a RangeError if it is another program's, an Error if it cannot be used. */
export function openLedger(options: SqliteLedgerOptions): Ledger {
  const { path, durability = "crash", clock = { now: Date.now }, timers = systemClock } = options;
  if (typeof path !== "string" || path === "") {
    throw new RangeError(
      `Cannot open ${contents.what}: expected a path, or ":memory:": received ${JSON.stringify(path)}`,
    );
  }
  const { database } = openDatabase(path, durability, contents, () => undefined);
  const state: State = {
    database,
    isMoved: watchPath(path),
    now: () => clock.now(),
    timers,
    waiting: new Set(),
    lookAgain: -Infinity,
    closed: undefined,
  };
  return {
    prepare: (sql) => database.prepare(sql),
    write: (step) => run(state, "BEGIN IMMEDIATE", step),
    read: (step) => run(state, "BEGIN", step),
    close: () => state.closed ??= drain(state),
  };
}

async function drain(state: State): Promise<void> {
  await Promise.all(state.waiting);
  try {
    state.database.close();
  } catch {
    // What cannot be closed any more was damaged before; nobody asks it again.
  }
}

function failed(reason: string, cause?: unknown): E.Either<BackendFailed, never> {
  return E.left({ _tag: "BackendFailed", backend: "sqlite", reason, ...(cause === undefined ? {} : { cause }) });
}

function run<A>(state: State, begin: string, step: (now: number) => A): Promise<E.Either<BackendFailed, A>> {
  if (state.closed !== undefined) return Promise.resolve(failed("closed"));
  const running = attempts(state, begin, step);
  state.waiting.add(running);
  return running.finally(() => state.waiting.delete(running));
}

async function attempts<A>(
  state: State,
  begin: string,
  step: (now: number) => A,
): Promise<E.Either<BackendFailed, A>> {
  const { timers } = state;
  const end = timers.now() + longestWait;
  for (let pause = shortestPause;; pause = Math.min(2 * pause, longestPause)) {
    try {
      return E.right(transact(state, begin, step));
    } catch (cause) {
      rollBack(state.database);
      if (!isBusy(cause)) return failed(messageOf(cause), cause);
      if (timers.now() >= end || state.closed !== undefined) return failed("busy", cause);
    }
    // Half of it at random, or processes that met once would meet at each attempt.
    await new Promise<void>((resolve) => void timers.after(pause * (0.5 + Math.random() / 2), resolve));
  }
}

function transact<A>(state: State, begin: string, step: (now: number) => A): A {
  const { database } = state;
  database.prepare(begin).run();
  // Now that nobody else writes: a time read earlier could lie before what others have written since.
  const now = state.now();
  if (now >= state.lookAgain) {
    if (state.isMoved()) throw new Error("the file was moved or deleted");
    state.lookAgain = now + lookEvery;
  }
  const answer = step(now);
  database.prepare("COMMIT").run();
  return answer;
}

function rollBack(database: DatabaseSync): void {
  try {
    if (database.isTransaction) database.exec("ROLLBACK");
  } catch {
    // SQLite has rolled back by itself, or the next step will say what is wrong.
  }
}
