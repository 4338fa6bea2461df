import { Buffer } from "node:buffer";
import { deepStrictEqual } from "node:assert/strict";
import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import fc from "fast-check";
import * as t from "io-ts";
import { type CodecLike, json, toCodec } from "../../lib/codec.ts";
import { anything, assertFault, assertKept, kept, mixed, roundTrip } from "./values.ts";

const any = json(anything);
const text = new TextEncoder();

/** A value that must not stand in any fault. */
const secret = "correct-horse-battery-staple";

class Person {
  constructor(readonly name: string) {}
}

Deno.test("X07 values that JSON loses come back as they went in", async (test) => {
  const own = JSON.parse('{"__proto__":{"polluted":1},"b":2}');
  const values: ReadonlyArray<readonly [string, unknown]> = [
    ...[0, -0, 1.5, NaN, Infinity, -Infinity, Number.MAX_SAFE_INTEGER, 5e-324].map((x) => [`${x}`, x] as const),
    ...[false, true, "", null, undefined, "\u0001", "\ud800", "\ufffd", "\ufeffé€😀"].map((x) =>
      [JSON.stringify(x) ?? "undefined", x] as const
    ),
    ...[0n, -(2n ** 200n)].map((x) => [`${x}n`, x] as const),
    ["a date", new Date(1)],
    ["an invalid date", new Date(NaN)],
    ["a Map with rich keys", new Map<unknown, unknown>([[{ a: 1n }, new Map([[NaN, undefined]])], [-0, new Set()]])],
    ["a Set", new Set([1n, "1", 1, new Date(3)])],
    ["a Uint8Array", Uint8Array.of(0, 255, 1)],
    ["an empty Uint8Array", new Uint8Array()],
    ["a view of a part", new Uint8Array([1, 2, 3, 4]).subarray(1, 3)],
    ["a Float64Array", Float64Array.of(NaN, -0, 0.1)],
    ["a BigUint64Array", BigUint64Array.of(2n ** 64n - 1n)],
    ["an ArrayBuffer", Uint8Array.of(7, 8, 9).buffer],
    ["a Buffer", Buffer.from("bytes of a driver")],
    ["undefined fields", { a: undefined, b: { c: undefined }, d: [undefined] }],
    ["no prototype", Object.assign(Object.create(null), { a: 1, b: Object.assign(Object.create(null), { $: 1 }) })],
    ["own __proto__", own],
    ["own __proto__ beside a tag", { own, a: 1n }],
    [
      "own __proto__ without a prototype",
      Object.defineProperty(Object.create(null), "__proto__", { value: 1n, enumerable: true }),
    ],
    ["what looks like a tag", { $: ["bigint", "1"] }],
    ["what looks like a tag, beside one", [{ $: ["bigint", "1"] }, 1n]],
    ["what looks like an escaped tag", { $: ["$", { $: ["undefined"] }], a: undefined }],
    ["nested escapes", { $: { $: { $: [undefined] } } }],
    ["a field toJSON", { toJSON: "no function", a: -0 }],
    ["arrays in arrays", [[], [[]], [[1n]]]],
    ["one part twice", ((part) => [part, part])({ a: 1 })],
  ];
  for (const [name, value] of values) await test.step(name, () => assertKept(any, value));
});

Deno.test("X07 whatever consists of known kinds comes back as it went in", () => {
  fc.assert(fc.property(kept, (value) => assertKept(any, value)), { numRuns: 1_000 });
});

Deno.test("X07 whatever is not refused comes back as it went in", () => {
  let refused = 0;
  let returned = 0;
  fc.assert(
    fc.property(mixed, (value) => {
      const answer = roundTrip(any, value);
      if (E.isLeft(answer)) {
        assertFault(answer, "unrepresentable");
        refused++;
      } else {
        deepStrictEqual(answer, E.right(O.some(value)));
        returned++;
      }
    }),
    { numRuns: 1_000 },
  );
  assert(refused > 0 && returned > 0, `${refused} refused, ${returned} returned`);
});

