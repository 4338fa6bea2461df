import { assert, assertEquals, assertThrows } from "@std/assert";
import { some } from "fp-ts/lib/Option.js";
import * as t from "io-ts";
import { type AggregateEvent, counterSet, writeBehind } from "../../lib/aggregate/mod.ts";
import { redisCounters, redisLeases, redisQueue } from "../../lib/backend/redis/mod.ts";
import { keySlot } from "../../lib/backend/redis/key_slot.ts";
import { leaseLocks } from "../../lib/lock/mod.ts";
import { startCluster } from "../backend/redis/cluster.ts";
import { admin, calls } from "../backend/redis/support.ts";
import { eventually } from "../lock/support.ts";
import { redisServersTest, redisTest } from "../servers/redis.ts";
import { left, right } from "../support/results.ts";
import { savedIn, savesTo } from "./entities.ts";
import { inFolder } from "../support/folder.ts";
import { startWorker } from "./support.ts";

redisServersTest(
  "B18 a flush asks the server once for a bucket's keys and values, whatever their number",
  async (start) => {
    const server = await start();
    await using commands = await admin(server.url);
    await using port = redisQueue({ url: server.url });
    const rows = new Map<string, number>();
    await using queue = writeBehind<string, number>({
      ...{ port, name: "people", codec: t.number, buckets: 1, threshold: 1_000 },
      save: (changes) =>
        Promise.resolve(changes.forEach(({ key, value }) => value._tag === "Some" && rows.set(key, value.value))),
    });
    for (let i = 0; i < 200; i++) right(await queue.put(`key ${i}`, some(i))());
    const before = await calls(commands, "evalsha");
    assertEquals(right(await queue.flush()), { _tag: "Flushed", written: 200, dead: 0, failed: 0 });
    // Take, acknowledge, and the take that finds nothing more; a script that is new to the server is sent once more.
    assert(await calls(commands, "evalsha") - before <= 3);
    assertEquals(rows.size, 200);
  },
);

redisTest("B18 a value that the server lost is reported, with its key, and others are written", async (redis) => {
  await using server = await admin(redis.url);
  await using port = redisQueue({ url: redis.url, namespace: redis.prefix });
  const events: AggregateEvent[] = [];
  await using queue = writeBehind<string, number>({
    ...{ port, name: "people", codec: t.number, buckets: 1 },
    save: () => Promise.resolve(),
    onEvent: (event) => events.push(event),
  });
  for (const key of ["alice", "bob"]) right(await queue.put(key, some(1))());
  assertEquals(await server.send("HDEL", `lamina:${redis.prefix}:{people%2F0}:values`, "'alice"), 1);
  assertEquals(right(await queue.flush()), { _tag: "Flushed", written: 1, dead: 1, failed: 0 });
  assertEquals(events, [
    { _tag: "DeadLetter", queue: "people", bucket: "people/0", key: "'alice", reason: "the value is gone" },
  ]);
});

redisTest(
  "B19 one flusher at a time, by a lease; one that is killed is replaced when it is over",
  (redis) =>
    inFolder(async (folder) => {
      const place = { kind: "redis", url: redis.url, namespace: redis.prefix };
      const path = `${folder}/people.sqlite`;
      await using server = await admin(redis.url);
      await using leases = redisLeases({ url: redis.url, namespace: redis.prefix });
      await using port = redisQueue({ url: redis.url, namespace: redis.prefix });
      const fences: Array<number | undefined> = [];
      const save = savesTo(path);
      await using queue = writeBehind<string, number>({
        ...{ port, name: "people", codec: t.number, locks: leaseLocks({ port: leases, lease: "10s" }) },
        save: (changes, { fence }) => {
          fences.push(fence);
          save(changes);
          return Promise.resolve();
        },
      });
      for (const [i, key] of ["alice", "bob", "166"].entries()) right(await queue.put(key, some(i))());
      const first = startWorker("flush", place, path, "4000ms");
      assertEquals(await first.said(), "saving");
      assertEquals(right(await queue.flush()), { _tag: "Busy" });
      const [key] = await leaseKeys(server.send, redis.prefix);
      assert(key !== undefined, "expected a lease");
      const holder = String(await server.send("GET", key));
      await first.kill();
      assertEquals(String(await server.send("GET", key)), holder, "the lease has its holder's token, and outlives it");
      assertEquals(right(await queue.flush()), { _tag: "Busy" });
      let flushed = right(await queue.flush());
      await eventually("the lease to end", async () => {
        flushed = right(await queue.flush());
        return flushed._tag === "Flushed";
      });
      assertEquals(flushed, { _tag: "Flushed", written: 3, dead: 0, failed: 0 });
      assertEquals(savedIn(path).toSorted(), [["166", 2], ["alice", 0], ["bob", 1]]);
      assert(fences.every((fence) => fence !== undefined && fence > 0));
      assertEquals(await leaseKeys(server.send, redis.prefix), [], "a released lease leaves nothing");
    }),
);

