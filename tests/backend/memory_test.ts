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
    backend.run.one({ slot, operation }, { within: 0, lease, level: "pinned" });
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
