import { assert, assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { some } from "fp-ts/lib/Option.js";
import { counterSet } from "../../lib/aggregate/mod.ts";
import { systemClock } from "../../lib/clock.ts";
import { deadlineAt } from "../../lib/deadline.ts";
import { sqliteBackend, sqliteCounters, sqliteQueue, sqliteTotals } from "../../lib/entry/sqlite.ts";
import { left, right } from "../support/results.ts";
import { inFolder } from "../support/folder.ts";

const soon = () => deadlineAt(systemClock, systemClock.now() + 5_000);

Deno.test("counters and queues share a file, and what is in it outlives them", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.sqlite`;
    {
      await using counters = sqliteCounters({ path });
      await using queue = sqliteQueue({ path, durability: "powerCut" });
      right(await counterSet({ port: counters, name: "a" }).increment({ tea: 2 }, { once: "1" })());
      right(await queue.hold("b", [{ key: "k", value: new Uint8Array([7]) }], 10)());
      right(await queue.take("b", "n")());
    }
    await using counters = sqliteCounters({ path });
    await using queue = sqliteQueue({ path });
    const votes = counterSet({ port: counters, name: "a" });
    assertEquals(right(await votes.increment({ tea: 2 }, { once: "1" })()), "Repeated");
    assertEquals(right(await votes.pop(["tea"])()), [2]);
    const taken = right(await queue.take("b", "m")());
    assert(taken._tag === "Some" && taken.value.id.startsWith("n-"));
    assertEquals(taken.value.parcels.map(({ value }) => value), [some(new Uint8Array([7]))]);
  }));

Deno.test("a file of another kind is refused, and stays as it is", () =>
  inFolder(async (folder) => {
    await sqliteBackend({ path: `${folder}/slots.sqlite` }).close();
    const database = new DatabaseSync(`${folder}/theirs.sqlite`);
    database.exec("CREATE TABLE theirs (a)");
    database.close();
    for (const make of [sqliteCounters, sqliteQueue]) {
      assertThrows(() => make({ path: `${folder}/slots.sqlite` }), RangeError, "another program's database");
      assertThrows(
        () => make({ path: `${folder}/theirs.sqlite` }),
        RangeError,
        "Cannot open SQLite counters or queues",
      );
      assertThrows(() => make({ path: "" }), RangeError, 'expected a path, or ":memory:"');
      assertThrows(() => make({ path: `${folder}/none/a.sqlite` }), Error, "Cannot open SQLite counters or queues");
    }
    await using slots = sqliteBackend({ path: `${folder}/slots.sqlite` });
    assertEquals(slots.name, "sqlite");
    await sqliteCounters({ path: `${folder}/counts.sqlite` }).close();
    assertThrows(() => sqliteBackend({ path: `${folder}/counts.sqlite` }), RangeError, "Cannot open a SQLite backend");
  }));

Deno.test("a step waits for another process's transaction, and fails where that does not end", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.sqlite`;
    await using port = sqliteCounters({ path });
    const votes = counterSet({ port, name: "a", within: "1m" });
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    const waiting = votes.increment({ tea: 1 })();
    assertEquals(right(await votes.read(["tea"])()), [0], "who reads does not wait");
    other.exec("COMMIT");
    assertEquals(right(await waiting), "Counted");
    const impatient = counterSet({ port, name: "a", within: "20ms" });
    other.exec("BEGIN IMMEDIATE");
    assertEquals(left(await impatient.increment({ tea: 1 })())._tag, "TimedOut");
    other.exec("ROLLBACK");
    other.close();
  }));

