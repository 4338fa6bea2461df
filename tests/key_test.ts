import { assert, assertEquals, assertFalse, assertNotEquals, assertThrows } from "@std/assert";
import { createHash, createHmac } from "node:crypto";
import * as E from "fp-ts/lib/Either.js";
import fc from "fast-check";
import { encodeKey, identify, type Key, namespace, slotName } from "../lib/key.ts";

const secret = "correct-horse-battery-staple";

function text(key: unknown): string {
  const encoded = encodeKey(key);
  assert(E.isRight(encoded), E.isLeft(encoded) ? encoded.left.reason : "");
  return encoded.right;
}

function identity(key: unknown): unknown {
  const identified = identify(key);
  assert(E.isRight(identified));
  return identified.right;
}

/** What reaches a backend: lone surrogates do not survive it. */
const sent = (name: string) => new TextDecoder().decode(new TextEncoder().encode(name));

/** The equality that keys are promised, written down a second time. */
function isSame(a: Key, b: Key): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if (a instanceof Date || b instanceof Date) return a instanceof Date && b instanceof Date && +a === +b;
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return a instanceof Uint8Array && b instanceof Uint8Array && a.length === b.length && a.every((x, i) => x === b[i]);
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((x, i) => isSame(x, b[i]));
  }
  const [left, right] = [a, b] as ReadonlyArray<{ readonly [field: string]: Key }>;
  const names = new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})]);
  return [...names].every((name) => isSame(own(left, name), own(right, name)));
}

function own(fields: { readonly [field: string]: Key } | undefined, name: string): Key {
  return fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
}

// Few and treacherous texts, so that two keys often nearly meet.
const texts = fc.oneof(
  fc.constantFrom("", "1", "1n", "a", "b", "a b", "a,b", '"a"', "'a", "null", "undefined", "true", "[]", "[1]", "{}"),
  fc.constantFrom(
    "\0",
    "\0'a",
    "\0[1]",
    "~",
    "^",
    "@0",
    "#",
    "#AQ",
    "\ud800",
    "\udfff",
    "\ufffd",
    "\\ud800",
    '"',
    "\\",
  ),
  fc.string({ maxLength: 3 }),
);
const keys: fc.Arbitrary<Key> = fc.letrec<{ key: Key }>((tie) => ({
  key: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    texts,
    fc.constantFrom<Key>(0, -0, 1, -1, 0.1, 1e21, Infinity, 0n, 1n, -1n, true, false, null, undefined),
    fc.constantFrom(0, 1, -1).map((time) => new Date(time)),
    fc.uint8Array({ maxLength: 2, max: 1 }),
    fc.array(tie("key"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "a b", '":1', "__proto__", ""), tie("key"), { maxKeys: 3 }),
  ),
})).key;

const pairs = fc.oneof(fc.tuple(keys, keys), keys.map((key) => [key, structuredClone(key)] as const));

Deno.test("P09 two keys have one encoding exactly if they are equal by value", () => {
  let [equal, different] = [0, 0];
  fc.assert(
    fc.property(pairs, ([a, b]) => {
      const same = isSame(a, b);
      same ? equal++ : different++;
      assertEquals(text(a) === text(b), same, `${text(a)} and ${text(b)}`);
      assertEquals(sent(text(a)) === sent(text(b)), same, `${text(a)} and ${text(b)} as UTF-8`);
    }),
    { numRuns: 5_000 },
  );
  assert(equal > 500 && different > 500, `${equal} equal, ${different} different`);
});

Deno.test("P09 two keys have one identity in a Map exactly if they are equal by value", () => {
  fc.assert(
    fc.property(pairs, ([a, b]) => {
      const map = new Map([[identity(a), 1]]);
      assertEquals(map.has(identity(b)), isSame(a, b), `${text(a)} and ${text(b)}`);
    }),
    { numRuns: 5_000 },
  );
});

Deno.test("P09 a structured key meets no string, not even one made like its identity", () => {
  for (const key of [[1], { a: 1 }, new Date(0), Uint8Array.of(1)]) {
    const forged = identity(key);
    assertEquals(typeof forged, "string");
    assertNotEquals(identity(forged), forged);
    assertNotEquals(identity(identity(forged)), identity(forged));
    assertNotEquals(text(text(key)), text(key));
  }
});

Deno.test("P09 the order of fields, undefined fields and the sign of zero make no difference", () => {
  assertEquals(text({ a: 1, b: { c: 2, d: 3 } }), text({ b: { d: 3, c: 2 }, a: 1 }));
  assertEquals(text({ a: 1, b: undefined }), text({ a: 1 }));
  assertEquals(text([-0, { a: -0 }]), text([0, { a: 0 }]));
  assertEquals(identity(-0) === identity(0) || new Set([identity(-0), identity(0)]).size === 1, true);
  assertEquals(text(Object.assign(Object.create(null), { a: 1 })), text({ a: 1 }));
  // deno-lint-ignore no-sparse-arrays
  assertEquals(text([1, , 2]), text([1, undefined, 2]));
});

Deno.test("S14 keys that print alike do not meet", () => {
  const alike: ReadonlyArray<unknown> = [
    ...[1, "1", 1n, [1], ["1"], "[1]", { 0: 1 }, Uint8Array.of(1), new Date(1), "@1"],
    ...[null, "null", undefined, "undefined", [null], [undefined], [], {}, "", [[]], [""], true, "true", false],
    ...[
      "a b",
      ["a", "b"],
      ["a b"],
      ["a,b"],
      'a","b',
      { a: "b" },
      { "a:b": 1 },
      { a: { b: 1 } },
      "'a b",
      { a: 1, b: 1 },
      { "a:1,b": 1 },
    ],
  ];
  assertEquals(new Set(alike.map(text)).size, alike.length);
  assertEquals(new Set(alike.map(identity)).size, alike.length);
});

