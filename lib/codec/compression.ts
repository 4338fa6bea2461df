/** Compression of bodies: what can be written here, and everything that was ever written read back. */
import * as zlib from "node:zlib";
import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { CodecFault } from "../codec.ts";
import { fault } from "./fault.ts";

/** The ways to compress, by their names. */
export type Algorithm = "zstd" | "gzip";

/** What stands in the low nibble of the header byte; numbers are never used again. */
export const algorithms = { none: 0, gzip: 1, zstd: 2 } as const;

// Node has it from 22.15 on.
const hasZstd = typeof zlib.zstdCompressSync === "function" && typeof zlib.zstdDecompressSync === "function";

/** The algorithm that is used where none is asked for: zstd if this runtime has it. */
export const preferred: Algorithm = hasZstd ? "zstd" : "gzip";

// The length of the body before compression stands before it: Deno's zstd answers a part of the body, without an
// error, for bytes that are cut short or fail their checksum.
const lengthBytes = 4;

/** The length of the body and the body, compressed. */
export function compress(body: Uint8Array, algorithm: Algorithm): Uint8Array {
  const packed = algorithm === "gzip" ? zlib.gzipSync(body) : zlib.zstdCompressSync(body, {
    params: { [zlib.constants.ZSTD_c_checksumFlag]: 1 },
  });
  const framed = new Uint8Array(lengthBytes + packed.length);
  new DataView(framed.buffer).setUint32(0, body.length);
  framed.set(packed, lengthBytes);
  return framed;
}

/** The body that was compressed, if it is not longer than `maxInflated` bytes; nothing longer is ever made. */
export function decompress(framed: Uint8Array, algorithm: number, maxInflated: number): Either<CodecFault, Uint8Array> {
  if (algorithm !== algorithms.gzip && algorithm !== algorithms.zstd) {
    return fault("unknown-header", `expected a known compression, received ${algorithm}`);
  }
  if (algorithm === algorithms.zstd && !hasZstd) return fault("unknown-header", "this runtime cannot read zstd");
  if (framed.length <= lengthBytes) return fault("corrupt", "the compressed body is cut short");
  const length = new DataView(framed.buffer, framed.byteOffset).getUint32(0);
  if (length > maxInflated) {
    return fault("too-large", `expected at most ${maxInflated} bytes inflated, received ${length}`);
  }
  try {
    const packed = framed.subarray(lengthBytes);
    // zlib refuses a limit of 0.
    const limit = { maxOutputLength: Math.max(length, 1) };
    const body = algorithm === algorithms.gzip
      ? zlib.gunzipSync(packed, limit)
      : zlib.zstdDecompressSync(packed, limit);
    return body.length === length ? E.right(body) : fault("corrupt", "the body is not as long as its header says");
  } catch {
    return fault("corrupt", "the compressed body cannot be inflated to the length that its header says");
  }
}
