// A digest of the standard library's crypto would be asynchronous, or WebAssembly; this one is everywhere.
import { createHash } from "node:crypto";

/**
 * The bucket of a key: its MD5, as a number, modulo so many. Each process, of every version, finds the same one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bucketOf } from "@lamina/cache/aggregate";
 *
 * assertEquals([bucketOf("166", 51), bucketOf("alice", 51)], [50, 16]);
 * ```
 */
export function bucketOf(key: string, buckets: number): number {
  // Byte by byte: the digest has 128 bits, and a remainder stays below a double's limit.
  return createHash("md5").update(key).digest().reduce((rest, byte) => (rest * 256 + byte) % buckets, 0);
}

/** The bucket of a key that is encoded as a name; a string is taken as it is, so that others find it by what they know. */
export function keyBucket(key: unknown, name: string, buckets: number): number {
  return bucketOf(typeof key === "string" ? key : name, buckets);
}
