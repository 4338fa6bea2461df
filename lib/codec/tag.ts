/**
 * Rich values as plain JSON: `{"$":[kind, payload]}` stands for what JSON lacks.
 *
 * An object whose only field is "$" is itself written as `{"$":["$", field]}`, so nothing in a value reads as a tag.
 */
import { Buffer } from "node:buffer";
import { type Path, toPath } from "./fault.ts";
import { maxDepth, maxParts, toKind, toObstacle } from "./kind.ts";

let left = 0;

/** Whether JSON.stringify and JSON.parse alone bring the value back. */
export function isPlain(value: unknown): boolean {
  left = maxParts;
  return isPlainWithin(value, 0);
}

function isPlainWithin(value: unknown, depth: number): boolean {
  if (typeof value === "string" || value === null || typeof value === "boolean") return true;
  if (typeof value === "number") return isPlainNumber(value);
  if (typeof value !== "object" || depth === maxDepth) return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Array.prototype && Array.isArray(value)) {
    if ((left -= value.length + 1) < 0) return false;
    // A hole reads as undefined, which is not plain.
    for (let i = 0; i < value.length; i++) if (!isPlainWithin(value[i], depth + 1)) return false;
    return true;
  }
  if (prototype !== Object.prototype || Object.getOwnPropertySymbols(value).length > 0) return false;
  const fields = value as Record<string, unknown>;
  const keys = Object.keys(fields);
  if ((left -= keys.length + 1) < 0) return false;
  for (const key of keys) if (!isPlainWithin(fields[key], depth + 1)) return false;
  return true;
}

function isPlainNumber(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0);
}

/** A walk over a value to be written: where it is, what lies above, and why it stopped. */
interface Walk {
  readonly path: Array<string | number>;
  readonly above: Set<object>;
  left: number;
  refusal: string | undefined;
}

/** A tagged value, or why there is none, with the path to the part that is to blame. */
export type Tagged = { readonly _tag: "Tagged"; readonly tree: unknown } | {
  readonly _tag: "Refused";
  readonly why: string;
};

/** The value with tags for everything that JSON lacks. */
export function tag(value: unknown): Tagged {
  const walk: Walk = { path: [], above: new Set(), left: maxParts, refusal: undefined };
  const tree = tagPart(walk, value);
  return walk.refusal === undefined ? { _tag: "Tagged", tree } : { _tag: "Refused", why: walk.refusal };
}

/** One line on a part that cannot be written. */
export function refusal(path: Path, why: string): string {
  return `at ${toPath(path)}: ${why}`;
}

function refuse(walk: Walk, why: string): undefined {
  walk.refusal ??= refusal(walk.path, why);
}

function tagPart(walk: Walk, value: unknown): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return isPlainNumber(value) ? value : { $: ["number", Object.is(value, -0) ? "-0" : String(value)] };
    case "bigint":
      return { $: ["bigint", value.toString()] };
    case "undefined":
      return { $: ["undefined"] };
    case "object":
      return value === null ? null : tagObject(walk, value);
    default:
      return refuse(walk, `a ${typeof value} cannot be written`);
  }
}

function tagObject(walk: Walk, value: object): unknown {
  const kind = toKind(value);
  const obstacle = toObstacle(value, kind);
  if (obstacle !== undefined) return refuse(walk, obstacle);
  if (walk.above.has(value)) return refuse(walk, "refers to a part above itself");
  if (walk.above.size === maxDepth) return refuse(walk, `is nested deeper than ${maxDepth} levels`);
  walk.above.add(value);
  const tagged = tagContents(walk, value, kind as string);
  walk.above.delete(value);
  return tagged;
}

function tagContents(walk: Walk, value: object, kind: string): unknown {
  switch (kind) {
    case "Object": {
      const fields = tagFields(walk, value as Record<string, unknown>);
      return isTag(Object.keys(fields)) ? { $: ["$", fields.$] } : fields;
    }
    case "null-prototype":
      return { $: [kind, tagFields(walk, value as Record<string, unknown>)] };
    case "Array":
      return tagItems(walk, value as ReadonlyArray<unknown>);
    case "Date": {
      const time = Date.prototype.getTime.call(value);
      return { $: [kind, Number.isNaN(time) ? null : time] };
    }
    case "Map":
      return { $: [kind, tagItems(walk, [...Map.prototype.entries.call(value)])] };
    case "Set":
      return { $: [kind, tagItems(walk, [...Set.prototype.values.call(value)])] };
    case "ArrayBuffer":
      return { $: [kind, Buffer.from(value as ArrayBuffer).toString("base64")] };
    default: {
      const { buffer, byteOffset, byteLength } = value as ArrayBufferView;
      return { $: [kind, Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString("base64")] };
    }
  }
}

function tagFields(walk: Walk, value: Record<string, unknown>): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  const keys = Object.keys(value);
  if (!isAffordable(walk, keys.length)) return fields;
  for (const key of keys) {
    walk.path.push(key);
    const field = tagPart(walk, value[key]);
    // Assigning to "__proto__" would set the prototype.
    if (key !== "__proto__") fields[key] = field;
    else Object.defineProperty(fields, key, { value: field, enumerable: true });
    if (walk.refusal !== undefined) break;
    walk.path.pop();
  }
  return fields;
}

function tagItems(walk: Walk, value: ReadonlyArray<unknown>): unknown {
  const items: unknown[] = [];
  if (!isAffordable(walk, value.length)) return items;
  for (let i = 0; i < value.length; i++) {
    walk.path.push(i);
    const item = i in value ? tagPart(walk, value[i]) : refuse(walk, "a hole in an array cannot be written");
    if (walk.refusal !== undefined) break;
    items.push(item);
    walk.path.pop();
  }
  return items;
}

function isAffordable(walk: Walk, parts: number): boolean {
  walk.left -= parts + 1;
  if (walk.left < 0) refuse(walk, `has more than ${maxParts} parts`);
  return walk.left >= 0;
}

/** Whether an object with these keys reads as a tag. */
export function isTag(keys: ReadonlyArray<string>): boolean {
  return keys.length === 1 && keys[0] === "$";
}