Deno.test("X07 what would not come back is refused with its path", async (test) => {
  const ring: Record<string, unknown> = {};
  ring.self = [ring];
  let deep: unknown = 1;
  for (let i = 0; i < 600; i++) deep = [deep];
  let wide: unknown = [];
  for (let i = 0; i < 60; i++) wide = [wide, wide];
  const cases: ReadonlyArray<readonly [unknown, RegExp]> = [
    [{ user: { children: [1, 2, 3, () => secret] } }, /^at \.user\.children\[3\]: a function/],
    [[1n, { "a b": Symbol(secret) }], /^at \[1\]\["a b"\]: a symbol/],
    [new Person(secret), /^at the value: is an instance of a class/],
    [{ by: new Person(secret) }, /^at \.by: is an instance of a class/],
    [new Map([[1, new Person(secret)]]), /^at \[0\]\[1\]: is an instance of a class/],
    [ring, /^at \.self\[0\]: refers to a part above itself/],
    // deno-lint-ignore no-sparse-arrays
    [{ list: [1, , 3] }, /^at \.list\[1\]: a hole/],
    [{ [Symbol(secret)]: 1 }, /^at the value: has a field named by a symbol/],
    [{ pattern: /x/ }, /^at \.pattern: is an instance of a class/],
    [deep, /nested deeper than 512 levels/],
    [wide, /more than 4194304 parts/],
    [Object.create(Date.prototype), /threw/],
    [{
      get name() {
        throw new Error(secret);
      },
    }, /threw/],
    [{ toJSON: () => secret }, /^at \.toJSON: a function/],
  ];
  for (const [value, detail] of cases) {
    await test.step(detail.source, () => {
      const fault = assertFault(any.encode(value), "unrepresentable");
      assert(detail.test(fault.detail), fault.detail);
      assertFalse(fault.detail.includes(secret), fault.detail);
    });
  }
});

Deno.test("X07 toJSON is never called, not even that of a patched prototype", () => {
  // deno-lint-ignore no-explicit-any
  const prototypes: ReadonlyArray<any> = [Object.prototype, Array.prototype, BigInt.prototype];
  for (const prototype of prototypes) {
    let calls = 0;
    prototype.toJSON = () => calls++;
    try {
      for (const value of [{ a: 1 }, [1], { a: 1n }, new Date(0)]) {
        const answer = any.encode(value);
        if (prototype !== BigInt.prototype) assertFault(answer, "unrepresentable");
      }
    } finally {
      delete prototype.toJSON;
    }
    assertEquals(calls, 0);
  }
});

Deno.test("X07 the type's encode runs before and its decode after", () => {
  const instant = new t.Type<Date, string, unknown>(
    "Instant",
    (value): value is Date => value instanceof Date,
    (input, context) => typeof input === "string" ? t.success(new Date(input)) : t.failure(input, context),
    (date) => date.toISOString(),
  );
  const codec = json(t.type({ at: instant }));
  assertKept(codec, { at: new Date(5) });
  const encoded = codec.encode({ at: new Date(5) });
  assertEquals(E.isRight(encoded) && new TextDecoder().decode(encoded.right), '{"at":"1970-01-01T00:00:00.005Z"}');
  assertFault(codec.encode({ at: new Date(NaN) }), "unrepresentable");
});

interface Tree {
  readonly name: string;
  readonly children: ReadonlyArray<Tree>;
}
const Tree: t.Type<Tree> = t.recursion("Tree", () => t.type({ name: t.string, children: t.readonlyArray(Tree) }));

const User = t.intersection([
  t.type({ id: t.Int, name: t.string, tree: Tree }),
  t.partial({
    roles: t.array(t.union([t.literal("admin"), t.literal("guest")])),
    scores: t.record(t.string, t.number),
  }),
]);
const ada = { id: 1 as t.Int, name: "Ada", tree: { name: "root", children: [] } };

Deno.test("X07 a value that its type refuses is not written, and the fault says where", async (test) => {
  const users = json(User as t.Type<unknown, unknown, unknown>);
  assertKept(users, ada);
  const cases: ReadonlyArray<readonly [unknown, string]> = [
    [{ ...ada, id: secret }, "at .id: expected number, received string"],
    [{ ...ada, id: 1.5 }, "at .id: expected Int, received number"],
    [{ ...ada, name: null }, "at .name: expected string, received null"],
    [{ ...ada, roles: ["guest", secret] }, 'at .roles[1]: expected ("admin" | "guest"), received string'],
    [{ ...ada, scores: { a: 1, b: secret } }, "at .scores.b: expected number, received string"],
    [
      { ...ada, tree: { name: "root", children: [{ name: [secret], children: [] }] } },
      "at .tree.children[0].name: expected string, received array",
    ],
  ];
  for (const [value, detail] of cases) {
    await test.step(detail, () => assertEquals(assertFault(users.encode(value), "shape").detail, detail));
  }
  const pairs = json(t.tuple([t.string, t.number]) as t.Type<unknown, unknown, unknown>);
  assertEquals(assertFault(pairs.encode([secret, secret]), "shape").detail, "at [1]: expected number, received string");
});

