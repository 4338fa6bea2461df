import { assert, assertEquals } from "@std/assert";
import { sqliteBackend } from "../../lib/backend/sqlite.ts";
import { ask, beside, bytes, call, count, fill, forEver, look } from "./sqlite_support.ts";

Deno.test("a table above maxEntries loses its oldest entries and claims, in steps, and no live lock", async () => {
  let now = 0;
  await beside({ maxEntries: 200, clock: { now: () => now } }, async (backend, database) => {
    for (let index = 0; index < 20; index++) await ask(backend, `locked ${index}`, { _tag: "lock", token: "t" });
    for (let index = 0; index < 1_000; index++) {
      assertEquals(await fill(backend, `slot ${index}`, bytes(1)), "Filled");
      assert(count(database) <= 200);
    }
    for (let index = 0; index < 20; index++) assertEquals(await look(backend, `locked ${index}`), "Guarded");
    assertEquals([await look(backend, "slot 999"), await look(backend, "slot 850")], ["Hit", "Hit"]);
    assertEquals([await look(backend, "slot 0"), await look(backend, "slot 700")], ["Vacant", "Vacant"]);

    now = 3 * call.lease;
    for (let index = 1_000; index < 1_500; index++) await fill(backend, `slot ${index}`, bytes(1));
    assertEquals(count(database, "count(pinned)"), 0, "Dead locks are swept");
  });
});

Deno.test("an entry that was refreshed is young again", async () => {
  await using backend = sqliteBackend({ path: ":memory:", maxEntries: 100 });
  await fill(backend, "refreshed", bytes(1));
  await fill(backend, "old", bytes(1));
  for (let index = 0; index < 90; index++) await fill(backend, `slot ${index}`, bytes(1));
  const mine = await ask(backend, "refreshed", { _tag: "refresh", owner: "Bob", which: "any" });
  const generation = mine?._tag === "Mine" ? mine.generation : -1;
  const stored = { ...forEver, payload: bytes(2) };
  await ask(backend, "refreshed", { _tag: "fill", owner: "Bob", generation, stored });
  for (let index = 90; index < 110; index++) await fill(backend, `slot ${index}`, bytes(1));
  assertEquals([await look(backend, "refreshed"), await look(backend, "old")], ["Hit", "Vacant"]);
});

Deno.test("a table above maxBytes loses its oldest entries, and an entry larger than that is not kept", async () => {
  await beside({ maxBytes: 10_000 }, async (backend, database) => {
    for (let index = 0; index < 300; index++) {
      await fill(backend, `slot ${index}`, new Uint8Array(100 + index));
      assert(count(database, "sum(length(payload))") <= 10_000);
    }
    assertEquals([await look(backend, "slot 0"), await look(backend, "slot 299")], ["Vacant", "Hit"]);
    const before = count(database);
    assertEquals(await fill(backend, "huge", new Uint8Array(10_001)), "Filled");
    assertEquals([await look(backend, "huge"), count(database)], ["Vacant", before]);
  });
});

Deno.test("a call of more slots than fit leaves no more than fit", () =>
  beside({ maxEntries: 50 }, async (backend, database) => {
    const claims = Array.from({ length: 1_000 }, (_, index) => {
      return { slot: `slot ${index}`, operation: { _tag: "claim", owner: "Ann" } } as const;
    });
    const replies = await backend.run(claims, call)();
    assert(replies.every(({ _tag }) => _tag === "Mine"));
    assert(count(database) <= 50);
  }));

Deno.test("what is over is swept little by little, and the count of entries and bytes stays right", async () => {
  let now = 0;
  await beside({ clock: { now: () => now } }, async (backend, database) => {
    const stored = { ...forEver, until: 5_000, payload: new Uint8Array(10) };
    for (let index = 0; index < 500; index++) {
      const mine = await ask(backend, `slot ${index}`, { _tag: "claim", owner: "Ann" });
      const generation = mine?._tag === "Mine" ? mine.generation : -1;
      if (index % 2 === 0) await ask(backend, `slot ${index}`, { _tag: "fill", owner: "Ann", generation, stored });
    }
    assertEquals(count(database), 500);
    now = 5_000;
    const steps: number[] = [];
    for (let left = 500, index = 0; left > 2 && index < 1_000; index++) {
      const mine = await ask(backend, "other", { _tag: "claim", owner: "Ann" });
      const generation = mine?._tag === "Mine" ? mine.generation : -1;
      await ask(backend, "other", { _tag: "release", owner: "Ann", generation, pass: 0 });
      steps.push(left - count(database));
      left = count(database);
    }
    assert(count(database) <= 2, "Nothing is left of what was over");
    assert(Math.max(...steps) <= 65, "In steps of some 64 rows");
    const counted = database.prepare("SELECT count(*) AS entries, total(length(payload)) AS bytes FROM slot").get();
    assertEquals({ ...database.prepare("SELECT entries, bytes FROM total").get() }, { ...counted });
  });
});
