/** Invalidations of one region that meet each other, on a real server. */
import { assertEquals } from "@std/assert";
import { ask } from "../../lib/task/faults/command.ts";
import { sleep } from "../../lib/task/faults/patience.ts";
import { right } from "../support/results.ts";
import { afterLease, type Node, readOf, untilHit } from "./nodes.ts";
import { bothRead, twoNodesTest } from "./two_nodes.ts";

const epochs = [["every read", "every read"], ["leased", { lease: "200ms" }]] as const;

const rounds = 8;

/** What is stored by a server that is younger than its lease is on probation, and would be gone in the middle. */
function untilTrusted(): Promise<void> {
  return sleep(1_000 + afterLease);
}

function setAll(rows: Map<string, string>, value: string): void {
  for (const key of rows.keys()) rows.set(key, value);
}

/** Both nodes have what the source has, and hit. */
async function bothHit(one: Node, other: Node, rows: ReadonlyMap<string, string>): Promise<void> {
  for (const [key, value] of rows) {
    for (const node of [one, other]) {
      await untilHit(node, key);
      assertEquals(await readOf(node, key), value);
    }
  }
}

for (const [named, epoch] of epochs) {
  twoNodesTest(
    `D26 clears by two nodes at once, hard and soft, all take effect: ${named}`,
    async (one, other, rows, port) => {
      await untilTrusted();
      for (let round = 0; round < rounds; round++) {
        setAll(rows, `${round} old`);
        right(await other.store.invalidateAll()());
        await bothHit(one, other, rows);
        const loaded = one.stopAt("after load");
        const cold = `cold ${round}`;
        const loading = one.store.entries([cold])();
        await loaded.reached;
        setAll(rows, `${round} new`);
        rows.set(cold, `${round} new`);
        const clears = [one, other, one, other].map(({ store }, i) =>
          store.invalidateAll({ mode: (round + i) % 3 === 0 ? "soft" : "hard" })()
        );
        for (const cleared of await Promise.all(clears)) right(cleared);
        loaded.release();
        await loading;
        for (const key of rows.keys()) await bothRead(one, other, key, `${round} new`);
        rows.delete(cold);
      }
      // None of them left its lock: an epoch that is locked would make all readers pass the tier until its lease.
      for (const part of ["hard", "soft"]) {
        const value = String(await ask(port, "GET", `lamina:node:epoch:${part}`));
        assertEquals(value.slice(0, 1), String(await ask(port, "GET", "lamina:node:0:'a")).slice(0, 1), part);
      }
    },
    "shared",
    epoch,
  );

  twoNodesTest(
    `D26 clears that follow each other quickly, by one node or by two, all take effect: ${named}`,
    async (one, other, rows) => {
      await untilTrusted();
      for (let round = 0; round < rounds; round++) {
        const second = round % 2 === 0 ? one : other;
        setAll(rows, `${round} first`);
        right(await one.store.invalidateAll()());
        await bothRead(one, other, "a", `${round} first`);
        setAll(rows, `${round} second`);
        // Nobody reads between the two: the second one finds a world in which there is nothing.
        right(await one.store.invalidateAll()());
        setAll(rows, `${round} third`);
        right(await second.store.invalidateAll()());
        for (const key of ["a", "b", "c"]) await bothRead(one, other, key, `${round} third`);
        right(await second.store.invalidateAll({ mode: "soft" })());
        right(await other.store.invalidateAll()());
        setAll(rows, `${round} fourth`);
        right(await one.store.invalidateAll()());
        for (const key of ["a", "b", "c"]) await bothRead(one, other, key, `${round} fourth`);
      }
    },
    "shared",
    epoch,
  );
}
