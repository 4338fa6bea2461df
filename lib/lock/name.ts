import { Buffer } from "node:buffer";
import { crypto } from "@std/crypto";
import * as E from "fp-ts/lib/Either.js";
import type { KeyFault } from "../key.ts";
import { encodeKey } from "../key.ts";

const utf8 = new TextEncoder();

/**
 * The name of the lock of a key: its SHA-1 in hexadecimal, 40 characters whatever the key. A string is digested as it
 * is; other keys as their encoding, behind a NUL, so that 1 and "1" are two names. Equal keys have equal names in
 * all processes.
 *
 * Digesting lock names is dogpile's `sha1_mangle_key`. Two keys with one digest would only wait for each other.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lockName } from "@lamina/cache/lock";
 * import { right } from "fp-ts/lib/Either.js";
 *
 * assertEquals(lockName("some_key"), right("53def077a4264bd3183d4eb21b1f56f883e1b572"));
 * assertEquals(lockName({ page: 1, of: "users" }), lockName({ of: "users", page: 1 }));
 * ```
 */
export function lockName(key: unknown): E.Either<KeyFault, string> {
  if (typeof key === "string") return E.right(digestName(key.startsWith("\0") ? `\0'${key}` : key));
  const encoded = encodeKey(key);
  return encoded._tag === "Left" ? encoded : E.right(digestName(`\0${encoded.right}`));
}

/** The SHA-1 of a text in hexadecimal. Synchronous: 1.5 µs against 31 for a promise of it. */
export function digestName(text: string): string {
  return Buffer.from(crypto.subtle.digestSync("SHA-1", utf8.encode(text))).toString("hex");
}
