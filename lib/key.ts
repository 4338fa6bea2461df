/**
 * How keys are told apart: in one process by {@linkcode identify}, in shared backends by {@linkcode encodeKey} and
 * {@linkcode namespace}.
 */
import { Buffer } from "node:buffer";
// @std/crypto has no synchronous HMAC.
import { createHmac } from "node:crypto";
import { crypto } from "@std/crypto";
import * as E from "fp-ts/lib/Either.js";
import { maxLength, notNumber, tooLong, toText } from "./codec/key_text.ts";

/**
 * What a key may be: a primitive, a date, bytes, or a tuple or record of these; equal by value.
 *
 * The order of a record's fields, an undefined field, a hole for undefined, and the sign of zero make no difference;
 * types do: 1, "1" and 1n are three keys.
 */
export type Key =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Date
  | Uint8Array
  | ReadonlyArray<Key>
  | { readonly [field: string]: Key };

/** Why something cannot be a key, with the path to the part that is to blame; never the key. */
export interface KeyFault {
  /** Tells it from other faults. */
  readonly _tag: "KeyFault";
  /** One line for a log: what it is and where. */
  readonly reason: string;
}

/** What tells a key from others in a Map: primitives as they are, structured keys as a string that no string key has. */
export type Identity = string | number | bigint | boolean | null | undefined;

/**
 * A key as text, different for different keys.
 *
 * A string is written after an apostrophe, structured keys much as JSON; the text contains the key.
 *
 * @example
 * ```ts
 * import { encodeKey } from "@lamina/cache";
 * import { assertEquals, assertNotEquals } from "@std/assert";
 * import * as E from "fp-ts/lib/Either.js";
 *
 * assertEquals(encodeKey({ page: 1, of: "users" }), encodeKey({ of: "users", page: 1 }));
 * assertNotEquals(encodeKey(1), encodeKey("1"));
 * assertEquals(E.isLeft(encodeKey(NaN)), true);
 * ```
 */
export function encodeKey(key: unknown): E.Either<KeyFault, string> {
  // Lone surrogates would all become U+FFFD in UTF-8, and meet there; JSON escapes them.
  if (typeof key === "string" && key.length < maxLength && key.isWellFormed()) return E.right("'" + key);
  if (typeof key === "number" && Number.isSafeInteger(key)) return E.right(String(key));
  return toText(key);
}

/**
 * What tells a key from others in a Map of this process.
 *
 * @example
 * ```ts
 * import { identify } from "@lamina/cache";
 * import { assertEquals } from "@std/assert";
 * import * as E from "fp-ts/lib/Either.js";
 *
 * assertEquals(identify("ada"), E.right("ada"));
 * assertEquals(identify([1, { a: 2 }]), identify([1, { a: 2 }]));
 * ```
 */
export function identify(key: unknown): E.Either<KeyFault, Identity> {
  switch (typeof key) {
    case "string":
      if (key.length >= maxLength) return E.left(tooLong);
      // NUL marks what was encoded.
      return E.right(key.charCodeAt(0) === 0 ? "\0'" + key : key);
    case "number":
      return Number.isNaN(key) ? E.left(notNumber) : E.right(key);
    case "bigint":
    case "boolean":
    case "undefined":
      return E.right(key);
  }
  if (key === null) return E.right(key);
  const encoded = encodeKey(key);
  return encoded._tag === "Right" ? E.right("\0" + encoded.right) : encoded;
}

/** The names of a namespace's slots: all begin with its prefix, and no slot of another namespace does. */
export interface Namespace {
  /** How all of its slot names begin: `lamina:<namespace>:`. */
  readonly prefix: string;
  /**
   * The slot of a key, encoded by {@linkcode encodeKey}, on a shard. Shards of one key lie on different nodes of a Redis
   * Cluster, also where the key has braces; where the namespace has, all of it lies on one node.
   */
  readonly slotName: (encoded: string, shard: number) => string;
}

