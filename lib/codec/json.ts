import { Buffer } from "node:buffer";
import * as E from "fp-ts/lib/Either.js";
import type * as t from "io-ts";
import type { Codec, CodecFault } from "../codec.ts";
import { explainErrors, explainMismatch } from "./explain.ts";
import { fault, received } from "./fault.ts";
import { isPlain, tag } from "./tag.ts";
import { broken, untag } from "./untag.ts";

// No JSON text begins with this byte: it says that tags follow, so what has none is parsed and not walked.
const tagged = 1;

// A decoder that is not fatal is five times faster, and what it could not decode shows as U+FFFD.
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/**
 * The codec that writes values of an io-ts type as JSON, with tags for what JSON lacks.
 *
 * The type's `encode` runs before, its `decode` after; a value that the type's `is` refuses is not written. -0, NaN,
 * infinities, undefined, bigint, Date, Map, Set, ArrayBuffer, Buffer, typed arrays and objects without a prototype come
 * back as they went in. Functions, symbols, instances of other classes, cycles and arrays with holes are refused.
 * Properties that cannot be enumerated, and named properties of arrays, are not part of the value. `toJSON` is not called.
 *
 * @example
 * ```ts
 * import { json } from "@lamina/cache";
 * import { assertEquals } from "@std/assert";
 * import * as E from "fp-ts/lib/Either.js";
 * import * as t from "io-ts";
 *
 * const users = json(t.type({ id: t.bigint, tags: t.UnknownRecord }));
 * const ada = { id: 1n, tags: { since: new Date(0) } };
 * const bytes = users.encode(ada);
 * assertEquals(E.isRight(bytes) ? users.decode(bytes.right) : bytes, E.right(ada));
 * ```
 *
 * @throws {TypeError} if it is not given an io-ts type
 */
export function json<V>(type: t.Type<V, unknown, unknown>): Codec<V> {
  checkType(type, "json");
  return {
    id: 1,
    encode: (value) => encode(type, value),
    decode: (bytes) => decode(type, bytes),
  };
}

/** Refuses what is no io-ts type, at construction. */
export function checkType(type: unknown, codec: string): void {
  const parts = (type ?? {}) as Readonly<Record<string, unknown>>;
  if (["is", "encode", "decode"].every((name) => typeof parts[name] === "function")) return;
  throw new TypeError(`Cannot make ${codec} in Codec: expected an io-ts type: received ${received(type)}`);
}

function encode<V>(type: t.Type<V, unknown, unknown>, value: V): E.Either<CodecFault, Uint8Array> {
  try {
    if (!type.is(value)) return fault("shape", explainMismatch(type, value));
    const output = type.encode(value);
    // Object.prototype is above Array.prototype; with either patched JSON.stringify would run foreign code.
    if ("toJSON" in Array.prototype) return fault("unrepresentable", "a prototype of the language has a toJSON");
    if (isPlain(output)) return E.right(Buffer.from(JSON.stringify(output)));
    const result = tag(output);
    if (result._tag === "Refused") return fault("unrepresentable", result.why);
    return E.right(Buffer.from(String.fromCharCode(tagged) + JSON.stringify(result.tree)));
  } catch {
    // What was thrown may quote the value.
    return fault("unrepresentable", "at the value: the type's encode, or a getter of the value, threw");
  }
}

function decode<V>(type: t.Type<V, unknown, unknown>, bytes: Uint8Array): E.Either<CodecFault, V> {
  let parsed: unknown;
  try {
    parsed = bytes[0] === tagged ? untag(JSON.parse(toText(bytes.subarray(1)))) : JSON.parse(toText(bytes));
  } catch {
    return fault("corrupt", "the body is not JSON in UTF-8");
  }
  if (parsed === broken) return fault("corrupt", "the body has a tag that is not one of ours");
  try {
    const decoded = type.decode(parsed);
    return decoded._tag === "Right" ? decoded : fault("shape", explainErrors(decoded.left));
  } catch {
    return fault("shape", "the type's decode threw");
  }
}

function toText(bytes: Uint8Array): string {
  const text = lenient.decode(bytes);
  return text.includes("\ufffd") ? strict.decode(bytes) : text;
}
