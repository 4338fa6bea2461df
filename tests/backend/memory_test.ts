import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { MemoryBackend, MemoryOptions } from "../../lib/backend/memory.ts";
import { memoryBackend } from "../../lib/backend/memory.ts";
import type { Operation, Reply, Stored } from "../../lib/protocol/slot.ts";

const lease = 1_000;

/** A backend in a time that stands still until the test changes it. */
function makeBackend(options: Omit<MemoryOptions<string>, "clock">) {
  const time = { now: 5_000 };
  const backend: MemoryBackend<string, string> = memoryBackend({
    ...options,
    clock: { now: () => time.now, after: () => () => {} },
  });
  const ask = (slot: string, operation: Operation<string>): Reply<string> | undefined =>
    backend.runNow([{ slot, operation }], { within: 0, lease, level: "pinned" })[0];
  const look = (slot: string) => ask(slot, { _tag: "look" })?._tag;
  const lock = (slot: string) => ask(slot, { _tag: "lock", token: "t" })?._tag;
  const claim = (slot: string) => ask(slot, { _tag: "claim", owner: "Ann" })?._tag;
  const fill = (slot: string, payload: string, stored: Partial<Stored<string>> = {}) => {
    const mine = ask(slot, { _tag: "claim", owner: "Ann" });
    const generation = mine?._tag === "Mine" ? mine.generation : -1;
    const whole = { payload, age: 0, fresh: Infinity, until: Infinity, ...stored };
    return ask(slot, { _tag: "fill", owner: "Ann", generation, stored: whole })?._tag;
  };
  return { backend, time, ask, look, lock, claim, fill };
}

const namesOf = (backend: MemoryBackend<string, string>) => backend.inspect().map(([name]) => name);

Deno.test("a memory backend keeps no more slots than its capacity", () => {
  const { backend, fill, claim } = makeBackend({ capacity: 100 });
  for (let index = 0; index < 10_000; index++) {
    assertEquals(
      index % 3 === 0 ? claim(`slot ${index}`) : fill(`slot ${index}`, "a"),
      index % 3 === 0 ? "Mine" : "Filled",
    );
    if (backend.size().slots > 100) throw new Error(`Expected at most 100: received ${backend.size().slots}`);
  }
  assertEquals(backend.size().slots, 100);
});

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

Deno.test("what is read now and then outlives what is not, however much comes between", () => {
  const { backend, fill, look } = makeBackend({ capacity: 100 });
  for (const hot of ["a", "b", "c"]) fill(hot, hot);
  for (let index = 0; index < 5_000; index++) {
    fill(`cold ${index}`, "x");
    if (index % 30 === 0) {
      look("a");
      backend.peek("b");
    }
  }
  assertEquals([look("a"), look("b"), look("c")], ["Hit", "Hit", "Vacant"]);
});

Deno.test("what was read a lot once, and then no more, goes in its turn", () => {
  const { backend, fill, look } = makeBackend({ capacity: 100 });
  for (let index = 0; index < 90; index++) fill(`once ${index}`, "x");
  for (let index = 0; index < 2_000; index++) {
    look(`once ${index % 90}`);
    fill(`cold ${index}`, "x");
  }
  for (let index = 0; index < 200; index++) fill(`later ${index}`, "x");
  assertEquals(namesOf(backend).filter((name) => name.startsWith("once")), []);
});

Deno.test("live locks are never evicted, even above the capacity, and dead ones are", () => {
  const { backend, time, lock, fill, look } = makeBackend({ capacity: 10 });
  for (let index = 0; index < 20; index++) assertEquals(lock(`locked ${index}`), "Locked");
  for (let index = 0; index < 100; index++) assertEquals(fill(`slot ${index}`, "x"), "Refused");
  for (let index = 0; index < 20; index++) assertEquals(look(`locked ${index}`), "Guarded");
  assertEquals(backend.size().slots, 20);

  time.now += lease;
  for (let index = 0; index < 100; index++) assertEquals(fill(`slot ${index}`, "x"), "Filled");
  assertEquals([backend.size().slots, look("slot 99")], [10, "Hit"]);
});

