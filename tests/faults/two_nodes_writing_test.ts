import { assert, assertEquals } from "@std/assert";
import { ask } from "../../lib/task/faults/command.ts";
import { sleep } from "../../lib/task/faults/patience.ts";
import { duration } from "../../mod.ts";
import { found, left, right } from "../support/results.ts";
import { afterLease, entryOf, readOf } from "./nodes.ts";
import { bothRead, twoNodesTest } from "./two_nodes.ts";

twoNodesTest("X04 two nodes that write at once end with the same value everywhere", async (one, other, rows) => {
  for (const place of ["before save", "after save"] as const) {
    for (const [first, second] of [[one, other], [other, one]] as const) {
      const [slow, fast] = [first.stopAt(place), second.stopAt(place)];
      const writes = [first.store.put("a", `${place} slow`)(), second.store.put("a", `${place} fast`)()];
      await Promise.all([slow.reached, fast.reached]);
      fast.release();
      right(await writes[1]!);
      slow.release();
      right(await writes[0]!);
      await bothRead(one, other, "a", rows.get("a"));
    }
  }
});

twoNodesTest("X04 so they do when the first one's unlock arrives last", async (one, other, rows) => {
  const saved = one.stopAt("after save");
  const writing = one.store.put("a", "first")();
  await saved.reached;
  one.gate.hold("requests");
  saved.release();
  await one.gate.holding("requests");
  right(await other.store.put("a", "second")());
  assertEquals(await readOf(other, "a"), "second");
  one.gate.open("requests");
  right(await writing);
  assertEquals(rows.get("a"), "second");
  await bothRead(one, other, "a", "second");
});

twoNodesTest("S19 a writer that is gone between commit and unlock leaves no old value", async (one, other) => {
  await bothRead(one, other, "a", "old");
  const saved = one.stopAt("after save");
  const writing = one.store.put("a", "new")();
  await saved.reached;
  // Nothing of this node reaches the server any more.
  one.gate.lead(0);
  one.gate.cut();
  const during = await entryOf(other, "a");
  assertEquals([during.value, during.verdict.because], [{ _tag: "Some", value: "new" }, "Guarded"]);
  saved.release();
  await writing;
  await sleep(afterLease);
  assertEquals((await entryOf(other, "a")).verdict._tag, "Filled");
  assertEquals(await readOf(other, "a"), "new");
});

twoNodesTest("X05 a load that timed out and ends after a newer write does not overwrite it", async (one, other) => {
  for (const [round, writer] of [one, other].entries()) {
    const loaded = one.stopAt("after load");
    const reading = one.store.get(`key ${round}`, { deadline: duration("50ms") })();
    await loaded.reached;
    assertEquals(left(await reading)._tag, "TimedOut");
    right(await writer.store.put(`key ${round}`, "new")());
    assertEquals(await readOf(other, `key ${round}`), "new");
    loaded.release();
    await sleep(50);
    await bothRead(one, other, `key ${round}`, "new");
  }
});

twoNodesTest("X14 a flush between a claim and its fill lets nothing old in", async (one, other, _rows, port) => {
  const loaded = one.stopAt("after load");
  const reading = readOf(one, "a");
  await loaded.reached;
  await ask(port, "FLUSHALL");
  right(await other.store.put("a", "new")());
  loaded.release();
  assertEquals(await reading, "old");
  await bothRead(one, other, "a", "new");
});

twoNodesTest("X14 S21 a flush under a lock is noticed at its unlock", async (one, other, _rows, port) => {
  const before = one.stopAt("before save");
  const writing = one.store.put("a", "new")();
  await before.reached;
  await ask(port, "FLUSHALL");
  assertEquals((await entryOf(other, "a")).verdict._tag, "Filled");
  before.release();
  right(await writing);
  assert(one.events.includes("LockLost"));
  await bothRead(one, other, "a", "new");
});

twoNodesTest("X13 a read does not wait for ever for its fill, and the late fill stores nothing", async (one, other) => {
  const loaded = one.stopAt("after load");
  const reading = one.store.get("a")();
  await loaded.reached;
  one.gate.hold("requests");
  loaded.release();
  await one.gate.holding("requests");
  // The answer does not wait for the fill for longer than a call may take.
  assertEquals(found(await reading), "old");
  right(await other.store.put("a", "new")());
  one.gate.open("requests");
  await sleep(50);
  await bothRead(one, other, "a", "new");
});

twoNodesTest("S22 a write whose lock comes too late for the commit is refused", async (one, other, rows) => {
  await bothRead(one, other, "a", "old");
  one.gate.hold("requests");
  const refused = left(await one.store.put("a", "new")());
  assertEquals([refused.outcome, rows.get("a")], ["aborted", "old"]);
  one.gate.open("requests");
  await sleep(100);
  // The late lock was placed after all: it keeps the key uncached to the end of its lease, and no longer.
  assertEquals((await entryOf(other, "a")).verdict.because, "Guarded");
  await sleep(afterLease);
  await bothRead(one, other, "a", "old");
});
