/** Structured keys as text: the slow way of key.ts; internal. */
import { Buffer } from "node:buffer";
import * as E from "fp-ts/lib/Either.js";
import type { KeyFault } from "../key.ts";

/** How long a key may be as text: it is kept and sent with each operation, and a value's default limit is no less. */
export const maxLength: number = 1024 * 1024;

// Deeper than anything one would name things by; it also ends cycles.
const maxDepth = 64;

const long = `a part that makes it longer than ${maxLength} characters`;
const nan = "NaN";

/** The fault of a key that is too long as a whole. */
export const tooLong: KeyFault = toFault("", long);

/** The fault of NaN, which would not be found again. */
export const notNumber: KeyFault = toFault("", nan);

/** A key as text that reads back as that key only. */
export function toText(key: unknown): E.Either<KeyFault, string> {
  const walk: Walk = { path: "", left: maxLength, depth: 0, fault: undefined };
  try {
    const text = write(walk, key);
    return walk.fault === undefined ? E.right(text) : E.left(walk.fault);
  } catch {
    // What was thrown may quote the key.
    return E.left(toFault("", "a part that throws when it is read"));
  }
}

interface Walk {
  path: string;
  left: number;
  depth: number;
  fault: KeyFault | undefined;
}

function write(walk: Walk, key: unknown): string {
  const text = typeof key === "object" && key !== null ? writeObject(walk, key) : writePrimitive(walk, key);
  walk.left -= text.length;
  // Counted again at each level: a bound on the work, not only on the text.
  return walk.left < 0 ? refuse(walk, long) : text;
}

function writePrimitive(walk: Walk, key: unknown): string {
  switch (typeof key) {
    case "string":
      return key.length > walk.left ? refuse(walk, long) : JSON.stringify(key);
    case "number":
      return Number.isNaN(key) ? refuse(walk, nan) : String(key);
    case "bigint":
      return `${key}n`;
    case "function":
    case "symbol":
      return refuse(walk, `a ${typeof key}`);
    default:
      return String(key);
  }
}

function writeObject(walk: Walk, key: object): string {
  if (key instanceof Uint8Array) {
    const text = Buffer.from(key.buffer, key.byteOffset, Math.min(key.byteLength, maxLength)).toString("base64url");
    return `#${text}`;
  }
  const prototype = Object.getPrototypeOf(key);
  if (prototype === Date.prototype) {
    const time = Date.prototype.getTime.call(key);
    return Number.isNaN(time) ? refuse(walk, "an invalid date") : `@${time}`;
  }
  const isArray = Array.isArray(key) && prototype === Array.prototype;
  if (!isArray && prototype !== Object.prototype && prototype !== null) {
    return refuse(walk, "an instance of a class");
  }
  if (Object.getOwnPropertySymbols(key).length > 0) {
    return refuse(walk, "a field named by a symbol");
  }
  if (walk.depth === maxDepth) return refuse(walk, `a cycle, or more than ${maxDepth} levels`);
  walk.depth++;
  const text = isArray ? writeItems(walk, key) : writeFields(walk, key as Readonly<Record<string, unknown>>);
  walk.depth--;
  return text;
}

function writeItems(walk: Walk, items: ReadonlyArray<unknown>): string {
  const { path } = walk;
  let text = "";
  for (let i = 0; i < items.length; i++) {
    walk.path = `${path}[${i}]`;
    text += (i === 0 ? "" : ",") + write(walk, items[i]);
    if (walk.fault !== undefined) break;
  }
  walk.path = path;
  return `[${text}]`;
}

function writeFields(walk: Walk, fields: Readonly<Record<string, unknown>>): string {
  const { path } = walk;
  let text = "";
  const names = Object.keys(fields).sort();
  walk.left -= names.length;
  for (const name of names) {
    const field = fields[name];
    // To whoever reads the field it is the same as none.
    if (field === undefined) continue;
    walk.path = `${path}.${name.slice(0, 64)}`;
    text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${write(walk, field)}`;
    if (walk.fault !== undefined) break;
  }
  walk.path = path;
  return `{${text}}`;
}

function refuse(walk: Walk, what: string): string {
  walk.fault ??= toFault(walk.path, what);
  return "";
}

function toFault(path: string, what: string): KeyFault {
  return {
    _tag: "KeyFault",
    reason: `${what}${path === "" ? "" : ` at ${path.slice(0, 200)}`} cannot be part of a key`,
  };
}