Deno.test("a file that was deleted is an error, and not another file", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.sqlite`;
    let now = 0;
    await using port = sqliteCounters({ path, clock: { now: () => now } });
    const votes = counterSet({ port, name: "a" });
    right(await votes.increment({ tea: 1 })());
    await Deno.remove(path);
    now += 1_000;
    const failed = left(await votes.increment({ tea: 1 })());
    assertEquals(failed._tag === "BackendFailed" && failed.reason, "the file was moved or deleted");
  }));

Deno.test("totals fold a batch once, none of it after a failure, and nothing after the deadline", async () => {
  const database = new DatabaseSync(":memory:");
  await using totals = sqliteTotals({ database });
  const batch = { set: "votes", id: "1", counts: [{ name: "tea", count: 2 }, { name: "milk", count: 1 }] };
  await totals.fold(batch, soon());
  await totals.fold(batch, soon());
  assertEquals(await totals.read("votes", ["tea", "milk", "juice"]), { counts: [2, 1, 0], folded: "1" });
  database.exec(
    "CREATE TRIGGER broken BEFORE UPDATE ON lamina_total WHEN new.name = 'milk' BEGIN SELECT raise(ABORT, 'no'); END",
  );
  const next = { ...batch, id: "2" };
  assertEquals(await totals.fold(next, soon()).then(() => "folded", () => "failed"), "failed");
  assertEquals(await totals.read("votes", ["tea", "milk"]), { counts: [2, 1], folded: "1" });
  database.exec("DROP TRIGGER broken");
  const over = deadlineAt(systemClock, systemClock.now() - 1);
  assertEquals(await totals.fold(next, over).then(() => "folded", () => "failed"), "failed");
  assertEquals(await totals.read("votes", ["tea", "milk"]), { counts: [2, 1], folded: "1" });
  await totals.fold(next, soon());
  assertEquals(await totals.read("votes", ["tea", "milk"]), { counts: [4, 2], folded: "2" });
  await totals.remove("votes", ["tea"]);
  assertEquals((await totals.read("votes", ["tea", "milk"])).counts, [0, 2]);
  await totals.remove("votes");
  assertEquals(await totals.read("votes", ["tea", "milk"]), { counts: [0, 0], folded: "2" });
  database.close();
});

Deno.test("totals forget the ids of batches in the end, but for the last of each set", async () => {
  const database = new DatabaseSync(":memory:");
  await using totals = sqliteTotals({ database, remember: "1h" });
  const batch = (id: string) => ({ set: "votes", id, counts: [] });
  await totals.fold({ ...batch("other"), set: "others" }, soon());
  for (const id of ["1", "2"]) await totals.fold(batch(id), soon());
  database.exec("UPDATE lamina_folded SET at = at - 7200000");
  await totals.fold(batch("3"), soon());
  const ids = database.prepare("SELECT id FROM lamina_folded ORDER BY number").all().map(({ id }) => id);
  assertEquals(ids, ["other", "3"]);
  assertThrows(() => sqliteTotals({ database, remember: "0s" }), RangeError, "Cannot make SQLite totals");
  database.close();
});

Deno.test("totals above what a double tells apart are read as the nearest one", async () => {
  await using totals = sqliteTotals({ database: ":memory:" });
  const most = Number.MAX_SAFE_INTEGER;
  for (const id of ["1", "2"]) await totals.fold({ set: "votes", id, counts: [{ name: "tea", count: most }] }, soon());
  assertEquals(await totals.read("votes", ["tea", "milk"]), { counts: [2 * most, 0], folded: "2" });
});

Deno.test({
  name: "totals that cannot be opened leave no connection behind",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inFolder(async (folder) => {
      const path = `${folder}/none.sqlite`;
      await Deno.writeTextFile(path, "no database ".repeat(100));
      assertThrows(() => sqliteTotals({ database: path }), Error, "not a database");
      // To look into /proc by itself a test would need all permissions.
      const { stdout } = await new Deno.Command("ls", { args: ["-l", `/proc/${Deno.pid}/fd`] }).output();
      const open = new TextDecoder().decode(stdout);
      assert(open.includes("->"), open);
      assert(!open.includes(path), open);
    }),
});
