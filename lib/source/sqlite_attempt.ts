import type { DatabaseSync } from "node:sqlite";
import type { Deadline } from "../deadline.ts";
import { operationsOf } from "./rows.ts";
import type { SqliteSource } from "./sqlite.ts";
import { isBusy, outcomeOfCommit } from "./sqlite_busy.ts";
import type { Attempt, Joining, Operations, TransactionFailure } from "./transaction.ts";

type Functions<K, V> = Pick<SqliteSource<K, V>, "rows" | "keyOf" | "loadOne" | "save">;

/** An attempt whose transaction is open on a connection; its end releases that. */
export function attemptOf<K, V>(
  options: Functions<K, V>,
  database: DatabaseSync,
  within: Deadline,
  release: () => void,
): Attempt<K, V> {
  let committing = false;
  const open = (): DatabaseSync => {
    // After some failures SQLite has rolled back by itself; what came then would be committed at once.
    if (!database.isTransaction) throw new Error("Cannot go on: SQLite has rolled the transaction back");
    return database;
  };
  const attempt: Attempt<K, V> = {
    ...statementsOn(options, open),
    commit: async () => {
      if (within.left() <= 0) throw new Error("Cannot commit: the deadline of the transaction has passed");
      open();
      committing = true;
      await run(database, "COMMIT");
      release();
    },
    rollback: async () => {
      try {
        if (database.isTransaction) await run(database, "ROLLBACK");
      } finally {
        release();
      }
    },
    failureOf: (error): TransactionFailure => {
      if (isBusy(error)) return "conflict";
      return committing ? outcomeOfCommit(error) : "aborted";
    },
  };
  openIn.set(attempt, open);
  return attempt;
}

/** The connections of attempts, for the sources that join them. */
const openIn = new WeakMap<object, () => DatabaseSync>();

/** Sources join that are given the same path, since theirs is what a transaction's connection holds; or the same connection. */
export function joiningOf<K, V>(options: SqliteSource<K, V>, writing: DatabaseSync): Joining<K, V> {
  const file = typeof options.database === "string" ? fileOf(writing) : "";
  return {
    place: file === "" ? ["SQLite", writing] : ["SQLite", file],
    join: (attempt) => {
      const open = openIn.get(attempt);
      if (open === undefined) throw new Error("Cannot join a transaction: it is none of SQLite");
      return statementsOn(options, open);
    },
  };
}

/** The path of a connection's file, without links; empty where it has none. */
function fileOf(database: DatabaseSync): string {
  const main = database.prepare("PRAGMA database_list").all().find(({ name }) => name === "main");
  return String(main?.["file"] ?? "");
}

function statementsOn<K, V>(
  { rows, keyOf, loadOne, save }: Functions<K, V>,
  open: () => DatabaseSync,
): Operations<K, V> {
  return operationsOf({
    rows: async (keys) => await rows(open(), keys),
    keyOf,
    loadOne: loadOne && (async (key) => await loadOne(open(), key)),
    save: save && (async (changes) => await save(open(), changes)),
  });
}

/** Runs what may be in another process's way: the errors of `exec` do not tell their kind. */
export function run(database: DatabaseSync, sql: string): void {
  database.prepare(sql).run();
}
