import { assertEquals } from "@std/assert";
import { sleep } from "../../lib/task/faults/patience.ts";
import { allFound, right } from "../support/results.ts";
import { afterLease, readOf } from "./nodes.ts";
import { bothRead, twoNodesTest } from "./two_nodes.ts";

twoNodesTest("X01 a fill that reaches Redis after another node's delete stores nothing", async (one, other) => {
  const loaded = one.stopAt("after load");
  const reading = readOf(one, "a");
  await loaded.reached;
  one.gate.hold("requests");
  loaded.release();
  await one.gate.holding("requests");
  right(await other.store.remove("a")());
  one.gate.open("requests");
  assertEquals(await reading, "old");
  await bothRead(one, other, "a", undefined);
});

twoNodesTest("X01 a delete on another node during a load is not undone", async (one, other) => {
  const loaded = one.stopAt("after load");
  const reading = readOf(one, "a");
  await loaded.reached;
  right(await other.store.remove("a")());
  loaded.release();
  assertEquals(await reading, "old");
  await bothRead(one, other, "a", undefined);
});

for (const tiers of ["shared", "memory and shared"] as const) {
  twoNodesTest(`X01 a get in flight does not bring back what its own node deletes: ${tiers}`, async (one, other) => {
    const loaded = one.stopAt("after load");
    const reading = readOf(one, "a");
    await loaded.reached;
    right(await one.store.remove("a")());
    loaded.release();
    assertEquals(await reading, "old");
    await bothRead(one, other, "a", undefined);
  }, tiers);

  twoNodesTest(
    `X01 a getMany in flight does not bring back what is written meanwhile: ${tiers}`,
    async (one, other) => {
      const loaded = one.stopAt("after load");
      const reading = one.store.getMany(["a", "b", "c"])();
      await loaded.reached;
      right(await one.store.put("a", "new")());
      right(await one.store.remove("b")());
      right(await other.store.put("c", "new")());
      loaded.release();
      assertEquals(allFound(await reading), ["old", "old", "old"]);
      // What the other node wrote is not known in this one's memory, where nothing of it was before.
      const wanted = ["new", undefined, tiers === "shared" ? "new" : "old"];
      assertEquals(allFound(await one.store.getMany(["a", "b", "c"])()), wanted);
      assertEquals(allFound(await other.store.getMany(["a", "b", "c"])()), ["new", undefined, "new"]);
    },
    tiers,
  );
}

twoNodesTest("X01 a reply that is held past a put of another node is not kept", async (one, other) => {
  // What is stored by a server that is younger than its lease is on probation, and read in two steps.
  await sleep(1_000 + afterLease);
  await bothRead(one, other, "a", "old");
  one.gate.hold("replies");
  const reading = readOf(one, "a");
  await one.gate.holding("replies");
  right(await other.store.put("a", "new")());
  one.gate.open("replies");
  assertEquals(await reading, "old");
  await bothRead(one, other, "a", "new");
});

twoNodesTest("X01 a reply that is held past a put of its own node is not kept in memory", async (one, other) => {
  assertEquals(await readOf(other, "a"), "old");
  one.gate.hold("replies");
  const reading = readOf(one, "a");
  await one.gate.holding("replies");
  const writing = one.store.put("a", "new")();
  one.gate.open("replies");
  right(await writing);
  assertEquals(await reading, "old");
  await bothRead(one, other, "a", "new");
}, "memory and shared");

twoNodesTest("X01 an invalidation on another node during a load is not undone", async (one, other, rows) => {
  const loaded = one.stopAt("after load");
  const reading = readOf(one, "a");
  await loaded.reached;
  rows.set("a", "changed behind the store's back");
  right(await other.store.invalidate(["a"])());
  loaded.release();
  assertEquals(await reading, "old");
  await bothRead(one, other, "a", "changed behind the store's back");
});
