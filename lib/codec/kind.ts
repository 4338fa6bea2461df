/** The kinds of objects that come back as they went in, told apart by their prototypes. */
import { Buffer } from "node:buffer";

/** An array of numbers over bytes. */
export type View = ArrayBufferView & { readonly BYTES_PER_ELEMENT: number };

const views: ReadonlyArray<{ readonly name: string; readonly prototype: object; new (buffer: ArrayBuffer): View }> = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];

/** The constructors of the typed arrays, by their names. */
export const viewConstructors: ReadonlyMap<string, (typeof views)[number]> = new Map(
  views.map((view) => [view.name, view]),
);

const kinds: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [Object.prototype, "Object"],
  [null, "null-prototype"],
  [Array.prototype, "Array"],
  [Date.prototype, "Date"],
  [Map.prototype, "Map"],
  [Set.prototype, "Set"],
  [ArrayBuffer.prototype, "ArrayBuffer"],
  [Buffer.prototype, "Buffer"],
  ...views.map((view) => [view.prototype, view.name] as const),
]);

/** The kind of an object, or undefined for an instance of any other class. */
export function toKind(value: object): string | undefined {
  return kinds.get(Object.getPrototypeOf(value));
}

/**
 * What stops an object of a known kind from coming back as it is, or undefined.
 *
 * Own fields of an array, Map, Set or Date that are not its contents, and fields that cannot be enumerated, are not seen.
 */
export function toObstacle(value: object, kind: string | undefined): string | undefined {
  if (kind === undefined) return "is an instance of a class";
  if (Array.isArray(value) !== (kind === "Array")) return "is not what its prototype says";
  return Object.getOwnPropertySymbols(value).length === 0 ? undefined : "has a field named by a symbol";
}

/**
 * How deeply a value may be nested.
 *
 * Types, JSON.stringify and io-ts recurse; at 512 levels each is far from the end of the stack.
 */
export const maxDepth: number = 512;

/**
 * How many parts a value may have.
 *
 * A part takes at least two bytes, so a body of 8 MiB, the wire's default limit, holds no more. Without it a value that
 * refers to one part by 2^40 ways would be walked for ever.
 */
export const maxParts: number = 4 * 1024 * 1024;
