import { assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import {
  type AggregateEvent,
  counterSet,
  foldCounts,
  memoryCounters,
  memoryTotals,
  shownCounts,
  type Snapshot,
  snapshotCounts,
  type SnapshotRow,
} from "../../lib/aggregate/mod.ts";
import { sqliteSnapshots } from "../../lib/entry/sqlite.ts";
import { leaseLocks, memoryLeases } from "../../lib/lock/mod.ts";
import { left, right } from "../support/results.ts";
import { inFolder } from "../support/folder.ts";

const hour = 3_600_000;

/** The counters of some experiments, of which each has a set, and what they show. */
function experiments(live: ReadonlyArray<string>) {
  const port = memoryCounters();
  const totals = memoryTotals();
  const sets = new Map(live.map((name) => [name, counterSet({ port, name })]));
  const names = ["participants", "conversions"];
  const rows = async (): Promise<ReadonlyArray<SnapshotRow>> => {
    const all = await Promise.all([...sets].map(async ([set, counters]) => {
      const counts = right(await shownCounts({ counters, totals })(names)());
      return names.map((name, i) => ({ set, name, count: counts[i] ?? NaN }));
    }));
    return all.flat();
  };
  const count = async (set: string, name: string, by: number): Promise<void> => {
    right(await sets.get(set)!.increment({ [name]: by })());
  };
  const fold = async (set: string): Promise<void> => {
    right(await foldCounts({ counters: sets.get(set)!, totals })());
  };
  return { rows, count, fold };
}

Deno.test("B21 what all live experiments show is appended as one batch, with its time", async () => {
  await using stored = sqliteSnapshots({ database: ":memory:" });
  const { rows, count, fold } = experiments(["blue", "red"]);
  const snapshot = snapshotCounts({ name: "bingo", every: "1h", rows, append: stored.append });
  await count("blue", "participants", 5);
  await fold("blue");
  await count("blue", "conversions", 2);
  await count("red", "participants", 1);
  assertEquals(right(await snapshot(new Date(10 * hour + 1))()), { _tag: "Appended", rows: 4 });
  await count("red", "conversions", 1);
  assertEquals(right(await snapshot(new Date(11 * hour))()), { _tag: "Appended", rows: 4 });
  const counts = (await stored.since(0, 10)).map(({ at, rows }) => [
    at,
    Object.fromEntries(rows.map(({ set, name, count }) => [`${set} ${name}`, count])),
  ]);
  const first = { "blue participants": 5, "blue conversions": 2, "red participants": 1, "red conversions": 0 };
  assertEquals(counts, [[10 * hour, first], [11 * hour, { ...first, "red conversions": 1 }]]);
  assertEquals((await stored.since(11 * hour, 10)).length, 1);
  assertEquals((await stored.since(0, 1)).map(({ at }) => at), [10 * hour]);
});

Deno.test("B20 a snapshot that is run again in its period, or by two processes at once, appends nothing more", () =>
  inFolder(async (folder) => {
    await using here = sqliteSnapshots({ database: `${folder}/a.sqlite` });
    await using there = sqliteSnapshots({ database: `${folder}/a.sqlite` });
    const { rows } = experiments(["blue"]);
    const jobs = [here, there].map(({ append }) => snapshotCounts({ name: "bingo", every: "1h", rows, append }));
    const answers = await Promise.all(
      jobs.flatMap((job) => [0, 1, hour - 1].map((more) => job(new Date(hour + more))())),
    );
    const tags = answers.map((answer) => right(answer)._tag);
    assertEquals(tags.filter((tag) => tag === "Appended").length, 1);
    assertEquals((await here.since(0, 10)).length, 1);
    const port = memoryLeases();
    const locked = () =>
      snapshotCounts({ name: "bingo", every: "1h", rows, append: here.append, locks: leaseLocks({ port }) });
    const both = await Promise.all([locked()(new Date(2 * hour))(), locked()(new Date(2 * hour))()]);
    assertEquals(both.map((each) => right(each)._tag).toSorted(), ["Appended", "Busy"]);
  }));

Deno.test("B21 a snapshot that fails leaves nothing, and the next run in its period makes up for it", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.sqlite`;
    await using stored = sqliteSnapshots({ database: path });
    const database = new DatabaseSync(path);
    database.exec(
      "CREATE TRIGGER broken BEFORE INSERT ON lamina_snapshot_row WHEN new.set_name = 'red' BEGIN SELECT raise(ABORT, 'no'); END",
    );
    const { rows } = experiments(["blue", "red"]);
    const snapshot = snapshotCounts({ name: "bingo", every: "1h", rows, append: stored.append });
    assertEquals(left(await snapshot(new Date(hour))())._tag, "SourceFailed");
    assertEquals(await stored.since(0, 10), []);
    database.exec("DROP TRIGGER broken");
    database.close();
    assertEquals(right(await snapshot(new Date(hour + 5))()), { _tag: "Appended", rows: 4 });
  }));

Deno.test("a snapshot refuses what it cannot do, and fails with what it is given", async () => {
  const events: AggregateEvent[] = [];
  const append = (_: Snapshot) => Promise.resolve(true);
  const make = (options: Partial<Parameters<typeof snapshotCounts>[0]>) =>
    snapshotCounts({
      name: "a",
      every: "1h",
      rows: () => Promise.resolve([]),
      append,
      onEvent: (e) => events.push(e),
      ...options,
    });
  assertThrows(() => make({ every: "0s" }), RangeError, "Cannot make a snapshot job");
  assertThrows(() => make({ every: "1.5ms" }), RangeError, "expected a period of whole milliseconds");
  assertThrows(() => make({ name: "" }), RangeError, "Cannot make a snapshot job");
  assertEquals(left(await make({})(new Date(NaN))())._tag, "ValueRefused");
  assertEquals(left(await make({ rows: () => Promise.reject(new Error("no")) })(new Date(0))())._tag, "SourceFailed");
  const hangs = make({ append: () => new Promise(() => {}), commit: "1ms" });
  assertEquals(left(await hangs(new Date(0))())._tag, "TimedOut");
  const late = make({ append: (_, within) => Promise.resolve(within.left() > 0) });
  assertEquals(right(await late(new Date(0))()), { _tag: "Appended", rows: 0 });
});
