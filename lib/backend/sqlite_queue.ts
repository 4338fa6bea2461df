import type { StatementSync } from "node:sqlite";
import * as O from "fp-ts/lib/Option.js";
import type { Parcel, Queued, QueuePort, TakenBatch } from "./queue_port.ts";
import { type Ledger, openLedger, type SqliteLedgerOptions } from "./sqlite_ledger.ts";

interface Statements {
  readonly one: StatementSync;
  readonly size: StatementSync;
  readonly held: StatementSync;
  readonly put: StatementSync;
  readonly version: StatementSync;
  readonly batch: StatementSync;
  readonly takeBucket: StatementSync;
  readonly take: StatementSync;
  readonly taken: StatementSync;
  readonly leave: StatementSync;
  readonly written: StatementSync;
  readonly clear: StatementSync;
  readonly putBack: StatementSync;
}

/**
 * Buckets of a write-behind in a SQLite file, shared by all processes of one machine that open it: a `QueuePort` of
 * `@lamina/cache/aggregate`. Each step is one transaction; a value and its place in the queue are one row.
 *
 * It waits, blocks and throws as {@linkcode sqliteCounters} does.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sqliteQueue } from "@lamina/cache/sqlite";
 * import { right } from "fp-ts/lib/Either.js";
 *
 * await using port = sqliteQueue({ path: ":memory:" });
 * const parcel = { key: "a", value: new Uint8Array([1]) };
 * assertEquals(await port.hold("0", [parcel, parcel], 10)(), right({ _tag: "Queued", queued: 1 }));
 * ```
 */
export function sqliteQueue(options: SqliteLedgerOptions): QueuePort {
  const ledger = openLedger(options);
  const all = prepareAll(ledger);
  const { read, write, close } = ledger;
  const ended = (bucket: string, id: string, end: () => void): boolean => {
    if (all.leave.run(bucket, id).changes === 0) return false;
    end();
    return true;
  };
  return {
    name: "sqlite",
    hold: (bucket, parcels, most) => () => write((now) => hold(all, bucket, parcels, most, now)),
    read: (bucket, keys) => () => read(() => keys.map((key) => bytesOf(all.one.get(bucket, key)?.["value"]))),
    take: (bucket, nonce) => () => write(() => take(all, bucket, nonce)),
    acknowledge: (bucket, id) => () =>
      write(() =>
        ended(bucket, id, () => {
          all.written.run(bucket);
          all.clear.run(bucket);
        })
      ),
    putBack: (bucket, id) => () => write(() => ended(bucket, id, () => all.putBack.run(bucket))),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function prepareAll({ prepare }: Ledger): Statements {
  return {
    one: prepare("SELECT queued, taken, value FROM parcel WHERE bucket = ? AND key = ?"),
    size: prepare("SELECT count(*) AS size FROM parcel WHERE bucket = ? AND queued IS NOT NULL"),
    held: prepare("SELECT count(*) AS size FROM parcel WHERE bucket = ?"),
    put: prepare(`
      INSERT INTO parcel (bucket, key, version, queued, value) VALUES (?1, ?2, ?3, ?3, ?4)
      ON CONFLICT (bucket, key) DO UPDATE SET
        version = excluded.version, queued = ifnull(queued, excluded.queued), value = excluded.value
    `),
    // At least the time, so that it also grows past a file that was lost.
    version: prepare(`
      INSERT INTO bucket VALUES (?1, NULL, 0, ?2)
      ON CONFLICT (name) DO UPDATE SET version = max(version + 1, excluded.version) RETURNING version
    `),
    batch: prepare("SELECT batch FROM bucket WHERE name = ?"),
    takeBucket: prepare(
      "UPDATE bucket SET batches = batches + 1, batch = ? || '-' || (batches + 1) WHERE name = ? RETURNING batch",
    ),
    take: prepare("UPDATE parcel SET taken = queued, queued = NULL WHERE bucket = ? AND queued IS NOT NULL"),
    taken: prepare("SELECT key, version, value FROM parcel WHERE bucket = ? AND taken IS NOT NULL ORDER BY taken"),
    leave: prepare("UPDATE bucket SET batch = NULL WHERE name = ? AND batch = ?"),
    // A key that was queued again has a newer value, which is still to be written.
    written: prepare("DELETE FROM parcel WHERE bucket = ? AND taken IS NOT NULL AND queued IS NULL"),
    clear: prepare("UPDATE parcel SET taken = NULL WHERE bucket = ? AND taken IS NOT NULL"),
    putBack: prepare("UPDATE parcel SET queued = taken, taken = NULL WHERE bucket = ? AND taken IS NOT NULL"),
  };
}

function hold(all: Statements, bucket: string, parcels: ReadonlyArray<Parcel>, most: number, now: number): Queued {
  const rows = new Map(parcels.map(({ key }) => [key, all.one.get(bucket, key)]));
  const added = [...rows.values()].filter((row) =>
    row === undefined || row["queued"] === null && row["taken"] === null
  );
  const size = (): number => Number(all.size.get(bucket)?.["size"]);
  const next = (): number => Number(all.version.get(bucket, Math.floor(now))?.["version"]);
  const held = Number(all.held.get(bucket)?.["size"]);
  if (added.length > 0 && held + added.length > most) return { _tag: "Full", queued: size(), version: next() };
  for (const { key, value } of parcels) all.put.run(bucket, key, next(), value);
  return { _tag: "Queued", queued: size() };
}

function take(all: Statements, bucket: string, nonce: string): O.Option<TakenBatch> {
  let id = all.batch.get(bucket)?.["batch"];
  if (typeof id !== "string") {
    if (Number(all.size.get(bucket)?.["size"]) === 0) return O.none;
    id = all.takeBucket.get(nonce, bucket)?.["batch"];
    all.take.run(bucket);
  }
  const parcels = all.taken.all(bucket).map(({ key, version, value }) => ({
    key: String(key),
    value: bytesOf(value),
    version: Number(version),
  }));
  return O.some({ id: String(id), parcels });
}

function bytesOf(value: unknown): O.Option<Uint8Array> {
  return value instanceof Uint8Array ? O.some(value) : O.none;
}
