/**
 * SQLite, by node:sqlite: a backend in a file that the processes of one machine share, and a source with transactions.
 *
 * @module
 */
export { sqliteCounters } from "../backend/sqlite_counters.ts";
export type { SqliteLedgerOptions } from "../backend/sqlite_ledger.ts";
export { sqliteQueue } from "../backend/sqlite_queue.ts";
export { sqliteBackend, type SqliteOptions } from "../backend/sqlite.ts";
export { type SqliteSource, sqliteSource } from "../source/sqlite.ts";
export {
  type SqliteSnapshots,
  sqliteSnapshots,
  type StoredRow,
  type StoredSnapshot,
} from "../source/sqlite_snapshots.ts";
export { type SqliteTotals, sqliteTotals, type SqliteTotalsOptions } from "../source/sqlite_totals.ts";
