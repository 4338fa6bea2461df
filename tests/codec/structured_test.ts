import { deepStrictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import fc from "fast-check";
import * as t from "io-ts";
import { bytes, structured } from "../../lib/codec.ts";
import { anything, assertFault, assertKept, mixed, roundTrip } from "./values.ts";

const any = structured(anything);

Deno.test("X07 structured clone keeps what it does not refuse", () => {
  let returned = 0;
  fc.assert(
    fc.property(mixed, (value) => {
      const answer = roundTrip(any, value);
      if (E.isLeft(answer)) assertFault(answer, "unrepresentable");
      else {
        deepStrictEqual(answer, E.right(O.some(value)));
        returned++;
      }
    }),
    { numRuns: 1_000 },
  );
  assert(returned > 0);
});

Deno.test("X07 structured clone keeps rich values, holes, shared parts and cycles", () => {
  const part = { a: 1n };
  // deno-lint-ignore no-sparse-arrays
  assertKept(any, [-0, NaN, undefined, new Date(NaN), new Map([[part, new Set([1])]]), [1, , 3], Buffer.from("x")]);
  const answer = roundTrip(any, [part, part]);
  const shared = E.isRight(answer) && O.isSome(answer.right) ? answer.right.value as unknown[] : [];
  assert(shared.length === 2 && shared[0] === shared[1]);
  const ring: Record<string, unknown> = {};
  ring.self = ring;
  assertKept(any, ring);
});

Deno.test("X07 structured clone refuses what would come back as something else", async (test) => {
  const secret = "correct-horse-battery-staple";
  class Person {
    name = secret;
  }
  const cases: ReadonlyArray<readonly [unknown, RegExp]> = [
    [{ by: new Person() }, /^at \.by: is an instance of a class/],
    [[1, () => secret], /^at \[1\]: a function/],
    [new Map([["k", Symbol(secret)]]), /^at \[1\]: a symbol/],
    [new Set([new Person()]), /^at \[0\]: is an instance/],
    [[Object.create(null)], /^at \[0\]: has no prototype/],
    [{ [Symbol("s")]: 1 }, /^at the value: has a field named by a symbol/],
    [{ cause: new Error(secret) }, /^at \.cause: is an instance/],
    [{
      get name() {
        throw new Error(secret);
      },
    }, /threw/],
  ];
  for (const [value, detail] of cases) {
    await test.step(detail.source, () => {
      const fault = assertFault(any.encode(value), "unrepresentable");
      assert(detail.test(fault.detail), fault.detail);
      assertFalse(fault.detail.includes(secret));
    });
  }
});

Deno.test("S07 a structured clone of another shape, or damaged, is a fault", () => {
  const numbers = structured(t.array(t.number));
  const sound = any.encode(["a"]);
  const body = E.isRight(sound) ? sound.right : new Uint8Array();
  assertEquals(assertFault(numbers.decode(body), "shape").detail, "at [0]: expected number, received string");
  assertFault(numbers.encode(["a"] as unknown as number[]), "shape");
  for (const damaged of [new Uint8Array(), body.subarray(0, 3), Uint8Array.of(255), Uint8Array.of(1, 2, 3)]) {
    assertFault(any.decode(damaged), "corrupt");
  }
  assertThrows(() => structured("x" as unknown as t.Type<string>), TypeError, "Cannot make structured in Codec:");
});

Deno.test("X07 bytes come back as they went in, in a buffer of their own", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 3_000 }), (value) => assertKept(bytes, value)));
  fc.assert(fc.property(fc.uint8Array(), (value) => assertKept(bytes, Buffer.from(value))));
  assertKept(bytes, new Uint8Array([1, 2, 3]).subarray(1));
  const body = bytes.encode(Uint8Array.of(1, 2, 3));
  assert(E.isRight(body));
  const first = bytes.decode(body.right);
  assert(E.isRight(first));
  first.right.fill(9);
  assertEquals(bytes.decode(body.right), E.right(Uint8Array.of(1, 2, 3)));
});

Deno.test("X07 what is not bytes is refused by the codec of bytes", () => {
  class Own extends Uint8Array {}
  for (const wrong of ["text", null, [1], new Uint16Array(2), new ArrayBuffer(2), new Own(2)]) {
    assertFault(bytes.encode(wrong as unknown as Uint8Array), "shape");
  }
  assertFault(bytes.decode(new Uint8Array()), "corrupt");
  assertFault(bytes.decode(Uint8Array.of(7, 1)), "corrupt");
});
