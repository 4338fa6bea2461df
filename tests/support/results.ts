import type { Either } from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import { assert } from "@std/assert";

/** The right side; a left one fails the test and says why. */
export function right<E, A>(result: Either<E, A>): A {
  if (result._tag === "Left") throw new Error(`expected a right: received ${JSON.stringify(result.left)}`);
  return result.right;
}

/** The left side; a right one fails the test. */
export function left<E, A>(result: Either<E, A>): E {
  assert(result._tag === "Left", "expected a left: received a right");
  return result.left;
}

/** The value that a read found; undefined for "no such key". */
export function found<E, V>(result: Either<E, Option<V>>): V | undefined {
  return O.toUndefined(right(result));
}

/** The values that a read of many keys found. */
export function allFound<E, V>(result: Either<E, ReadonlyArray<Option<V>>>): ReadonlyArray<V | undefined> {
  return right(result).map(O.toUndefined);
}
