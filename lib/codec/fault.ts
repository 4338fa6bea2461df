/** Faults and the paths in them; internal to the codec and key modules. */
import * as E from "fp-ts/lib/Either.js";
import type { CodecFault } from "../codec.ts";

/** The steps from a value to one of its parts. */
export type Path = ReadonlyArray<string | number>;

/** A fault as the left side of what a codec answers. */
export function fault(reason: CodecFault["reason"], detail: string): E.Either<CodecFault, never> {
  return E.left({ _tag: "CodecFault", reason, detail });
}

// Details go into logs and events, where a line of some 200 characters is still read.
const longest = 120;

/** A text cut to what a line of a log bears. */
export function clip(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}…`;
}

/**
 * A path as one writes it in TypeScript: ".user.children[3]", or `["a b"]` where a field is no identifier.
 *
 * The value itself is "the value".
 */
export function toPath(path: Path): string {
  if (path.length === 0) return "the value";
  return clip(path.map(toStep).join(""));
}

function toStep(step: string | number): string {
  if (typeof step === "number") return `[${step}]`;
  return /^[A-Za-z_$][\w$]{0,63}$/.test(step) ? `.${step}` : `[${JSON.stringify(clip(step))}]`;
}

/** What kind of thing a value is, without saying which one. */
export function received(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
