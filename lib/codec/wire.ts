import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { Codec, CodecFault } from "../codec.ts";
import { algorithms, compress, decompress, preferred } from "./compression.ts";
import { fault } from "./fault.ts";

/**
 * How an entry, a value or its absence, becomes bytes and comes back.
 *
 * The bytes are a header byte (high nibble: the codec's id, 0 for "absent"; low nibble: the compression), two bytes of
 * codec version, and the body; before a compressed body stand four bytes with its length before compression. Neither
 * direction throws, and bytes that cannot be read are a fault, never a value.
 */
export interface Wire<V> {
  /** The bytes of an entry; none is absence. */
  readonly encode: (value: O.Option<V>) => E.Either<CodecFault, Uint8Array>;
  /** The entry of bytes. */
  readonly decode: (bytes: Uint8Array) => E.Either<CodecFault, O.Option<V>>;
}

/** What a {@linkcode Wire} allows. */
export interface WireOptions {
  /** The codec version, 0 to 65535; entries of another one are not read. Default 0. */
  readonly version?: number;
  /** The most bytes that an entry may have as it is stored, header and all. Default 1 MiB. */
  readonly maxBytes?: number;
  /** The most bytes that a body may have before it is compressed, or inflated. Default 8 MiB, or `maxBytes` if larger. */
  readonly maxInflated?: number;
  /** From how many bytes on to compress, and how; by default above 4096, with zstd where the runtime has it. */
  readonly compress?: { readonly above: number; readonly algorithm?: "zstd" | "gzip" } | "never";
}

const headerBytes = 3;

// A connection carries one reply at a time: 1 MiB at 1 Gbit/s holds up all others for 8 ms.
const defaultMaxBytes = 1024 * 1024;

// Rows in JSON shrink to some eighth; more than that is rather an attack than a value.
const defaultMaxInflated = 8 * 1024 * 1024;

// A length before compression has four bytes, and zlib's own buffers end there.
const mostBytes = 2 ** 32 - 1;

// Inflating has a fixed cost of some 15 µs (zstd in Deno), which is what parsing 4 KiB of JSON costs.
const defaultAbove = 4096;

interface Settings<V> {
  readonly codec: Codec<V>;
  readonly version: number;
  readonly maxBytes: number;
  readonly maxInflated: number;
  readonly above: number;
  readonly algorithm: "zstd" | "gzip";
}

/**
 * The wire of a codec.
 *
 * @example
 * ```ts
 * import { json, wire } from "@lamina/cache";
 * import { assertEquals } from "@std/assert";
 * import * as E from "fp-ts/lib/Either.js";
 * import * as O from "fp-ts/lib/Option.js";
 * import * as t from "io-ts";
 *
 * const names = wire(json(t.string), { version: 2 });
 * const stored = names.encode(O.some("Ada"));
 * assertEquals(E.isRight(stored) ? names.decode(stored.right) : stored, E.right(O.some("Ada")));
 * assertEquals(E.isLeft(names.decode(new Uint8Array())), true);
 * ```
 *
 * @throws {RangeError} if the codec's id or an option is out of range
 */
export function wire<V>(codec: Codec<V>, options: WireOptions = {}): Wire<V> {
  const settings = toSettings(codec, options);
  return {
    encode: (value) => encode(settings, value),
    decode: (bytes) => {
      try {
        return decode(settings, bytes);
      } catch {
        return fault("corrupt", "the codec's decode threw");
      }
    },
  };
}

function toSettings<V>(codec: Codec<V>, options: WireOptions): Settings<V> {
  const { version = 0, maxBytes = defaultMaxBytes } = options;
  const { maxInflated = Math.max(defaultMaxInflated, maxBytes), compress = { above: defaultAbove } } = options;
  const { above, algorithm = preferred } = compress === "never" ? { above: Infinity } : compress;
  check("codec id", codec.id, 1, 15);
  check("version", version, 0, 0xffff);
  check("maxBytes", maxBytes, headerBytes, mostBytes);
  check("maxInflated", maxInflated, 0, mostBytes);
  if (compress !== "never") check("compress.above", above, 0, mostBytes);
  if (algorithm !== "gzip" && algorithm !== preferred) {
    const names = [...new Set(["gzip", preferred])].join(" or ");
    throw new RangeError(`Cannot compress in Wire: algorithm must be ${names} in this runtime: received ${algorithm}`);
  }
  return { codec, version, maxBytes, maxInflated, above, algorithm };
}

function check(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`Cannot set ${name} in Wire: it must be an integer from ${least} to ${most}: received ${value}`);
}

function encode<V>(settings: Settings<V>, value: O.Option<V>): E.Either<CodecFault, Uint8Array> {
  if (value._tag === "None") return E.right(frame(0, settings.version, new Uint8Array()));
  try {
    const body = settings.codec.encode(value.value);
    return body._tag === "Right" ? pack(settings, body.right) : body;
  } catch {
    return fault("unrepresentable", "the codec's encode threw");
  }
}

function pack<V>(settings: Settings<V>, body: Uint8Array): E.Either<CodecFault, Uint8Array> {
  const { codec, version, above, algorithm, maxBytes, maxInflated } = settings;
  // What is written must be readable.
  if (body.length > maxInflated) return tooLarge("before compression", maxInflated, body.length);
  const packed = body.length > above ? compress(body, algorithm) : body;
  const isSmaller = packed.length < body.length;
  const sent = isSmaller ? packed : body;
  if (sent.length + headerBytes > maxBytes) return tooLarge("stored", maxBytes, sent.length + headerBytes);
  return E.right(frame((codec.id << 4) | (isSmaller ? algorithms[algorithm] : algorithms.none), version, sent));
}

function tooLarge(what: string, most: number, length: number): E.Either<CodecFault, never> {
  return fault("too-large", `expected at most ${most} bytes ${what}, received ${length}`);
}

function frame(header: number, version: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(headerBytes + body.length);
  bytes[0] = header;
  bytes[1] = version >> 8;
  bytes[2] = version & 0xff;
  bytes.set(body, headerBytes);
  return bytes;
}

function decode<V>(settings: Settings<V>, bytes: Uint8Array): E.Either<CodecFault, O.Option<V>> {
  if (bytes.length < headerBytes) return fault("unknown-header", `expected a header, received ${bytes.length} bytes`);
  const [header, high, low] = [bytes[0] ?? 0, bytes[1] ?? 0, bytes[2] ?? 0];
  const id = header >> 4;
  if (id !== settings.codec.id && id !== 0) {
    return fault("unknown-header", `expected codec ${settings.codec.id}, received ${id}`);
  }
  const version = (high << 8) | low;
  if (version !== settings.version) return fault("version", `expected ${settings.version}, received ${version}`);
  if (id === 0) return bytes.length === headerBytes && header === 0 ? absent : fault("corrupt", "absence has a body");
  const body = unpack(settings, header & 0xf, bytes.subarray(headerBytes));
  if (body._tag === "Left") return body;
  const value = settings.codec.decode(body.right);
  return value._tag === "Right" ? { _tag: "Right", right: { _tag: "Some", value: value.right } } : value;
}

const absent: E.Either<CodecFault, O.Option<never>> = E.right(O.none);

function unpack<V>(settings: Settings<V>, algorithm: number, body: Uint8Array): E.Either<CodecFault, Uint8Array> {
  const { maxInflated } = settings;
  if (algorithm !== algorithms.none) return decompress(body, algorithm, maxInflated);
  return body.length <= maxInflated ? { _tag: "Right", right: body } : tooLarge("to be read", maxInflated, body.length);
}
