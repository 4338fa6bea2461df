import type { DatabaseSync } from "node:sqlite";
import * as E from "fp-ts/lib/Either.js";
import type { QueuedChange, SaveContext } from "../../../../lib/aggregate/mod.ts";
import { sqliteSource } from "../../../../lib/entry/sqlite.ts";
import type { Store } from "../../../../mod.ts";
import { Identity, joined } from "../domain/identity.ts";
import { inTransaction } from "./database_sqlite.ts";

/** The identities that have reached the database, to read: they get there by write-behind. */
export function identityRows(path: string): Store<string, Identity> {
  return sqliteSource<string, Identity>({ database: path, rows: readRows, keyOf: ({ id }) => id });
}

function readRows(database: DatabaseSync, ids: ReadonlyArray<string>): ReadonlyArray<Identity> {
  const select = database.prepare("SELECT id, experiments FROM identity WHERE id IN (SELECT value FROM json_each(?))");
  return select.all(JSON.stringify(ids)).map(identityOf);
}

function identityOf({ id, experiments }: Record<string, unknown>): Identity {
  const decoded = Identity.decode({ id, experiments: JSON.parse(String(experiments)) as unknown });
  return E.getOrElse((): Identity => ({ id: String(id), experiments: {} }))(decoded);
}

/**
 * Writes what was queued. Values are joined with those that are there, so that one which comes late, or twice, takes
 * nothing back; steps in experiments that no longer exist are left out here, where something is written anyway.
 */
export function saveIdentities(
  database: DatabaseSync,
): (changes: ReadonlyArray<QueuedChange<string, Identity>>, context: SaveContext) => Promise<void> {
  const write =
    "INSERT INTO identity (id, experiments) VALUES (?, ?) ON CONFLICT DO UPDATE SET experiments = excluded.experiments";
  return (changes, { within }) =>
    inTransaction(database, within, () => {
      const stored = new Map(readRows(database, changes.map(({ key }) => key)).map((row) => [row.id, row]));
      const there = new Set(database.prepare("SELECT id FROM experiment").all().map(({ id }) => String(id)));
      const statement = database.prepare(write);
      for (const { key, value } of changes) {
        if (value._tag === "None") continue;
        const { experiments } = joined(stored.get(key) ?? value.value, value.value);
        const kept = Object.entries(experiments).filter(([id]) => there.has(id));
        statement.run(key, JSON.stringify(Object.fromEntries(kept)));
      }
    });
}
