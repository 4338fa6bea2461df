import type { DatabaseSync } from "node:sqlite";
import * as O from "fp-ts/lib/Option.js";
import { sqliteSource } from "../../../../lib/entry/sqlite.ts";
import type { Store } from "../../../../mod.ts";
import type { Alternative, Experiment, Experiments, Shelf } from "../domain/experiment.ts";

/** The experiments of each shelf, as one value, with transactions. */
export function experimentRows(path: string): Store<Shelf, Experiments> {
  return sqliteSource<Shelf, Experiments>({
    database: path,
    rows: (database, shelves) => shelves.map((shelf) => ({ shelf, all: readShelf(database, shelf) })),
    keyOf: ({ shelf }) => shelf,
    save: (database, changes) => {
      for (const { key, value } of changes) saveShelf(database, key, O.isSome(value) ? value.value.all : []);
    },
  });
}

function readShelf(database: DatabaseSync, shelf: Shelf): ReadonlyArray<Experiment> {
  const rows = database.prepare("SELECT * FROM experiment WHERE shelf = ? ORDER BY place, id").all(shelf);
  const parts = database.prepare(
    "SELECT alternative.* FROM alternative JOIN experiment ON experiment.id = experiment WHERE shelf = ? ORDER BY alternative.place",
  ).all(shelf);
  const alternatives = Map.groupBy(parts, ({ experiment }) => String(experiment));
  return rows.map((row) => ({
    id: String(row.id),
    name: String(row.name),
    canonical: String(row.canonical),
    conversion: String(row.conversion),
    alternatives: (alternatives.get(String(row.id)) ?? []).map((part): Alternative => ({
      name: String(part.name),
      weight: Number(part.weight),
    })),
    started: Number(row.started),
    winner: row.winner === null ? null : String(row.winner),
  }));
}

/** Makes a shelf hold these experiments. One that went to another shelf is there already, and no longer here. */
function saveShelf(database: DatabaseSync, shelf: Shelf, all: ReadonlyArray<Experiment>): void {
  const ids = JSON.stringify(all.map(({ id }) => id));
  database.prepare("DELETE FROM experiment WHERE shelf = ? AND id NOT IN (SELECT value FROM json_each(?))")
    .run(shelf, ids);
  const known = new Set(database.prepare("SELECT id FROM experiment").all().map(({ id }) => String(id)));
  const update = database.prepare("UPDATE experiment SET winner = ?, shelf = ?, place = ? WHERE id = ?");
  const insert = database.prepare(
    "INSERT INTO experiment (id, name, canonical, conversion, started, winner, shelf, place) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const insertPart = database.prepare("INSERT INTO alternative (experiment, place, name, weight) VALUES (?, ?, ?, ?)");
  all.forEach(({ id, name, canonical, conversion, started, winner, alternatives }, place) => {
    if (known.has(id)) return void update.run(winner, shelf, place, id);
    insert.run(id, name, canonical, conversion, started, winner, shelf, place);
    alternatives.forEach((part, i) => insertPart.run(id, i, part.name, part.weight));
  });
}
