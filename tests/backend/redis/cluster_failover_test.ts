import { assert, assertEquals } from "@std/assert";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { redisBackend, type RedisEvent } from "../../../lib/backend/redis/mod.ts";
import { promises, shared, source } from "../../../mod.ts";
import { redisServersTest } from "../../servers/redis.ts";
import { startCluster } from "./cluster.ts";
import { startLoad } from "./load.ts";
import { type Admin, eventually, within } from "./support.ts";

const keys = Array.from({ length: 18 }, (_, i) => `key ${i}`);

async function isPrimary(node: Admin): Promise<boolean> {
  return String(await node.send("ROLE")).startsWith("master");
}

redisServersTest("a tier does all that it does on a cluster of three primaries with replicas", async (start) => {
  await using cluster = await startCluster(start, "one each");
  await using backend = redisBackend({ cluster: { nodes: [cluster.servers[0]!.url] } });
  const rows = new Map(Array.from({ length: 200 }, (_, i) => [i, `row ${i}`]));
  const loaded: number[] = [];
  await using cache = promises(pipe(
    source<number, string>({
      load: async (ids) => (loaded.push(...ids), await Promise.resolve(ids.map((id) => rows.get(id)))),
      save: async (changes) => {
        for (const { key, value } of changes) value._tag === "Some" ? rows.set(key, value.value) : rows.delete(key);
        await Promise.resolve();
      },
    }),
    // A server that has just started keeps what it stores for a lease; the test takes less.
    shared({ backend, name: "row", codec: t.string, ttl: "1h", lease: "1m", epoch: "every read", timeout: "5s" }),
  ));
  const ids = [...rows.keys()];
  const all = async () => (await cache.getMany(ids)).filter((row) => row !== undefined).length;
  assertEquals([await all(), await all(), loaded.length], [200, 200, 200]);
  const batch = ids.slice(0, 50);
  await cache.mutate(batch, async () => {
    for (const id of batch) rows.set(id, "changed");
    await Promise.resolve();
  });
  // What is put is published, unless the epoch, which is asked for on its own node, comes later than the locks by more
  // than they took: nobody waits for it, and one load makes up for it.
  await eventually("a put that is published", async () => {
    await cache.put(50, "put");
    const before = loaded.length;
    return await cache.get(50) === "put" && loaded.length === before;
  });
  await cache.remove(51);
  rows.set(52, "behind its back");
  await cache.invalidate([52]);
  assertEquals(await cache.getMany([0, 49, 50, 51, 52]), ["changed", "changed", "put", undefined, "behind its back"]);
  assertEquals(await cache.get(53, { force: true }), "row 53");
  assertEquals(await all(), 199);
  // What was let go of, and what was forced, each once; what was removed, if that was not published.
  const again = loaded.slice(200).filter((id) => id !== 50).sort((a, b) => a - b);
  const isRemoved = (id: number) => id === 51;
  assertEquals(again.filter((id) => !isRemoved(id)), [...batch, 52, 53]);
  assert(again.filter(isRemoved).length <= 1, `${again}`);
  const before = loaded.length;
  await cache.invalidateAll();
  assertEquals(await all(), 199);
  assertEquals(loaded.slice(before).sort((a, b) => a - b), ids);
});

for (const waitReplicas of [undefined, { replicas: 1, within: "300ms" } as const]) {
  const promised = waitReplicas === undefined ? "I2" : "with waitReplicas I2 and I3";
  redisServersTest(
    `X14 ${promised}: a primary is killed under load, its replica promoted, and reads and writes resume`,
    async (start) => {
      await using cluster = await startCluster(start, "one each");
      const place = { cluster: { nodes: cluster.servers.map(({ url }) => url) } };
      const options = {
        ...place,
        connectTimeout: "1s",
        ...(waitReplicas === undefined ? {} : { waitReplicas }),
      } as const;
      const events: RedisEvent[] = [];
      await using one = redisBackend({ ...options, onEvent: (event) => events.push(event) });
      await using other = redisBackend(options);
      await using load = startLoad([one, other], keys);
      await load.resumed(keys);
      const killed = cluster.servers[1]!;
      killed.signal("SIGKILL");
      await within(30_000, "a new primary", () => isPrimary(cluster.replicas[1]!.node));
      // Locks need a replica again where they are waited for: the old primary comes back as one.
      if (waitReplicas !== undefined) await killed.restart();
      await load.resumed(keys);
      assert(events.some(({ _tag }) => _tag === "ConnectionLost"));
      assertEquals(one.nodes().map(({ state }) => state), ["ready", "ready", "ready"]);
      await load.settle();
      load.expect(waitReplicas === undefined ? "fresh" : "linearizable");
    },
  );
}
