import { assert, assertEquals } from "@std/assert";
import { redisBackend } from "../../lib/backend/redis/mod.ts";
import { keySlot } from "../../lib/backend/redis/key_slot.ts";
import type { Key } from "../../lib/key.ts";
import { encodeKey, slotName } from "../../lib/key.ts";
import type { CountingProxy } from "../../lib/task/bench/counting_proxy.ts";
import { openProxy } from "../../lib/task/bench/counting_proxy.ts";
import { untilSettled } from "../../lib/task/bench/redis_tier.ts";
import { prefetch } from "../../mod.ts";
import type { TestCluster } from "../backend/redis/cluster.ts";
import { startCluster } from "../backend/redis/cluster.ts";
import { eventually } from "../backend/redis/support.ts";
import { redisServersTest } from "../servers/redis.ts";
import { openShop, wanted } from "../http/pages.ts";

/** Puts a proxy in front of each node, and lets the nodes tell everybody to go there. */
async function behind(cluster: TestCluster, proxies: ReadonlyArray<CountingProxy>): Promise<void> {
  const ports = proxies.map(({ url }) => new URL(url).port);
  for (const [i, node] of cluster.admins.entries()) {
    await node.send("CONFIG", "SET", "cluster-announce-port", ports[i]!);
  }
  for (const node of cluster.admins) {
    await eventually("announced ports", async () => {
      const ranges = await node.send("CLUSTER", "SLOTS") as unknown as ReadonlyArray<
        [number, number, [unknown, number]]
      >;
      const told = ranges.map(([, , [, port]]) => String(port));
      return told.length === ports.length && ports.every((port) => told.includes(port));
    });
  }
}

/** How many round trips each node had of something. */
async function tripsOf(proxies: ReadonlyArray<CountingProxy>, act: () => Promise<unknown>): Promise<Array<number>> {
  const trips: Array<number> = [];
  const count = async (i: number): Promise<void> => {
    const proxy = proxies[i];
    if (proxy === undefined) await act();
    else trips[i] = await proxy.count(() => count(i + 1));
  };
  await count(0);
  return trips;
}

/** The slot's name of a key under a tier of that name. */
function slotNameOf(name: string, key: Key): string {
  const encoded = encodeKey(key);
  return slotName({ namespace: name })(encoded._tag === "Right" ? encoded.right : "", 0);
}

/** How many GET commands each node has answered. */
async function getsOf({ admins }: TestCluster): Promise<ReadonlyArray<number>> {
  return await Promise.all(admins.map(async (node) => {
    const stats = String(await node.send("INFO", "commandstats"));
    return Number(/cmdstat_get:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  }));
}

redisServersTest(
  "B02 B03 on a cluster of 3 nodes a prefetch over 3 stores is one round trip a node, each with its own keys, and then none",
  async (start) => {
    await using cluster = await startCluster(start);
    await using one = openProxy(cluster.servers[0]!.url);
    await using two = openProxy(cluster.servers[1]!.url);
    await using three = openProxy(cluster.servers[2]!.url);
    const proxies = [one, two, three];
    await behind(cluster, proxies);
    for (const { url } of cluster.servers) await untilSettled(url);
    await using backend = redisBackend({ cluster: { nodes: [one.url] } });
    const { shop, manager, calls } = openShop(backend, "cluster");
    // The greeting of the connections is no part of what is counted, nor is the cold load.
    const all = [[shop.users, wanted.users], [shop.orders, wanted.orders], [shop.prices, wanted.prices]] as const;
    {
      await using warming = manager.begin();
      await prefetch(warming, ...all)();
    }
    assertEquals(calls(), { users: 1, orders: 1, prices: 1 });
    const perNode = [0, 0, 0];
    const slots = [
      ...wanted.users.map((id) => ["clusteruser", id] as const),
      ...wanted.orders.map((id) => ["clusterorder", id] as const),
      ...wanted.prices.map((item) => ["clusterprice", item] as const),
    ];
    for (const [name, key] of slots) perNode[Math.floor(keySlot(slotNameOf(name, key)) / Math.ceil(16_384 / 3))]!++;
    assert(perNode.every((count) => count > 0), perNode.join());

    await using page = manager.begin();
    const before = await getsOf(cluster);
    assertEquals(await tripsOf(proxies, prefetch(page, ...all)), [1, 1, 1]);
    const after = await getsOf(cluster);
    assertEquals(after.map((count, i) => count - before[i]!), perNode);

    // What was prefetched costs nothing any more, nor does a second prefetch.
    const reads = async () => {
      await prefetch(page, ...all)();
      await page.stores.users.getMany(wanted.users)();
      await page.stores.prices.get("item 3")();
    };
    assertEquals([await tripsOf(proxies, reads), calls()], [[0, 0, 0], {}]);
  },
);
