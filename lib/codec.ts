/**
 * How values become bytes and come back: the words, and what is chosen from.
 *
 * A {@linkcode Codec} turns one value into a body; a {@linkcode Wire} puts a header before it, compresses it, and
 * bounds it. Neither throws, and a fault never contains a value.
 */
import type { Either } from "fp-ts/lib/Either.js";
import type * as t from "io-ts";
import { json } from "./codec/json.ts";

export { bytes } from "./codec/bytes.ts";
export { json } from "./codec/json.ts";
export { structured } from "./codec/structured.ts";
export { type Wire, wire, type WireOptions } from "./codec/wire.ts";

/**
 * Why bytes could not be read or a value not be written.
 *
 * - `unknown-header`: the bytes do not start with a header that this reader knows
 * - `version`: they were written under another codec version
 * - `shape`: what they hold, or what was to be written, is not what the type describes
 * - `corrupt`: they cannot be decompressed or parsed
 * - `too-large`: they exceed a limit
 * - `unrepresentable`: the value holds something that would not come back as it went in
 *
 * A value never stands in it; a path may.
 */
export interface CodecFault {
  /** Tells it from other faults. */
  readonly _tag: "CodecFault";
  /** What kind of fault it is. */
  readonly reason: "unknown-header" | "version" | "shape" | "corrupt" | "too-large" | "unrepresentable";
  /** One line for a log: where and what, never the value. */
  readonly detail: string;
}

/** How a value becomes bytes and comes back. */
export interface Codec<V> {
  /**
   * What stands in the header byte of an entry: 1 is {@linkcode json}, 2 {@linkcode bytes}, 3 {@linkcode structured};
   * 4 to 15 are free for one's own.
   */
  readonly id: number;
  /** The bytes of a value, which do not share memory with it. */
  readonly encode: (value: V) => Either<CodecFault, Uint8Array>;
  /** The value of bytes, which may be a view; it does not share memory with them. */
  readonly decode: (bytes: Uint8Array) => Either<CodecFault, V>;
}

/** A codec or an io-ts type, as options accept it. */
export type CodecLike<V> = Codec<V> | t.Type<V, unknown, unknown>;

/**
 * The codec that a {@linkcode CodecLike} stands for: an io-ts type stands for {@linkcode json} of it.
 *
 * @example
 * ```ts
 * import { bytes, toCodec } from "@lamina/cache";
 * import { assertEquals } from "@std/assert";
 * import * as t from "io-ts";
 *
 * assertEquals(toCodec(t.string).id, 1);
 * assertEquals(toCodec(bytes), bytes);
 * ```
 *
 * @throws {TypeError} if it is neither
 */
export function toCodec<V>(like: CodecLike<V>): Codec<V> {
  return isCodec(like) ? like : json(like);
}

function isCodec<V>(like: CodecLike<V>): like is Codec<V> {
  return typeof like === "object" && like !== null && "id" in like && typeof like.id === "number";
}
