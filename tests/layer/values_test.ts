import { Buffer } from "node:buffer";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { assertEquals, assertThrows } from "@std/assert";
import type { CodecLike, Store } from "../../mod.ts";
import { batch, json, memory, shared, source, structured } from "../../mod.ts";
import { faultyBackend } from "../support/faulty_backend.ts";
import { found, left, right } from "../support/results.ts";
import { virtualClock } from "../../lib/testing/virtual_clock.ts";

const any = new t.Type<unknown, unknown, unknown>("any", (_value): _value is unknown => true, t.success, t.identity);

type Build = (rows: Map<number, unknown>) => Store<number, unknown>;

function stackOf(tiers: "memory" | "shared" | "both", codec: CodecLike<unknown> = json(any)): Build {
  return (rows) => {
    const clock = virtualClock();
    const origin = source<number, unknown>({
      clock,
      load: (keys) => Promise.resolve(keys.map((key) => rows.get(key))),
      save: (changes) =>
        Promise.resolve(changes.forEach(({ key, value }) => value._tag === "Some" && rows.set(key, value.value))),
    });
    const { backend } = faultyBackend(clock);
    const below = tiers === "memory" ? origin : shared({ backend, name: "any", codec, ttl: "1h", clock })(origin);
    return tiers === "shared" ? below : memory({ capacity: 100, ttl: "1h", clock })(below);
  };
}

const stacks: Readonly<Record<string, Build>> = {
  "memory": stackOf("memory"),
  "shared json": stackOf("shared"),
  "shared structured": stackOf("shared", structured(any)),
  "memory over json": stackOf("both"),
  "memory over structured": stackOf("both", structured(any)),
};

const values: Readonly<Record<string, () => unknown>> = {
  "zero": () => 0,
  "minus zero": () => -0,
  "false": () => false,
  "empty text": () => "",
  "null": () => null,
  "NaN": () => NaN,
  "infinity": () => -Infinity,
  "bigint": () => 2n ** 80n,
  "undefined fields": () => ({ a: undefined, b: [undefined, 1] }),
  "a field called __proto__": () => JSON.parse('{"__proto__":{"a":1},"constructor":2}'),
  "date": () => new Date(0),
  "invalid date": () => new Date(NaN),
  "map": () => new Map<unknown, unknown>([[1, new Date(5)], ["a", new Set([1n])]]),
  "set": () => new Set([NaN, "", null]),
  "bytes": () => Uint8Array.of(0, 255),
  "floats": () => Float64Array.of(NaN, -0, 1.5),
  "a view into bytes": () => Uint8Array.of(1, 2, 3, 4).subarray(1, 3),
  "buffer": () => Buffer.from("text"),
  "nested": () => ({ list: [{ at: new Date(1), map: new Map([["k", [1n]]]) }] }),
};

Deno.test("X07 every value comes back as it went in, and the second read has the types of the first", async () => {
  for (const [stack, build] of Object.entries(stacks)) {
    for (const [kind, make] of Object.entries(values)) {
      const loaded = build(new Map([[1, make()]]));
      for (const read of ["first", "second", "third"]) {
        assertSame(found(await loaded.get(1)()), make(), `${stack}: ${kind}, ${read} read after a load`);
      }
      const put = build(new Map());
      right(await put.put(1, make())());
      for (const read of ["first", "second"]) {
        assertSame(found(await put.get(1)()), make(), `${stack}: ${kind}, ${read} read after a put`);
      }
    }
  }
});

/** Equal, and of the same class: a Buffer is no Uint8Array, -0 no 0. */
function assertSame(actual: unknown, expected: unknown, message: string): void {
  assertEquals(actual, expected, message);
  assertEquals(Object.is(actual, -0), Object.is(expected, -0), message);
  assertEquals(actual?.constructor?.name, expected?.constructor?.name, message);
}

