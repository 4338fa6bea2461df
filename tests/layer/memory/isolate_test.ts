import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { duplicate, isolate } from "../../../lib/layer/memory/isolate.ts";

/** All objects of a value, each with where it was first found, so that two graphs can be compared. */
function objectsOf(value: unknown, seen: Map<object, number> = new Map()): Map<object, number> {
  if (typeof value !== "object" || value === null || seen.has(value)) return seen;
  seen.set(value, seen.size);
  const inner = value instanceof Map
    ? [...value].flat()
    : value instanceof Set
    ? [...value]
    : Object.keys(value).map((field) => (value as Record<string, unknown>)[field]);
  for (const each of inner) objectsOf(each, seen);
  return seen;
}

/** In which order its objects are found: the same object twice is the same number twice. */
function shapeOf(value: unknown): ReadonlyArray<number> {
  const numbers = objectsOf(value);
  return [...numbers.keys()].flatMap((each) =>
    Object.values(each).flatMap((inner) =>
      typeof inner === "object" && inner !== null && numbers.has(inner) ? [numbers.get(inner)!] : []
    )
  );
}

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  key: fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "0", "a")),
});

/** Whether it is kept frozen: what is plain. */
const isPlain = (value: object) =>
  Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value));

Deno.test("X08 whatever is isolated is equal, and has no object of the original", () => {
  fc.assert(fc.property(anything, (given) => {
    const { value, mutable } = isolate(given);
    assertEquals(value, given);
    const [originals, copies] = [objectsOf(given), objectsOf(value)];
    assertEquals(shapeOf(value), shapeOf(given));
    for (const copy of copies.keys()) {
      assert(!originals.has(copy));
      if (isPlain(copy)) assert(Object.isFrozen(copy));
    }
    assertEquals(mutable, [...copies.keys()].some((copy) => !isPlain(copy)));
  }));
});

Deno.test("X08 a duplicate differs in nothing, and shares only what nobody can change", () => {
  fc.assert(fc.property(anything, (given) => {
    const { value, mutable } = isolate(given);
    const again = duplicate(value);
    assertEquals(again, value);
    assertEquals(shapeOf(again), shapeOf(value));
    const kept = objectsOf(value);
    for (const each of objectsOf(again).keys()) if (kept.has(each)) assert(isPlain(each) && Object.isFrozen(each));
    if (!mutable) assertStrictEquals(again, value);
    assertEquals(duplicate(given), given);
  }));
});

Deno.test("an object that is met twice is one object in the copy, and one that leads to itself leads to its copy", () => {
  const leaf = { n: 1 };
  const shared = isolate({ one: leaf, other: { deep: [leaf] } }).value;
  assertStrictEquals(shared.one, shared.other.deep[0]);
  const cycle: { self?: unknown; list: Array<unknown> } = { list: [] };
  cycle.self = cycle;
  cycle.list.push(cycle);
  const copy = isolate(cycle).value;
  assertStrictEquals(copy.self, copy);
  assertStrictEquals(copy.list[0], copy);
  assert(copy !== cycle);
  const ring: Record<string, unknown> = { later: { up: undefined } };
  (ring.later as Record<string, unknown>).up = ring;
  const { value } = isolate(ring);
  assertStrictEquals((value.later as Record<string, unknown>).up, value);
});

Deno.test("a field called __proto__ is a field of the copy, whatever it holds", () => {
  for (const text of ['{"__proto__":{"a":{"b":1}}}', '{"__proto__":null,"a":[]}', '{"a":{"__proto__":[1]}}']) {
    const given = JSON.parse(text);
    const { value } = isolate(given);
    assertEquals(JSON.stringify(value), text);
    assertStrictEquals(Object.getPrototypeOf(value), Object.prototype);
  }
  const bare = Object.assign(Object.create(null), { a: { b: 1 } });
  const { value } = isolate(bare);
  assertEquals([Object.getPrototypeOf(value), value.a, value.a === bare.a], [null, { b: 1 }, false]);
});

Deno.test("a getter is asked once, and its value is a field of the copy; one that throws is the caller's to see", () => {
  let asked = 0;
  const given = {
    get at() {
      asked++;
      return { n: 1 };
    },
  };
  const { value } = isolate(given);
  assertEquals([value.at, value.at, asked], [{ n: 1 }, { n: 1 }, 1]);
  assertStrictEquals(value.at, value.at);
  const failing = {
    get at(): number {
      throw new Error("no value");
    },
  };
  assertThrows(() => isolate(failing), Error, "no value");
});

Deno.test("holes of arrays stay holes, and what is hidden or has a symbol for its name is no data", () => {
  const sparse = new Array(5);
  sparse[3] = { n: 1 };
  const { value } = isolate({ sparse });
  assertEquals([Object.keys(value.sparse), value.sparse.length], [["3"], 5]);
  const given = Object.defineProperty({ a: 1, [Symbol("s")]: { n: 1 } }, "hidden", { value: 2 });
  assertEquals(Reflect.ownKeys(isolate(given).value), ["a"]);
});

Deno.test("instances of classes and functions are kept by reference, also inside of what is copied", () => {
  class Thing {
    n = 1;
  }
  const [thing, call] = [new Thing(), () => {}];
  const { value, mutable } = isolate({ thing, call, list: [thing] });
  assertEquals([value.thing === thing, value.call === call, value.list[0] === thing, mutable], [
    true,
    true,
    true,
    false,
  ]);
  assertEquals(isolate(thing), { value: thing, mutable: false });
});

Deno.test("what was frozen is copied none the less, and data nested too deeply is refused", () => {
  const inner = Object.freeze({ n: 1 });
  const given = Object.freeze({ inner });
  const { value } = isolate(given);
  assertEquals([value, value === given, value.inner === inner], [given, false, false]);
  let deep: unknown = {};
  for (let i = 0; i < 100_000; i++) deep = { deep };
  assertThrows(() => isolate(deep), RangeError);
});
