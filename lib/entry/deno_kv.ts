/**
 * Deno KV, which is behind `--unstable-kv`: a source with transactions.
 *
 * @module
 */
export { type DenoKvSource, denoKvSource } from "../source/deno_kv.ts";
