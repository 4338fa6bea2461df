import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { memoryBackend } from "../../lib/backend/memory.ts";
import type { MemoryOptions } from "../../lib/backend/memory.ts";
import { lease, makeBackend, namesOf } from "./memory_place.ts";

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
  const shown = (name: string) => backend.peek(name)?.payload;
  fill("fresh", "x", { fresh: 100, until: 200 });
  claim("claimed");
  lock("locked");
  assertEquals(["fresh", "claimed", "locked", "none"].map(shown), ["x", undefined, undefined, undefined]);
  time.now += 99;
  assertEquals(shown("fresh"), "x");
  time.now += 1;
  assertEquals(shown("fresh"), undefined);
});

Deno.test("a value that is being renewed is shown all the while, and so is the one that replaces it", () => {
  const { backend, ask, fill } = makeBackend({ capacity: 10 });
  fill("a", "x");
  const mine = ask("a", { _tag: "refresh", owner: "Bob", which: "any" });
  assertEquals(backend.peek("a")?.payload, "x");
  const generation = mine?._tag === "Mine" ? mine.generation : -1;
  const stored = { payload: "y", age: 0, fresh: 10, until: 10 };
  assertEquals(ask("a", { _tag: "fill", owner: "Bob", generation, stored })?._tag, "Filled");
  assertEquals(backend.peek("a")?.payload, "y");
});

Deno.test("all that may go goes for an entry that needs the room, however many locks the hand has to pass", () => {
  const { backend, fill, lock, look } = makeBackend({ capacity: 2_000, maxBytes: 100, sizeOf: Number });
  // Behind the locks, so that nearly each step of the hand is in vain.
  for (let index = 0; index < 900; index++) lock(`locked ${index}`);
  for (let index = 0; index < 100; index++) fill(`small ${index}`, "1");
  assertEquals(backend.size(), { slots: 1_000, bytes: 100 });
  fill("large", "100");
  assertEquals([look("large"), look("locked 1"), backend.size()], ["Hit", "Guarded", { slots: 901, bytes: 100 }]);
});

Deno.test("what was written last goes last, whether one goes for it or several", () => {
  const { fill, backend } = makeBackend({ capacity: 1_000, maxBytes: 100, sizeOf: Number });
  for (let index = 0; index < 500; index++) {
    fill(`entry ${index}`, index % 3 === 0 ? "3" : "1");
    const names = new Set(namesOf(backend));
    for (let back = 0; back < Math.min(index, 10); back++) assertEquals(names.has(`entry ${index - back}`), true);
  }
});

Deno.test("an expiry ends freshness and what is under way, and forgets nothing else", () => {
  const { backend, time, ask, fill, claim, lock, look } = makeBackend({ capacity: 10 });
  fill("fresh", "x", { fresh: 100, until: 200 });
  fill("marked", "x", { fresh: 100, until: 200 });
  const mine = ask("marked", { _tag: "refresh", owner: "Ann", which: "any" });
  claim("claimed");
  lock("locked");
  time.now += 10;
  backend.expire();
  const found = (name: string) => {
    const reply = ask(name, { _tag: "look" });
    return reply?._tag === "Hit" ? [reply.found.age, reply.found.fresh, reply.found.until] : reply?._tag;
  };
  assertEquals(["fresh", "marked", "claimed", "locked"].map(found), [[10, 0, 190], [10, 0, 190], "Vacant", "Guarded"]);
  assertEquals([backend.peek("fresh"), backend.peek("marked")], [undefined, undefined]);
  const stored = { payload: "y", age: 0, fresh: 100, until: 100 };
  const generation = mine?._tag === "Mine" ? mine.generation : -1;
  assertEquals(ask("marked", { _tag: "fill", owner: "Ann", generation, stored })?._tag, "Refused");
  assertEquals(ask("locked", { _tag: "unlock", token: "t", generation: 5_000, written: stored })?._tag, "Cleared");
  assertEquals(look("locked"), "Vacant");
});

Deno.test("payloads are kept by reference, and names may be anything", () => {
  const backend = memoryBackend<object, object>({ capacity: 10 });
  const call = { within: 0, lease, level: "pinned" } as const;
  const [name, payload] = [{}, {}];
  const mine = backend.run.one({ slot: name, operation: { _tag: "claim", owner: "Ann" } }, call);
  const generation = mine?._tag === "Mine" ? mine.generation : -1;
  const stored = { payload, age: 0, fresh: Infinity, until: Infinity };
  backend.run.one({ slot: name, operation: { _tag: "fill", owner: "Ann", generation, stored } }, call);
  assertStrictEquals(backend.peek(name)?.payload, payload);
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
