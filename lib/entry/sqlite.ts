/**
 * SQLite, by node:sqlite: a backend in a file that the processes of one machine share, and a source with transactions.
 *
 * @module
 */
export { sqliteBackend, type SqliteOptions } from "../backend/sqlite.ts";
export { type SqliteSource, sqliteSource } from "../source/sqlite.ts";
