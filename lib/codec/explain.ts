/** Where and why an io-ts type refused a value, in one line without values. */
import type * as t from "io-ts";
import { clip, type Path, received, toPath } from "./fault.ts";

/** What a type does not say in its own type: how io-ts composes it. */
interface Composed {
  readonly _tag?: string;
  readonly type?: t.Any;
  readonly types?: ReadonlyArray<t.Any>;
  readonly props?: t.Props;
  readonly codomain?: t.Any;
}

/** A part of a value with the type that it should have; without a step it is the same value under another type. */
interface Part {
  readonly step?: string | number;
  readonly type: t.Any;
  readonly value: unknown;
}

// Deeper than any type one writes down; recursive types on cyclic values end here.
const deepest = 100;

/** Why `type.is(value)` is false: the innermost part that its own type refuses. */
export function explainMismatch(type: t.Any, value: unknown): string {
  const path: Array<string | number> = [];
  let part: Part = { type, value };
  while (path.length < deepest) {
    const inner = parts(part.type, part.value).find((candidate) => !candidate.type.is(candidate.value));
    if (inner === undefined) break;
    if (inner.step !== undefined) path.push(inner.step);
    part = inner;
  }
  return expected(path, part.type, part.value);
}

/** Why `type.decode` failed: the first of its errors, and how many more there are. */
export function explainErrors(errors: t.Errors): string {
  const context = errors[0]?.context ?? [];
  const last = context[context.length - 1];
  if (last === undefined) return "the type refused it without saying why";
  const path: Array<string | number> = [];
  context.reduce((above, entry) => {
    const parent = unwrap(above.type);
    // io-ts counts the branches of unions and intersections as steps; they are none in the value.
    if (parent._tag !== "UnionType" && parent._tag !== "IntersectionType") {
      path.push(Array.isArray(above.actual) ? Number(entry.key) : entry.key);
    }
    return entry;
  });
  const more = errors.length === 1 ? "" : ` (and ${errors.length - 1} more)`;
  return expected(path, last.type, last.actual) + more;
}

function expected(path: Path, type: { readonly name: string }, value: unknown): string {
  return `at ${toPath(path)}: expected ${clip(type.name)}, received ${received(value)}`;
}

function unwrap(type: t.Decoder<never, unknown>): Composed {
  let inner = type as Composed;
  for (let i = 0; i < deepest && isWrapper(inner) && inner.type !== undefined; i++) inner = inner.type as Composed;
  return inner;
}

function isWrapper({ _tag }: Composed): boolean {
  return _tag === "ExactType" || _tag === "RefinementType" || _tag === "RecursiveType" || _tag === "ReadonlyType";
}

function parts(type: t.Any, value: unknown): ReadonlyArray<Part> {
  const composed = type as Composed;
  const { props, codomain, types, type: inner } = composed;
  if (isWrapper(composed) && inner !== undefined) return [{ type: inner, value }];
  if (composed._tag === "IntersectionType" && types !== undefined) return types.map((type) => ({ type, value }));
  if (typeof value !== "object" || value === null) return [];
  const fields = value as Readonly<Record<string, unknown>>;
  if (props !== undefined) {
    return Object.entries(props)
      .filter(([key]) => composed._tag !== "PartialType" || fields[key] !== undefined)
      .map(([step, type]) => ({ step, type, value: fields[step] }));
  }
  if (codomain !== undefined) {
    return Object.entries(fields).map(([step, value]) => ({ step, type: codomain, value }));
  }
  if (!Array.isArray(value)) return [];
  if (composed._tag === "TupleType") return (types ?? []).map((type, i) => ({ step: i, type, value: value[i] }));
  const isList = composed._tag === "ArrayType" || composed._tag === "ReadonlyArrayType";
  return isList && inner !== undefined ? value.map((item, i) => ({ step: i, type: inner, value: item })) : [];
}
