/** The way back from a tagged tree, as tag.ts makes it. */
import { Buffer } from "node:buffer";
import { viewConstructors } from "./kind.ts";
import { isTag } from "./tag.ts";

/** What {@linkcode untag} answers if a tag is not one of ours. */
export const broken: unique symbol = Symbol("broken");

/** The value that a tagged tree stands for; the tree is used up. */
export function untag(tree: unknown): unknown {
  if (typeof tree !== "object" || tree === null) return tree;
  if (Array.isArray(tree)) return untagItems(tree);
  const fields = tree as Record<string, unknown>;
  return isTag(Object.keys(fields)) ? revive(fields.$) : untagFields(fields, fields);
}

function untagItems(items: unknown[]): unknown {
  for (let i = 0; i < items.length; i++) {
    const item = untag(items[i]);
    if (item === broken) return broken;
    items[i] = item;
  }
  return items;
}

function untagFields(from: Record<string, unknown>, into: Record<string, unknown>): unknown {
  for (const key of Object.keys(from)) {
    const field = untag(from[key]);
    if (field === broken) return broken;
    // "__proto__" is safe here: an own field of what JSON.parse made, or `into` has no prototype.
    into[key] = field;
  }
  return into;
}

function revive(pair: unknown): unknown {
  if (!Array.isArray(pair) || typeof pair[0] !== "string") return broken;
  const [kind, payload] = pair;
  if (kind === "undefined") return undefined;
  if (kind === "$") return untagFields({ $: payload }, {});
  if (kind === "null-prototype") return isObject(payload) ? untagFields(payload, Object.create(null)) : broken;
  if (kind === "Date") return payload === null ? new Date(NaN) : reviveDate(payload);
  if (typeof payload === "string") return reviveText(kind, payload);
  return Array.isArray(payload) ? reviveItems(kind, payload) : broken;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function reviveDate(payload: unknown): unknown {
  if (typeof payload !== "number") return broken;
  const date = new Date(payload);
  return date.getTime() === payload ? date : broken;
}

function reviveItems(kind: string, payload: unknown[]): unknown {
  const items = untagItems(payload);
  if (items === broken) return broken;
  if (kind === "Set") return new Set(items as unknown[]);
  const isMap = kind === "Map" && payload.every((entry) => Array.isArray(entry) && entry.length === 2);
  return isMap ? new Map(items as [unknown, unknown][]) : broken;
}

function reviveText(kind: string, text: string): unknown {
  if (kind === "bigint") return text === "" ? broken : BigInt(text);
  if (kind === "number") return reviveNumber(text);
  const source = Buffer.from(text, "base64");
  // Buffer.from passes over what is not base64; then the length differs.
  if (Math.ceil(source.length / 3) * 4 !== text.length) return broken;
  if (kind === "Buffer") return source;
  const copy = new Uint8Array(source).buffer;
  if (kind === "ArrayBuffer") return copy;
  const View = viewConstructors.get(kind);
  return View === undefined ? broken : new View(copy);
}

function reviveNumber(text: string): unknown {
  const known = text === "NaN" || text === "Infinity" || text === "-Infinity" || text === "-0";
  return known ? Number(text) : broken;
}