Deno.test("S07 bytes of another shape are a fault that says where", () => {
  const users = json(User);
  const stored = (value: unknown) => text.encode(JSON.stringify(value));
  const fault = assertFault(users.decode(stored({ ...ada, name: 1, roles: [secret] })), "shape");
  assertEquals(fault.detail, "at .name: expected string, received number (and 2 more)");
  const role = assertFault(users.decode(stored({ ...ada, roles: ["guest", secret] })), "shape");
  assertEquals(role.detail, 'at .roles[1]: expected "admin", received string (and 1 more)');
});

Deno.test("S07 bodies that are not ours are a fault, never a value and never an exception", async (test) => {
  const tags = [
    ...[
      '{"$":[]}',
      '{"$":1}',
      '{"$":["Date","x"]}',
      '{"$":["Date",1e17]}',
      '{"$":["bigint","x"]}',
      '{"$":["bigint",""]}',
    ],
    ...[
      '{"$":["Map",[[1]]]}',
      '{"$":["Map",[1]]}',
      '{"$":["Set",1]}',
      '{"$":["Uint8Array","*"]}',
      '{"$":["number","7"]}',
    ],
    ...['{"$":["Float64Array","AAAA"]}', '{"$":["Function","AAAA"]}', '{"$":["null-prototype",[]]}', '{"$":["x",[]]}'],
    ...['[{"$":["Set",[{"$":0}]]}]'],
  ].map((body) => `\u0001${body}`);
  for (const body of ["", "{", "undefined", "\u0001", "\u0001{", "[1,2", "nul", "\ufeff1", ...tags]) {
    await test.step(JSON.stringify(body), () => void assertFault(any.decode(text.encode(body)), "corrupt"));
  }
  await test.step("UTF-8 cut within a character", () => {
    assertFault(any.decode(text.encode('"é!"').with(2, 33)), "corrupt");
  });
  await test.step("deep nesting", () => {
    const nested = `\u0001${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    assertFault(any.decode(text.encode(nested)), "corrupt");
  });
});

Deno.test("S07 damaged bodies are a fault, or a value of the type; nothing throws", () => {
  const codec = json(User);
  const sound = codec.encode(ada);
  const body = E.isRight(sound) ? sound.right : new Uint8Array();
  let faults = 0;
  const damage = fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(damage, fc.nat(body.length), (changes, length) => {
      const damaged = new Uint8Array(body);
      for (const [at, byte] of changes) damaged[at] = byte;
      const answer = codec.decode(damaged.subarray(0, length));
      if (E.isLeft(answer)) faults++;
      else assert(User.is(answer.right));
    }),
    { numRuns: 2_000 },
  );
  assert(faults > 1_000, `${faults} faults`);
});

Deno.test("An own __proto__ in stored bytes changes no prototype", () => {
  const answer = any.decode(text.encode('\u0001{"__proto__":{"polluted":{"$":["bigint","1"]}}}'));
  assert(E.isRight(answer));
  assertEquals(Object.getPrototypeOf(answer.right), Object.prototype);
  assertEquals(({} as Record<string, unknown>).polluted, undefined);
});

Deno.test("X07 an own __proto__ comes back where assigning to it sets the prototype, as on Node", () => {
  // Deno has no such setter.
  Object.defineProperty(Object.prototype, "__proto__", {
    configurable: true,
    set(this: object, prototype: object | null) {
      Object.setPrototypeOf(this, prototype);
    },
  });
  try {
    const own = JSON.parse('{"__proto__":{"polluted":1}}');
    for (const value of [own, [own, 1n], { $: own }, Object.assign(JSON.parse('{"__proto__":1}'), { a: 1n })]) {
      assertKept(any, value);
    }
  } finally {
    Reflect.deleteProperty(Object.prototype, "__proto__");
  }
});

Deno.test("Options accept a codec or an io-ts type, and refuse the rest", () => {
  assertEquals(toCodec(any), any);
  assertKept(toCodec(t.array(t.number)), [1, 2]);
  for (const wrong of ["json", undefined, null, 1, {}, { is: 1 }]) {
    assertThrows(() => toCodec(wrong as unknown as CodecLike<unknown>), TypeError, "Cannot make json in Codec:");
  }
});

Deno.test("The type of a value is inferred from its io-ts type", () => {
  const codec = json(t.type({ id: t.number }));
  const answer = codec.decode(text.encode('{"id":1}'));
  const id: number | undefined = E.isRight(answer) ? answer.right.id : undefined;
  assertEquals(id, 1);
  // @ts-expect-error: an id is a number
  assertFault(codec.encode({ id: "1" }), "shape");
});
