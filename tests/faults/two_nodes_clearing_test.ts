import { assert, assertEquals } from "@std/assert";
import { openProxy } from "../../lib/task/bench/counting_proxy.ts";
import { ask } from "../../lib/task/faults/command.ts";
import { sleep } from "../../lib/task/faults/patience.ts";
import type { Entry } from "../../mod.ts";
import { redisServersTest } from "../servers/redis.ts";
import { allFound, found, right } from "../support/results.ts";
import { afterLease, type Node, openNode, readOf, untilHit } from "./nodes.ts";
import { bothRead, twoNodesTest } from "./two_nodes.ts";

/** How a node reads: one key, or several in one call. */
const readers = {
  get: async (node: Node): Promise<ReadonlyArray<string | undefined>> => [found(await node.store.get("a")())],
  getMany: async (node: Node) => allFound(await node.store.getMany(["a", "b", "c"])()),
} as const;

/** Where a fill is when the tier is cleared: not yet sent, since its load is under way, or on the wire. */
const places = ["under way", "on the wire"] as const;

/** A race of a load on the first node with a clear by the second. */
interface Race {
  readonly one: Node;
  readonly other: Node;
  readonly rows: Map<string, string>;
  readonly by: keyof typeof readers;
  readonly place: typeof places[number];
  readonly mode: "hard" | "soft";
}

const epochs = [["every read", "every read"], ["leased", { lease: "300ms" }]] as const;

function setAll(rows: Map<string, string>, value: string): void {
  for (const key of rows.keys()) rows.set(key, value);
}

function all(by: Race["by"], value: string): ReadonlyArray<string> {
  return by === "get" ? [value] : [value, value, value];
}

/** What is stored by a server that is younger than its lease is on probation, and would be gone in the middle. */
function untilTrusted(): Promise<void> {
  return sleep(1_000 + afterLease);
}

/** The load begins before the clear, its fill arrives after; what reads got that began after the clear. */
async function race({ one, other, rows, by, place, mode }: Race): Promise<ReadonlyArray<unknown>> {
  setAll(rows, "old");
  right(await other.store.invalidateAll()());
  const loaded = one.stopAt("after load");
  const reading = readers[by](one);
  await loaded.reached;
  if (place === "on the wire") {
    one.gate.hold("requests");
    loaded.release();
    await one.gate.holding("requests");
  }
  setAll(rows, "new");
  right(await other.store.invalidateAll({ mode })());
  // Both begin while the fill is still to come; a soft clear lets them have what it brings.
  const late = mode === "soft" ? [] : [one, other].map(readers[by]);
  loaded.release();
  one.gate.open("requests");
  assertEquals(await reading, all(by, "old"));
  return await Promise.all(late);
}

for (const [named, epoch] of epochs) {
  for (const by of ["get", "getMany"] as const) {
    for (const place of places) {
      twoNodesTest(
        `D26 X01 a hard clear beats a fill ${place}: ${by}, ${named}`,
        async (one, other, rows) => {
          const late = await race({ one, other, rows, by, place, mode: "hard" });
          assertEquals(late, [all(by, "new"), all(by, "new")]);
          for (const node of [one, other, one]) assertEquals(await readers[by](node), all(by, "new"));
        },
        "shared",
        epoch,
      );
    }
  }

  twoNodesTest(
    `D26 X01 so it does on a server that is trusted: ${named}`,
    async (one, other, rows) => {
      await untilTrusted();
      for (const by of ["get", "getMany"] as const) {
        for (const place of places) {
          const late = await race({ one, other, rows, by, place, mode: "hard" });
          assertEquals(late, [all(by, "new"), all(by, "new")], `${by} ${place}`);
          await bothRead(one, other, "a", "new");
        }
      }
    },
    "shared",
    epoch,
  );

  twoNodesTest(
    `D26 X01 after a soft clear a late fill is stale: ${named}`,
    async (one, other, rows) => {
      await untilTrusted();
      for (const by of ["get", "getMany"] as const) {
        for (const place of places) {
          await race({ one, other, rows, by, place, mode: "soft" });
          const renewing = other.stopAt("after load");
          const keys = by === "get" ? ["a"] : ["a", "b", "c"];
          const stale = keys.map(() => "old, Stale");
          // The first of them renews it; the second is served meanwhile.
          for (const node of [other, one]) assertEquals(await seenOf(node, keys), stale, `${by} ${place}`);
          await renewing.reached;
          renewing.release();
          for (const key of keys) await untilNew(one, key);
          for (const key of keys) await bothRead(one, other, key, "new");
        }
      }
    },
    "shared",
    epoch,
  );
}

