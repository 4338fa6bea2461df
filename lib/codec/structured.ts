import { deserialize, serialize } from "node:v8";
import * as E from "fp-ts/lib/Either.js";
import type * as t from "io-ts";
import type { Codec, CodecFault } from "../codec.ts";
import { explainErrors, explainMismatch } from "./explain.ts";
import { fault, toPath } from "./fault.ts";
import { checkType } from "./json.ts";
import { maxDepth, toKind, toObstacle } from "./kind.ts";

/**
 * The codec that writes values of an io-ts type by structured clone.
 *
 * It is slower than {@linkcode json} and can be read by the same engine only (V8: Deno and Node; Bun's differs), but
 * keeps cycles, shared parts and holes in arrays. Functions, symbols, instances of classes, errors, regular expressions
 * and objects without a prototype are refused, since they would come back as something else.
 *
 * @example
 * ```ts
 * import { structured } from "@lamina/cache";
 * import { assertEquals } from "@std/assert";
 * import * as E from "fp-ts/lib/Either.js";
 * import * as t from "io-ts";
 *
 * const graphs = structured(t.UnknownRecord);
 * const ring: Record<string, unknown> = {};
 * ring.next = ring;
 * const bytes = graphs.encode(ring);
 * const back = E.isRight(bytes) ? graphs.decode(bytes.right) : bytes;
 * assertEquals(E.isRight(back) && back.right.next === back.right, true);
 * ```
 *
 * @throws {TypeError} if it is not given an io-ts type
 */
export function structured<V>(type: t.Type<V, unknown, unknown>): Codec<V> {
  checkType(type, "structured");
  return {
    id: 3,
    encode: (value) => encode(type, value),
    decode: (bytes) => decode(type, bytes),
  };
}

function encode<V>(type: t.Type<V, unknown, unknown>, value: V): E.Either<CodecFault, Uint8Array> {
  try {
    if (!type.is(value)) return fault("shape", explainMismatch(type, value));
    const output = type.encode(value);
    const path: Array<string | number> = [];
    const obstacle = findObstacle(output, path, new Set());
    if (obstacle !== undefined) return fault("unrepresentable", `at ${toPath(path)}: ${obstacle}`);
    return E.right(serialize(output));
  } catch {
    // What was thrown may quote the value.
    return fault(
      "unrepresentable",
      "at the value: the type's encode, a getter of the value, or structured clone threw",
    );
  }
}

/** What would not survive, with `path` left at it; a part that was seen before is not walked again. */
function findObstacle(value: unknown, path: Array<string | number>, seen: Set<object>): string | undefined {
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value} cannot be written`;
  if (typeof value !== "object" || value === null || seen.has(value)) return undefined;
  if (path.length === maxDepth) return `is nested deeper than ${maxDepth} levels`;
  seen.add(value);
  const kind = toKind(value);
  if (kind === "null-prototype") return "has no prototype";
  const obstacle = toObstacle(value, kind);
  if (obstacle !== undefined) return obstacle;
  for (const [step, part] of toParts(value, kind)) {
    path.push(step);
    const inner = findObstacle(part, path, seen);
    if (inner !== undefined) return inner;
    path.pop();
  }
  return undefined;
}

function toParts(value: object, kind: string | undefined): Iterable<readonly [string | number, unknown]> {
  switch (kind) {
    case "Object":
      return Object.entries(value);
    case "Array":
      return (value as unknown[]).entries();
    case "Map":
      return [...value as Map<unknown, unknown>].flat().entries();
    case "Set":
      return [...value as Set<unknown>].entries();
    default:
      return [];
  }
}

function decode<V>(type: t.Type<V, unknown, unknown>, bytes: Uint8Array): E.Either<CodecFault, V> {
  let value: unknown;
  try {
    // Node's typed arrays would be views of what they are read from.
    value = deserialize(new Uint8Array(bytes));
  } catch {
    return fault("corrupt", "the body is not a structured clone that this engine reads");
  }
  try {
    const decoded = type.decode(value);
    return decoded._tag === "Right" ? decoded : fault("shape", explainErrors(decoded.left));
  } catch {
    return fault("shape", "the type's decode threw");
  }
}