/** What a {@linkcode Namespace} is made of. */
export interface NamespaceOptions {
  /** Its name, 1 to 64 characters without ":". */
  readonly namespace: string;
  /** Names are keyed digests under it, so that who reads a shared backend neither learns keys nor finds out by guessing. */
  readonly secret?: string;
}

// It stands in every slot name, thus once an entry in the backend's memory.
const maxNamespace = 64;

// Shorter ones are found by trying: whoever sees a slot name of a known key can check a guess.
const leastSecret = 16;

// A digest has 44 characters; below this length it would save little, and hide what an operator wants to read.
const maxPlain = 64;

const utf8 = new TextEncoder();

/**
 * The namespace of a name: `lamina:<namespace>:<shard>:<key>` are its slots, with `{}` after all shards but the first.
 *
 * Keys above 64 bytes are replaced by their SHA-256 after "~"; all keys by their HMAC-SHA-256 after "^" if there is a
 * secret. No encoded key begins with either.
 *
 * @example
 * ```ts
 * import { namespace } from "@lamina/cache";
 * import { assertEquals } from "@std/assert";
 *
 * const users = namespace({ namespace: "user" });
 * assertEquals(users.prefix, "lamina:user:");
 * assertEquals(users.slotName("42", 0), "lamina:user:0:42");
 * ```
 *
 * @throws {RangeError} if the name or the secret is out of range
 */
export function namespace(options: NamespaceOptions): Namespace {
  const { namespace: name, secret } = options;
  if (typeof name !== "string" || !isNamespace(name)) {
    const wanted = `expected 1 to ${maxNamespace} well-formed characters without ":"`;
    throw new RangeError(`Cannot name slots in Namespace: ${wanted}: received ${JSON.stringify(name)}`);
  }
  if (secret !== undefined && (typeof secret !== "string" || secret.length < leastSecret)) {
    const length = `${String(secret).length} characters`;
    throw new RangeError(
      `Cannot key slots in Namespace: expected a secret of ${leastSecret} or more characters: received ${length}`,
    );
  }
  const prefix = `lamina:${name}:`;
  // Under one secret equal keys of two namespaces shall not look equal.
  const toName = secret === undefined ? toPlainName : (encoded: string) => `^${hmac(secret, `${name}:${encoded}`)}`;
  return { prefix, slotName: (encoded, shard) => `${prefix}${shard}${hashedWhole(shard)}:${toName(encoded)}` };
}

/**
 * A Redis Cluster places a name by what stands in its first braces, and by all of it where nothing does: or the shards of
 * a key with braces, as any record has, would all be one node's. The first shard is placed by what the key says.
 */
function hashedWhole(shard: number): "" | "{}" {
  return shard === 0 ? "" : "{}";
}

function isNamespace(name: string): boolean {
  return name !== "" && name.length <= maxNamespace && !name.includes(":") && name.isWellFormed();
}

/**
 * The names of slots, without the rest of the {@linkcode namespace}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { slotName } from "@lamina/cache";
 *
 * const nameOf = slotName({ namespace: "user" });
 * assertEquals([nameOf("42", 0), nameOf("42", 1)], ["lamina:user:0:42", "lamina:user:1{}:42"]);
 * ```
 */
export function slotName(options: NamespaceOptions): (encoded: string, shard: number) => string {
  return namespace(options).slotName;
}

function toPlainName(encoded: string): string {
  return isShort(encoded) ? encoded : `~${sha256(encoded)}`;
}

function isShort(text: string): boolean {
  // A UTF-16 unit takes at most three bytes.
  if (text.length * 3 <= maxPlain) return true;
  return text.length <= maxPlain && Buffer.byteLength(text) <= maxPlain;
}

function sha256(text: string): string {
  return Buffer.from(crypto.subtle.digestSync("SHA-256", utf8.encode(text))).toString("base64url");
}

function hmac(secret: string, text: string): string {
  return createHmac("sha256", secret).update(text).digest("base64url");
}