async function seenOf(node: Node, keys: ReadonlyArray<string>): Promise<ReadonlyArray<string>> {
  const show = ({ value, verdict }: Entry<string>) =>
    `${value._tag === "Some" ? value.value : "none"}, ${verdict._tag}`;
  return (await node.store.entries(keys)()).map((entry) => show(right(entry)));
}

/** Reads until a renewal in the background is over: until then what it renews is served, and nothing else. */
async function untilNew(node: Node, key: string): Promise<void> {
  const end = performance.now() + 10_000;
  for (;;) {
    const [seen] = await seenOf(node, [key]);
    if (seen !== "old, Stale") return assertEquals(seen, "new, HitShared");
    assert(performance.now() < end, "expected the entry to be renewed");
    await sleep(10);
  }
}

for (const tiers of ["shared", "memory and shared"] as const) {
  twoNodesTest(
    `D26 a hard clear on one node is seen by the other's next read: ${tiers}`,
    async (one, other, rows) => {
      await untilTrusted();
      for (const key of rows.keys()) await bothRead(one, other, key, "old");
      setAll(rows, "new");
      right(await one.store.invalidateAll()());
      assertEquals(await readOf(other, "a"), "new");
      assertEquals(await readers.getMany(other), all("getMany", "new"));
      for (const key of rows.keys()) await bothRead(one, other, key, "new");
    },
    tiers,
    "every read",
  );
}

twoNodesTest(
  "D26 a clear is acknowledged when no node goes by the epoch it leased",
  async (one, other, rows) => {
    await untilTrusted();
    for (let round = 0; round < 3; round++) {
      setAll(rows, `${round} old`);
      right(await one.store.invalidateAll()());
      await bothRead(one, other, "a", `${round} old`);
      setAll(rows, `${round} new`);
      const begun = performance.now();
      let acknowledged = false;
      const clearing = one.store.invalidateAll()().then((done) => (acknowledged = true, done));
      const seen: Array<string | undefined> = [];
      while (!acknowledged) {
        seen.push(await readOf(other, "a"));
        await sleep(10);
      }
      right(await clearing);
      assert(performance.now() - begun >= 300);
      assertEquals(await readOf(other, "a"), `${round} new`);
      // What a node once saw of the new world it does not forget.
      assertEquals(seen, seen.toSorted((left, right) => Number(left! < right!)));
      await bothRead(one, other, "a", `${round} new`);
    }
  },
  "shared",
  { lease: "300ms" },
);

redisServersTest("a hit looks at the epoch and its slot in one round trip, and in one command", async (start) => {
  const { port, url } = await start();
  await using proxy = openProxy(url);
  const rows = new Map([["a", "old"], ["b", "old"], ["c", "old"]]);
  await using node = openNode({ port: Number(new URL(proxy.url).port), rows, epoch: "every read" });
  await untilHit(node, "connected");
  await untilTrusted();
  for (const by of ["get", "getMany"] as const) {
    await readers.getMany(node);
    // A tier that mostly hits looks before it claims.
    await Promise.all(Array.from({ length: 100 }, () => readOf(node, "a")));
    const before = await commandsOf(port);
    const trips: number[] = [];
    for (let i = 0; i < 5; i++) trips.push(await proxy.count(() => readers[by](node)));
    const after = await commandsOf(port);
    const sent = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]);
    assertEquals(sent.filter(([, count]) => count !== 0), [["mget", 5]], by);
    // Once in a lease the backend also asks the server about itself.
    assertEquals(Math.min(...trips), 1, by);
  }
});

/** How often a server was sent each command that reads or writes slots. */
async function commandsOf(port: number): Promise<Record<string, number>> {
  const stats = String(await ask(port, "INFO", "commandstats"));
  const counts = stats.matchAll(/^cmdstat_(get|mget|set|eval|evalsha|fcall):calls=(\d+)/gm);
  return Object.fromEntries(Array.from(counts, ([, name, count]) => [name, Number(count)]));
}
