import { assertEquals } from "@std/assert";
import type { MemoryBackend } from "../../lib/backend/memory.ts";
import { makeBackend, namesOf } from "./memory_place.ts";

Deno.test("a memory backend keeps no more bytes than maxBytes, as its sizes count them", () => {
  const { backend, fill, look } = makeBackend({ capacity: 1_000, maxBytes: 100, sizeOf: (payload) => payload.length });
  for (let index = 0; index < 1_000; index++) {
    fill(`slot ${index}`, "a".repeat(index % 40));
    if (backend.size().bytes > 100) throw new Error(`Expected at most 100: received ${backend.size().bytes}`);
  }
  assertEquals(backend.size().bytes, sum(backend));
  fill("huge", "a".repeat(101));
  assertEquals([look("huge"), backend.size().bytes], ["Vacant", sum(backend)]);
});

function sum(backend: MemoryBackend<string, string>): number {
  return backend.inspect().reduce((total, [, slot]) => total + (slot._tag === "Held" ? slot.payload.length : 0), 0);
}

Deno.test("an entry larger than maxBytes, or that cannot be measured, is not kept, and nothing goes because of it", () => {
  const sizeOf = (payload: string): number => {
    if (payload === "?") throw new Error("no size");
    return payload.length;
  };
  const { backend, fill, look } = makeBackend({ capacity: 1_000, maxBytes: 10, sizeOf });
  fill("small", "12345");
  fill("large", "12345678901");
  fill("odd", "?");
  assertEquals([look("small"), look("large"), look("odd")], ["Hit", "Vacant", "Vacant"]);
  assertEquals(backend.size(), { slots: 1, bytes: 5 });
});

Deno.test("who measures may ask the same backend: a lock that is placed meanwhile is not overwritten", () => {
  let meanwhile = (): void => {};
  const { backend, ask, lock, claim, look } = makeBackend({
    capacity: 10,
    maxBytes: 100,
    sizeOf: (payload) => {
      meanwhile();
      return payload.length;
    },
  });
  const stored = { payload: "old", age: 0, fresh: 100, until: 100 };
  const mine = ask("a", { _tag: "claim", owner: "Ann" });
  const generation = mine?._tag === "Mine" ? mine.generation : -1;
  meanwhile = () => void lock("a");
  assertEquals(ask("a", { _tag: "fill", owner: "Ann", generation, stored })?._tag, "Refused");
  assertEquals([look("a"), claim("a"), backend.size()], ["Guarded", "Guarded", { slots: 1, bytes: 0 }]);
});

Deno.test("a size that cannot be summed up finds no room, and breaks no bound", () => {
  const sizes: Record<string, number> = { endless: Infinity, odd: NaN, negative: -5, small: 3, other: 9 };
  for (const maxBytes of [10, undefined]) {
    const bound = maxBytes === undefined ? {} : { maxBytes };
    const { backend, fill, look } = makeBackend({ capacity: 10, ...bound, sizeOf: (payload) => sizes[payload]! });
    for (const payload of Object.keys(sizes).slice(0, 3)) {
      assertEquals([fill(payload, payload), look(payload)], ["Filled", "Vacant"]);
    }
    fill("small", "small");
    assertEquals(backend.size(), { slots: 1, bytes: 3 });
    fill("other", "other");
    assertEquals(backend.size(), maxBytes === undefined ? { slots: 2, bytes: 12 } : { slots: 1, bytes: 9 });
  }
});

Deno.test("who measures a payload may ask the backend meanwhile", () => {
  const asked: Array<string> = [];
  const { backend, fill, lock, look } = makeBackend({
    capacity: 3,
    maxBytes: 100,
    sizeOf: (payload) => {
      if (payload === "last") asked.push(`${lock("d")}`, `${lock("e")}`);
      return 1;
    },
  });
  for (const name of ["a", "b", "c"]) fill(name, name);
  fill("c", "last");
  fill("x", "last");
  assertEquals([asked.length > 0, look("d"), look("e")], [true, "Guarded", "Guarded"]);
  const names = namesOf(backend);
  assertEquals([new Set(names).size, backend.size().slots <= 3], [names.length, true]);
  for (const name of names) assertEquals(backend.inspect()[backend.columns.rows.get(name)!]?.[0], name);
});

Deno.test("bytes are those of what is kept, whatever way it went", () => {
  const { backend, fill, lock } = makeBackend({ capacity: 2, maxBytes: 100, sizeOf: (payload) => payload.length });
  for (const name of ["a", "b", "c"]) fill(name, "12345");
  assertEquals(backend.size(), { slots: 2, bytes: 10 });
  lock("d");
  assertEquals(backend.size(), { slots: 2, bytes: 5 });
  backend.flush();
  assertEquals(backend.size(), { slots: 1, bytes: 0 });
});
