/**
 * Deno KV, which is behind `--unstable-kv`: a backend that processes share, and a source with transactions.
 *
 * @module
 */
export { denoKvBackend, type DenoKvOptions } from "../backend/deno_kv.ts";
export { type DenoKvSource, denoKvSource } from "../source/deno_kv.ts";
