import { assert, assertEquals } from "@std/assert";
import { sqliteBackend } from "../../lib/backend/sqlite.ts";
import { ask, bytes, call, fill, inFolder, look } from "./sqlite_support.ts";

Deno.test("entries, locks and what never ends are there again when the file is opened again", () =>
  inFolder(async (path) => {
    const first = sqliteBackend({ path });
    assertEquals(await fill(first, "full", bytes(0, 255, 10)), "Filled");
    assertEquals(await fill(first, "empty", bytes()), "Filled");
    await ask(first, "locked", { _tag: "lock", token: "t" });
    await first.close();

    await using again = sqliteBackend({ path });
    const full = await ask(again, "full", { _tag: "look" });
    assert(full?._tag === "Hit");
    assertEquals([full.found.payload, full.found.fresh, full.found.until], [bytes(0, 255, 10), Infinity, Infinity]);
    const empty = await ask(again, "empty", { _tag: "look" });
    assert(empty?._tag === "Hit");
    assertEquals(empty.found.payload, bytes());
    assertEquals([await look(again, "locked"), await look(again, "vacant")], ["Guarded", "Vacant"]);
  }));

Deno.test("payloads are copies, on their way in and out, also for one slot asked for twice", async () => {
  await using backend = sqliteBackend({ path: ":memory:" });
  const given = bytes(1, 2, 3);
  await fill(backend, "a", given);
  given[0] = 9;
  const request = { slot: "a", operation: { _tag: "look" } } as const;
  const [one, two] = await backend.run([request, request], call)();
  assert(one?._tag === "Hit" && two?._tag === "Hit");
  one.found.payload[1] = 9;
  assertEquals(two.found.payload, bytes(1, 2, 3));
  const again = await ask(backend, "a", { _tag: "look" });
  assertEquals(again?._tag === "Hit" && again.found.payload, bytes(1, 2, 3));
});

Deno.test("a lease that never ends is stored as one", async () => {
  await using backend = sqliteBackend({ path: ":memory:" });
  const endless = { ...call, lease: Infinity };
  await backend.run([{ slot: "a", operation: { _tag: "lock", token: "t" } }], endless)();
  await backend.run([{ slot: "b", operation: { _tag: "claim", owner: "Ann" } }], endless)();
  assertEquals([await look(backend, "a"), await look(backend, "b")], ["Guarded", "Busy"]);
});

Deno.test("names that differ in anything are different slots", async () => {
  await using backend = sqliteBackend({ path: ":memory:" });
  const names = [
    "",
    " ",
    "a",
    "A",
    "a\0",
    "a\0b",
    "ä",
    "a\u0308",
    "\ud800",
    "\ud801",
    "\ufffd",
    '"\\ud800"',
    '"',
    "%",
    "'",
  ];
  for (const [index, name] of names.entries()) await fill(backend, name, bytes(index));
  for (const among of [names, names.slice(0, 1), ...names.map((name) => [name])]) {
    const replies = await backend.run(among.map((slot) => ({ slot, operation: { _tag: "look" } })), call)();
    const found = replies.map((reply) => reply._tag === "Hit" ? reply.found.payload[0] : undefined);
    assertEquals(found, among.map((name) => names.indexOf(name)));
  }
});

Deno.test("time does not go back with the clock", async () => {
  let now = 10_000;
  await using backend = sqliteBackend({ path: ":memory:", clock: { now: () => now } });
  await ask(backend, "a", { _tag: "claim", owner: "Ann" });
  now = 11_000;
  assertEquals(await look(backend, "a"), "Vacant");
  now = 10_500;
  assertEquals(await look(backend, "a"), "Vacant");
});

Deno.test("with durability powerCut entries are written and read as without", () =>
  inFolder(async (path) => {
    await using backend = sqliteBackend({ path, durability: "powerCut" });
    assertEquals([await fill(backend, "a", bytes(1)), await look(backend, "a")], ["Filled", "Hit"]);
  }));