async function leaseKeys(
  send: (...command: string[]) => Promise<unknown>,
  prefix: string,
): Promise<ReadonlyArray<string>> {
  const keys = await send("KEYS", `lamina:${prefix}:lease:*`);
  return Array.isArray(keys) ? keys.map(String) : [];
}

redisServersTest("counters and queues work on a cluster, and follow a slot that is moved", async (start) => {
  await using cluster = await startCluster(start);
  await using port = redisCounters({ cluster: { nodes: [cluster.servers[1]!.url] } });
  await using queues = redisQueue({ cluster: { nodes: [cluster.servers[1]!.url] } });
  for (const name of ["votes", "{a}{b}", "}", "ü:ö", "x y"]) {
    const votes = counterSet({ port, name });
    right(await votes.increment({ tea: 1 }, { once: "1" })());
    const taken = right(await votes.take());
    assert(taken._tag === "Some");
    right(await votes.increment({ tea: 2 })());
    assertEquals(right(await votes.acknowledge(taken.value.id)()), true);
    right(await queues.hold(name, [{ key: "a", value: new Uint8Array([1]) }], 10)());
    const batch = right(await queues.take(name, "n")());
    assert(batch._tag === "Some");
    assertEquals(right(await queues.acknowledge(name, batch.value.id)()), true);
  }
  const votes = counterSet({ port, name: "votes" });
  const slot = String(keySlot("votes"));
  const from = Math.floor(Number(slot) / Math.ceil(16_384 / 3));
  const to = (from + 1) % 3;
  const [source, target] = [cluster.admins[from]!, cluster.admins[to]!];
  await target.send("CLUSTER", "SETSLOT", slot, "IMPORTING", cluster.ids[from]!);
  await source.send("CLUSTER", "SETSLOT", slot, "MIGRATING", cluster.ids[to]!);
  const keys = await source.send("CLUSTER", "GETKEYSINSLOT", slot, "100");
  for (const key of Array.isArray(keys) ? keys : []) {
    await source.send("MIGRATE", "127.0.0.1", String(cluster.servers[to]!.port), String(key), "0", "5000");
  }
  right(await votes.increment({ tea: 3 })());
  for (const node of cluster.admins) await node.send("CLUSTER", "SETSLOT", slot, "NODE", cluster.ids[to]!);
  right(await votes.increment({ tea: 4 })());
  assertEquals(right(await votes.pop(["tea"])()), [9]);
});

redisServersTest("what was acknowledged outlives a restart of a server that writes everything down", async (start) => {
  const server = await start("--appendonly", "yes", "--appendfsync", "always");
  await using port = redisCounters({ url: server.url });
  const votes = counterSet({ port, name: "votes", within: "2s" });
  let acknowledged = 0;
  for (let i = 0; i < 50; i++) acknowledged += (await votes.increment({ tea: 1 })())._tag === "Right" ? 1 : 0;
  const taken = right(await votes.take());
  await server.restart();
  await eventually("the server to be back", async () => (await votes.read(["tea"])())._tag === "Right");
  const again = right(await votes.take());
  assert(taken._tag === "Some" && again._tag === "Some");
  assertEquals([again.value.id, again.value.counts], [taken.value.id, [{ name: "tea", count: acknowledged }]]);
  assertEquals(again.value.fresh, false);
});

Deno.test("counters on Redis refuse a namespace that would move their keys apart", () => {
  for (const namespace of ["{}", "a}b", "a:b", ""]) {
    assertThrows(() => redisCounters({ url: "redis://127.0.0.1:1", namespace }), RangeError);
    assertThrows(() => redisQueue({ url: "redis://127.0.0.1:1", namespace }), RangeError);
  }
});

Deno.test("counters and queues on a Redis that is not there are errors, and end with the port", async () => {
  const port = redisCounters({ url: "redis://127.0.0.1:1" });
  const votes = counterSet({ port, name: "votes" });
  assertEquals(left(await votes.pop(["tea"])())._tag, "BackendFailed");
  await port.close();
  const closed = left(await votes.pop(["tea"])());
  assertEquals(closed._tag === "BackendFailed" && closed.reason, "closed");
});