Deno.test("a lock that drops an entry also drops its bytes", () => {
  const { backend, fill, lock } = makeBackend({ capacity: 10, maxBytes: 10, sizeOf: (payload) => payload.length });
  fill("a", "12345");
  assertEquals(backend.size(), { slots: 1, bytes: 5 });
  lock("a");
  assertEquals(backend.size(), { slots: 1, bytes: 0 });
});

Deno.test("a flush forgets everything but live locks", () => {
  const { backend, time, fill, claim, lock, look } = makeBackend({ capacity: 10 });
  lock("dead");
  time.now += lease;
  fill("entry", "x");
  claim("claimed");
  lock("live");
  backend.flush();
  assertEquals(namesOf(backend), ["live"]);
  assertEquals(["entry", "claimed", "dead", "live"].map(look), ["Vacant", "Vacant", "Vacant", "Guarded"]);
});

Deno.test("peek shows an entry that is fresh, and nothing else", () => {
  const { backend, time, fill, claim, lock } = makeBackend({ capacity: 10 });
  const shown = (name: string) => {
    const cell = backend.peek(name);
    return cell?.slot._tag === "Held" ? cell.slot.payload : undefined;
  };
  fill("fresh", "x", { fresh: 100, until: 200 });
  claim("claimed");
  lock("locked");
  assertEquals(["fresh", "claimed", "locked", "none"].map(shown), ["x", undefined, undefined, undefined]);
  time.now += 99;
  assertEquals(shown("fresh"), "x");
  time.now += 1;
  assertEquals(shown("fresh"), undefined);
});

Deno.test("what is kept beside an entry is made from it, and goes when it goes", () => {
  const { backend, ask, fill, lock } = makeBackend({ capacity: 10, valueOf: (payload) => `made from ${payload}` });
  fill("a", "x");
  assertEquals(backend.peek("a")?.value, "made from x");
  const mine = ask("a", { _tag: "refresh", owner: "Bob", which: "any" });
  const generation = mine?._tag === "Mine" ? mine.generation : -1;
  const stored = { payload: "y", age: 0, fresh: 10, until: 10 };
  ask("a", { _tag: "fill", owner: "Bob", generation, stored });
  assertEquals(backend.peek("a")?.value, "made from y");
  lock("a");
  assertEquals([backend.peek("a"), backend.cells.get("a")?.value], [undefined, undefined]);
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

Deno.test("payloads are kept by reference, and names may be anything", () => {
  const backend = memoryBackend<object, object>({ capacity: 10 });
  const call = { within: 0, lease, level: "pinned" } as const;
  const [name, payload] = [{}, {}];
  const [mine] = backend.runNow([{ slot: name, operation: { _tag: "claim", owner: "Ann" } }], call);
  const generation = mine?._tag === "Mine" ? mine.generation : -1;
  const stored = { payload, age: 0, fresh: Infinity, until: Infinity };
  backend.runNow([{ slot: name, operation: { _tag: "fill", owner: "Ann", generation, stored } }], call);
  const slot = backend.peek(name)?.slot;
  assertStrictEquals(slot?._tag === "Held" ? slot.payload : undefined, payload);
  assertEquals(backend.peek({}), undefined);
});

Deno.test("a closed memory backend keeps nothing", async () => {
  const { backend, fill, look } = makeBackend({ capacity: 10 });
  fill("a", "x");
  await backend.close();
  assertEquals([look("a"), backend.peek("a"), backend.size().slots], ["Unreachable", undefined, 0]);
});

Deno.test("bounds that bound nothing are refused with what was expected", () => {
  const refused = (options: MemoryOptions<string>) => assertThrows(() => memoryBackend(options), RangeError).message;
  for (const capacity of [0, -1, 1.5, NaN, Infinity]) {
    const message = `Cannot make a memory backend: expected a positive whole capacity: received ${capacity}`;
    assertEquals(refused({ capacity }), message);
  }
  assertEquals(
    refused({ capacity: 1, maxBytes: 0 }),
    "Cannot make a memory backend: expected positive maxBytes: received 0",
  );
});