Deno.test("X07 what a codec cannot represent is refused at write with a clear error, before anything is touched", async () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  for (const build of [stacks["shared json"]!, stacks["memory over json"]!]) {
    for (const value of [() => 1, Symbol("s"), cycle, new (class Thing {})(), { deep: [new URL("http://a.b")] }]) {
      const rows = new Map<number, unknown>([[1, "old"]]);
      const store = build(rows);
      const { outcome, error } = left(await store.put(1, value)());
      assertEquals([outcome, error._tag, rows.get(1)], ["aborted", "ValueRefused", "old"]);
      assertEquals([found(await store.get(1)()), found(await store.get(1)())], ["old", "old"]);
    }
  }
});

type Person = { name: string; tags: Array<string>; since: Date; by: Map<string, { count: number }> };

const person = (): Person => ({ name: "Ada", tags: ["a"], since: new Date(0), by: new Map([["x", { count: 1 }]]) });

/** Changes whatever can be changed of a value that was handed out. */
function spoil(value: unknown): void {
  const given = value as Person;
  for (
    const change of [
      () => given.name = "spoilt",
      () => given.tags.push("spoilt"),
      () => given.since.setTime(9),
      () => given.by.set("y", { count: 2 }),
      () => given.by.get("x")!.count = 9,
    ]
  ) {
    try {
      change();
    } catch (error) {
      assertEquals(error instanceof TypeError, true);
    }
  }
}

Deno.test("X08 what a caller does to a value that it was given changes nothing for others", async () => {
  for (const [stack, build] of Object.entries(stacks)) {
    for (const start of ["load", "put"] as const) {
      const store = build(new Map(start === "load" ? [[1, person()]] : []));
      if (start === "put") {
        const given = person();
        right(await store.put(1, given)());
        spoil(given);
        if (!stack.startsWith("shared")) continue;
      }
      for (let i = 0; i < 3; i++) {
        const given = found(await store.get(1)());
        assertEquals(given, person(), `${stack}, read ${i} after a ${start}`);
        spoil(given);
        const known = store.peek(1);
        if (known._tag === "Some" && known.value._tag === "Some") spoil(known.value.value);
      }
    }
  }
});

Deno.test("X08 plain data of a memory tier is frozen: all readers get one object, and nobody can change it", async () => {
  const plain = (): Pick<Person, "name" | "tags"> => ({ name: "Ada", tags: ["a"] });
  const row = plain();
  const store = stacks["memory"]!(new Map([[1, row]]));
  for (let i = 0; i < 3; i++) {
    const given = found(await store.get(1)());
    assertEquals(given, plain());
    assertThrows(() => (given as Person).name = "spoilt", TypeError);
    assertThrows(() => (given as Person).tags.push("spoilt"), TypeError);
  }
  assertEquals([row.name = "changed", found(await store.get(1)())], ["changed", plain()]);
});

Deno.test("X08 what the source does to a value that it has loaded changes nothing for readers of a memory tier, nor the other way round", async () => {
  const row = person();
  const store = stacks["memory"]!(new Map([[1, row]]));
  const first = found(await store.get(1)());
  spoil(first);
  assertEquals(row, person());
  spoil(row);
  assertEquals(found(await store.get(1)()), person());
});

Deno.test("X08 readers of one turn that share a flight over a memory tier cannot change each other's value", async () => {
  const store = pipe(stacks["memory"]!(new Map([[1, person()]])), batch({ maxSize: 10 }));
  const [one, two] = await Promise.all([store.get(1)(), store.get(1)()]);
  spoil(found(one));
  assertEquals(found(two), person());
});

Deno.test("X08 a memory tier whose values are shared hands out the loaded object itself", async () => {
  const row = person();
  const origin = source({ load: (keys: ReadonlyArray<number>) => Promise.resolve(keys.map(() => row)) });
  const store = memory({ capacity: 10, ttl: "1m", values: "shared" })(origin);
  assertEquals([found(await store.get(1)()) === row, found(await store.get(1)()) === row], [true, true]);
});
