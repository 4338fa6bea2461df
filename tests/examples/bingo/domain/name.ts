import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Refusal } from "./refusal.ts";
import { refusal } from "./refusal.ts";

/** The most characters of a name: what still fits into a heading, and into the name of a counter. */
export const longestName = 100;

/** The most characters of an identity: a UUID, an address or a signed cookie fit. */
export const longestIdentity = 200;

// Controls, line separators and the marks that turn text around: they have no place in a name, and deceive on a page.
// deno-lint-ignore no-control-regex -- control characters are what it looks for
const invisible = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** Reads a text that a person is going to see, of an experiment, an alternative or a conversion, or an identity. */
export function readName(what: string, value: unknown, longest: number = longestName): Either<Refusal, string> {
  const isName = typeof value === "string" && value.trim() === value && value !== "" && value.length <= longest &&
    !invisible.test(value) && value.isWellFormed();
  if (isName) return E.right(value);
  const expected = `${what}: 1 to ${longest} visible characters, without spaces around them`;
  return E.left(refusal("Malformed", expected, value));
}
