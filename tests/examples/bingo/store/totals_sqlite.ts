import type { DatabaseSync } from "node:sqlite";
import type { Totals } from "../../../../lib/aggregate/mod.ts";
import { experimentOf } from "../domain/counter.ts";
import { inSnapshot, inTransaction } from "./database_sqlite.ts";

/** For how long a folded batch is remembered: longer than a process is ever paused between taking and folding it. */
const remembered = 24 * 3_600_000;

/**
 * Where counts end up: a row for each counter, beside the experiment that it belongs to. What was counted for an
 * experiment that has been deleted meanwhile is left out.
 */
export function sqliteTotals(database: DatabaseSync, now: () => number): Totals {
  return {
    remembers: "batches",
    fold: ({ id, counts }, within) =>
      inTransaction(database, within, () => {
        const isNew = database.prepare("INSERT OR IGNORE INTO folded (batch, at) VALUES (?, ?)").run(id, now()).changes;
        if (isNew === 0) return;
        const add = database.prepare(
          "INSERT INTO total (experiment, counter, count) SELECT id, ?, ? FROM experiment WHERE id = ? " +
            "ON CONFLICT DO UPDATE SET count = count + excluded.count",
        );
        for (const { name, count } of counts) add.run(name, count, experimentOf(name));
        database.prepare("DELETE FROM folded WHERE at < ? AND batch <> ?").run(now() - remembered, id);
      }),
    read: (_set, names) =>
      Promise.resolve(inSnapshot(database, () => {
        const last = database.prepare("SELECT batch FROM folded ORDER BY number DESC LIMIT 1").get();
        const rows = database.prepare(
          "SELECT counter, count FROM total WHERE counter IN (SELECT value FROM json_each(?))",
        )
          .all(JSON.stringify(names));
        const counts = new Map(rows.map(({ counter, count }) => [String(counter), Number(count)]));
        return {
          counts: names.map((name) => counts.get(name) ?? 0),
          folded: last === undefined ? undefined : String(last.batch),
        };
      })),
  };
}
