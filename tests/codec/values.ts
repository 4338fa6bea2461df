/** What the codec tests share: values that JSON alone would lose, and an equality that sees it. */
import { deepStrictEqual } from "node:assert/strict";
import { assertEquals } from "@std/assert";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import fc from "fast-check";
import * as t from "io-ts";
import { type Codec, type CodecFault, wire } from "../../lib/codec.ts";

/** A type that every value has, so that what is tested is the codec and not the type. */
export const anything: t.Type<unknown, unknown, unknown> = t.unknown;

/** Keys that have a meaning to the language, to the codec, or to JSON. */
const keys = fc.oneof(fc.string(), fc.constantFrom("$", "__proto__", "toJSON", "constructor", "a b", "0"));

/** Values of which every part has to come back. */
export const kept: fc.Arbitrary<unknown> = fc.anything({
  key: keys,
  maxDepth: 4,
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withTypedArray: true,
  stringUnit: "binary",
});

/** Values with parts that may have to be refused. */
export const mixed: fc.Arbitrary<unknown> = fc.anything({
  key: keys,
  values: [
    ...[fc.integer(), fc.double(), fc.string(), fc.boolean(), fc.constantFrom(null, undefined, NaN, -0)],
    ...[fc.func(fc.integer()), fc.constant(Symbol("s")), fc.constant(/x/), fc.constant(new Error("e"))],
  ],
  withBoxedValues: true,
  withMap: true,
  withSparseArray: true,
});

/** What a codec makes of a value by way of a whole entry. */
export function roundTrip<V>(codec: Codec<V>, value: V): E.Either<CodecFault, O.Option<V>> {
  const { encode, decode } = wire(codec);
  const bytes = encode(O.some(value));
  return E.isRight(bytes) ? decode(bytes.right) : bytes;
}

/**
 * Expects a value to come back.
 *
 * Node's strict equality tells 0 from -0, and prototypes apart; that of @std/assert does not.
 */
export function assertKept<V>(codec: Codec<V>, value: V): void {
  deepStrictEqual(roundTrip(codec, value), E.right(O.some(value)));
}

/** Expects a fault, and answers it. */
export function assertFault(answer: E.Either<CodecFault, unknown>, reason: CodecFault["reason"]): CodecFault {
  const fault = E.isLeft(answer) ? answer.left : undefined;
  assertEquals(fault?.reason, reason, `expected ${reason}, received ${fault?.reason}: ${fault?.detail}`);
  return fault as CodecFault;
}
