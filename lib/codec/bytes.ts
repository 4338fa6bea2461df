import { Buffer } from "node:buffer";
import * as E from "fp-ts/lib/Either.js";
import type { Codec } from "../codec.ts";
import { fault, received } from "./fault.ts";
import { toKind } from "./kind.ts";

// The first byte of the body: a driver's Buffer comes back as one, or the second read would differ from the first.
const plain = 0;
const buffer = 1;

/**
 * The codec of bytes as they are; a node Buffer comes back as a Buffer. What is read is a copy.
 *
 * @example
 * ```ts
 * import { bytes } from "@lamina/cache";
 * import { assertEquals } from "@std/assert";
 * import * as E from "fp-ts/lib/Either.js";
 *
 * const body = bytes.encode(Uint8Array.of(1, 2));
 * assertEquals(E.isRight(body) ? bytes.decode(body.right) : body, E.right(Uint8Array.of(1, 2)));
 * ```
 */
export const bytes: Codec<Uint8Array> = {
  id: 2,
  encode: (value) => {
    const kind = value instanceof Uint8Array ? toKind(value) : undefined;
    if (kind !== "Uint8Array" && kind !== "Buffer") {
      return fault("shape", `at the value: expected Uint8Array, received ${received(value)}`);
    }
    const body = new Uint8Array(value.length + 1);
    body[0] = kind === "Buffer" ? buffer : plain;
    body.set(value, 1);
    return E.right(body);
  },
  decode: (body) => {
    const content = body.subarray(1);
    // A view would keep the chunk that it came in alive, and share it with others.
    if (body[0] === plain) return E.right(new Uint8Array(content));
    if (body[0] === buffer) return E.right(Buffer.from(content));
    return fault("corrupt", "the body does not begin with a kind of bytes");
  },
};
