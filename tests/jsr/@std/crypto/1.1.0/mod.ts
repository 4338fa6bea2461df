/**
 * A stand-in for `@std/crypto` on machines that cannot reach JSR: the same signatures over node:crypto, for the
 * digests in use and nothing else.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** The digests that this stand-in has; the real package has more. */
export type DigestAlgorithmName = "MD5" | "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";

/** A digest by its name, alone or in an object. */
export type DigestAlgorithm = DigestAlgorithmName | { name: DigestAlgorithmName; length?: number };

/** Extensions to the web standard `SubtleCrypto` interface. */
export interface StdSubtleCrypto extends SubtleCrypto {
  /** Digests a buffer, or chunks of one, asynchronously. */
  digest(
    algorithm: DigestAlgorithm,
    data: BufferSource | AsyncIterable<BufferSource> | Iterable<BufferSource>,
  ): Promise<ArrayBuffer>;
  /** Digests a buffer, or chunks of one, at once. */
  digestSync(algorithm: DigestAlgorithm, data: BufferSource | Iterable<BufferSource>): ArrayBuffer;
}

/** Extensions to the web standard `Crypto` interface. */
export interface StdCrypto extends Crypto {
  readonly subtle: StdSubtleCrypto;
}

/** WebCrypto with synchronous digests. */
export const crypto: StdCrypto = extended(globalThis.crypto, {
  subtle: extended(globalThis.crypto.subtle, { digest, digestSync }),
});

async function digest(
  algorithm: DigestAlgorithm,
  data: BufferSource | AsyncIterable<BufferSource> | Iterable<BufferSource>,
): Promise<ArrayBuffer> {
  if (!isAsync(data)) return digestSync(algorithm, data);
  const chunks: BufferSource[] = [];
  for await (const chunk of data) chunks.push(chunk);
  return digestSync(algorithm, chunks);
}

function digestSync(algorithm: DigestAlgorithm, data: BufferSource | Iterable<BufferSource>): ArrayBuffer {
  const name = (typeof algorithm === "string" ? algorithm : algorithm.name).toLowerCase().replace("sha-", "sha");
  const hash = createHash(name);
  for (const chunk of isBuffer(data) ? [data] : data) hash.update(bytes(chunk));
  return new Uint8Array(hash.digest()).buffer;
}

function bytes(chunk: BufferSource): Uint8Array {
  return ArrayBuffer.isView(chunk)
    ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    : new Uint8Array(chunk);
}

function isBuffer(data: BufferSource | Iterable<BufferSource>): data is BufferSource {
  return data instanceof ArrayBuffer || ArrayBuffer.isView(data);
}

function isAsync<T>(data: T | AsyncIterable<BufferSource>): data is AsyncIterable<BufferSource> {
  return typeof data === "object" && data !== null && Symbol.asyncIterator in data;
}

// The methods of the platform's objects insist on their own receiver, so each is bound to it.
function extended<T extends object, U extends object>(base: T, additions: U): T & U {
  return new Proxy(base, {
    get(target, property) {
      if (property in additions) return Reflect.get(additions, property);
      const value = Reflect.get(target, property);
      return typeof value === "function" ? value.bind(target) : value;
    },
  }) as T & U;
}