Deno.test("P09 what is no key is a fault that says where, without the key, and without an exception", async (test) => {
  const ring: unknown[] = [];
  ring.push(ring);
  let wide: unknown = [];
  for (let i = 0; i < 60; i++) wide = [wide, wide];
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  class Person {
    name = secret;
  }
  const cases: ReadonlyArray<readonly [unknown, RegExp]> = [
    [NaN, /^NaN cannot/],
    [{ page: [secret, NaN] }, /^NaN at \.page\[1\] cannot/],
    [() => secret, /^a function/],
    [Symbol(secret), /^a symbol/],
    [[secret, Symbol(secret)], /^a symbol at \[1\]/],
    [new Date(NaN), /^an invalid date/],
    [[new Person()], /^an instance of a class at \[0\]/],
    [new Map([[1, secret]]), /^an instance of a class/],
    [new Set(), /^an instance of a class/],
    [new Float64Array(1), /^an instance of a class/],
    [{ [Symbol(secret)]: 1 }, /^a field named by a symbol/],
    [ring, /^a cycle, or more than 64 levels/],
    [wide, /longer than 1048576 characters/],
    [new Array(2 ** 32 - 1), /longer than 1048576 characters/],
    [secret.repeat(50_000), /longer than 1048576 characters/],
    [new Uint8Array(1_048_576), /longer than 1048576 characters/],
    [proxy, /threw|throws/],
    [{
      get name() {
        throw new Error(secret);
      },
    }, /throws/],
  ];
  for (const [key, reason] of cases) {
    await test.step(reason.source, () => {
      for (const answer of [encodeKey(key), identify(key)]) {
        assert(E.isLeft(answer));
        assertEquals(answer.left._tag, "KeyFault");
        assert(reason.test(answer.left.reason), answer.left.reason);
        assertFalse(answer.left.reason.includes(secret), answer.left.reason);
      }
    });
  }
});

Deno.test("S14 two slots have one name exactly if namespace, shard and key are equal", () => {
  const names = fc.constantFrom("a", "b", "a0", "a'", "0", "a b");
  const long = texts.map((end) => "x".repeat(70) + end);
  const slots = fc.record({ name: names, shard: fc.nat(2), key: fc.oneof(keys, long, long.map((x) => [x])) });
  for (const keyed of [{}, { secret }]) {
    const toName = ({ name, shard, key }: { name: string; shard: number; key: Key }) => {
      return sent(slotName({ namespace: name, ...keyed })(text(key), shard));
    };
    fc.assert(
      fc.property(slots, slots, keys, (a, b, key) => {
        const [c, d] = [{ ...a, key }, { ...b, key: structuredClone(key) }];
        for (const [x, y] of [[a, b], [c, d], [a, a]] as const) {
          const same = x.name === y.name && x.shard === y.shard && isSame(x.key, y.key);
          assertEquals(toName(x) === toName(y), same, `${toName(x)} and ${toName(y)}`);
        }
      }),
      { numRuns: 1_000 },
    );
  }
});

Deno.test("S14 a key above 64 bytes is named by its SHA-256, which no key spells", () => {
  const toName = slotName({ namespace: "user" });
  const digest = (key: string) => createHash("sha256").update(key).digest("base64url");
  assertEquals(toName(text("a".repeat(63)), 3), `lamina:user:3{}:'${"a".repeat(63)}`);
  for (const key of ["a".repeat(64), "€".repeat(22), "é".repeat(32)]) {
    assertEquals(toName(text(key), 3), `lamina:user:3{}:~${digest(`'${key}`)}`);
    assertNotEquals(toName(text(`~${digest(`'${key}`)}`), 3), toName(text(key), 3));
  }
  assertEquals(toName(text("€".repeat(21)), 0), `lamina:user:0:'${"€".repeat(21)}`);
});

Deno.test("S14 under a secret every key is named by its HMAC, other in each namespace", () => {
  const hmac = (message: string) => createHmac("sha256", secret).update(message).digest("base64url");
  const users = namespace({ namespace: "user", secret });
  assertEquals(users.prefix, "lamina:user:");
  assertEquals(users.slotName("42", 1), `lamina:user:1{}:^${hmac("user:42")}`);
  const orders = namespace({ namespace: "order", secret });
  assertNotEquals(users.slotName("42", 1).split(":").at(-1), orders.slotName("42", 1).split(":").at(-1));
  assertFalse(users.slotName(text(secret), 0).includes(secret));
});

Deno.test("S14 a namespace that could meet another, and a secret that can be guessed, are refused", () => {
  const wrong = ["", ":", "a:b", "user:", "x".repeat(65), "\ud800", 1 as unknown as string];
  for (const name of wrong) {
    assertThrows(() => slotName({ namespace: name }), RangeError, "Cannot name slots in Namespace: expected 1 to 64");
  }
  slotName({ namespace: "x".repeat(64) });
  for (const short of ["", "fifteen letters"]) {
    const error = assertThrows(
      () => slotName({ namespace: "a", secret: short }),
      RangeError,
      "Cannot key slots in Namespace",
    );
    assert(error.message.endsWith(`received ${short.length} characters`), error.message);
  }
});
