import { Buffer } from "node:buffer";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as t from "io-ts";
import type { CacheError } from "../cache_error.ts";
import type { CodecLike, Wire } from "../codec.ts";
import { json, toCodec, wire } from "../codec.ts";
import { encodeKey } from "../key.ts";
import type { Change } from "../store.ts";

/** How changes become parcels, whose value carries the key as well, and come back. */
export interface Packing<K, V> {
  /** The key as text: what the bucket is chosen by, and what the port calls it. */
  readonly name: (key: K) => E.Either<CacheError, string>;
  /** The bytes of a change. */
  readonly pack: (key: K, value: Option<V>) => E.Either<CacheError, Uint8Array>;
  /** The change of bytes; undefined if they cannot be read. */
  readonly unpack: (bytes: Uint8Array) => Change<K, V> | undefined;
}

/** Before the key stands its length. */
const lengthBytes = 4;

/** The packing of a write-behind's changes. */
export function packing<K, V>(queue: string, codec: CodecLike<V>): Packing<K, V> {
  const values: Wire<V> = wire(toCodec(codec));
  const keys = json(t.unknown);
  const refused = (reason: string): CacheError => ({ _tag: "ValueRefused", tier: queue, reason });
  return {
    name: (key) => {
      const encoded = encodeKey(key);
      return encoded._tag === "Left" ? E.left({ _tag: "KeyRefused", reason: encoded.left.reason }) : encoded;
    },
    pack: (key, value) => {
      const [head, body] = [keys.encode(key), values.encode(value)];
      if (head._tag === "Left") return E.left({ _tag: "KeyRefused", reason: head.left.detail });
      if (body._tag === "Left") return E.left(refused(body.left.detail));
      const length = Buffer.alloc(lengthBytes);
      length.writeUInt32BE(head.right.length);
      return E.right(Buffer.concat([length, head.right, body.right]));
    },
    unpack: (bytes) => {
      if (bytes.length < lengthBytes) return undefined;
      const end = lengthBytes + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
      const [key, value] = [keys.decode(bytes.subarray(lengthBytes, end)), values.decode(bytes.subarray(end))];
      return key._tag === "Left" || value._tag === "Left" ? undefined : { key: key.right as K, value: value.right };
    },
  };
}
