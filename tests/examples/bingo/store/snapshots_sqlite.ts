import type { DatabaseSync } from "node:sqlite";
import type { Snapshot as Batch } from "../../../../lib/aggregate/mod.ts";
import type { Deadline } from "../../../../mod.ts";
import { experimentOf, toCounts } from "../domain/counter.ts";
import type { Experiment } from "../domain/experiment.ts";
import type { Snapshot } from "../domain/overview.ts";
import { inTransaction } from "./database_sqlite.ts";

/** Appends what all counters showed at a time, or nothing if that time has been recorded. */
export function appendSnapshot(database: DatabaseSync, { at, rows }: Batch, within: Deadline): Promise<boolean> {
  return inTransaction(database, within, () => {
    if (database.prepare("INSERT OR IGNORE INTO taken (at) VALUES (?)").run(at).changes === 0) return false;
    const append = database.prepare(
      "INSERT INTO snapshot (experiment, at, counter, count) SELECT id, ?, ?, ? FROM experiment WHERE id = ?",
    );
    for (const { name, count } of rows) append.run(at, name, count, experimentOf(name));
    return true;
  });
}

/** The most points of a line: more are not told apart on a screen. */
const mostPoints = 120;

/** The snapshots of each experiment, the oldest first; of many, as many as can be seen. */
export function readHistory(
  database: DatabaseSync,
  experiments: ReadonlyArray<Experiment>,
  since: number,
): (experiment: Experiment) => ReadonlyArray<Snapshot> {
  const times = database.prepare("SELECT at FROM taken WHERE at >= ? ORDER BY at").all(since).map(({ at }) =>
    Number(at)
  );
  const step = Math.max(1, Math.ceil(times.length / mostPoints));
  // Counted from the newest, so that the line ends where it ended before it was thinned.
  const wanted = times.filter((_, i) => (times.length - 1 - i) % step === 0);
  const rows = database.prepare(
    "SELECT experiment, at, counter, count FROM snapshot WHERE experiment IN (SELECT value FROM json_each(?)) " +
      "AND at IN (SELECT value FROM json_each(?)) ORDER BY at",
  ).all(JSON.stringify(experiments.map(({ id }) => id)), JSON.stringify(wanted));
  const byExperiment = Map.groupBy(rows, ({ experiment }) => String(experiment));
  return (experiment) => {
    const byTime = Map.groupBy(byExperiment.get(experiment.id) ?? [], ({ at }) => Number(at));
    return Array.from(byTime, ([at, all]) => {
      const counts = new Map(all.map(({ counter, count }) => [String(counter), Number(count)]));
      return { at, counts: toCounts(experiment, (counter) => counts.get(counter) ?? 0) };
    });
  };
}
