import { assert, assertEquals } from "@std/assert";
import { redisBackend } from "../../../lib/backend/redis/mod.ts";
import { keySlot } from "../../../lib/backend/redis/key_slot.ts";
import { redisServersTest } from "../../servers/redis.ts";
import { startCluster, startMember } from "./cluster.ts";
import {
  admin,
  ask,
  bytesOf,
  claim,
  eventually,
  fill,
  generationOf,
  lock,
  look,
  ready,
  store,
  stored,
  unlock,
  usual,
} from "./support.ts";

redisServersTest("every operation goes to its key's node, in one call across all slots", async (start) => {
  await using cluster = await startCluster(start);
  await using backend = redisBackend({ cluster: { nodes: [cluster.servers[1]!.url] } });
  const slots = Array.from({ length: 300 }, (_, i) => `lamina:t:0:${i}`);
  const run = async (operationOf: (index: number) => Parameters<typeof ask>[2]) =>
    await backend.run(slots.map((slot, i) => ({ slot, operation: operationOf(i) })), usual)();
  const tags = (replies: Awaited<ReturnType<typeof run>>) => [...new Set(replies.map(({ _tag }) => _tag))];
  const claims = await run(() => claim("one"));
  assertEquals(tags(claims), ["Mine"]);
  assertEquals(backend.nodes().length, 3);
  assertEquals(tags(await run(() => look)), ["Busy"]);
  assertEquals(tags(await run((i) => fill("one", generationOf(claims[i]!), stored(i % 256)))), ["Filled"]);
  assertEquals((await run(() => look)).map(bytesOf), slots.map((_, i) => [i % 256]));
  const marks = await run(() => ({ _tag: "refresh", owner: "two", which: "any" }));
  assertEquals(tags(marks), ["Mine"]);
  const released = await run((i) => ({ _tag: "release", owner: "two", generation: generationOf(marks[i]!), pass: 0 }));
  assertEquals(tags(released), ["Released"]);
  const locks = await run(() => lock("one"));
  assertEquals(tags(locks), ["Locked"]);
  assertEquals(tags(await run((i) => unlock("one", generationOf(locks[i]!), stored(9)))), ["Published"]);
  assertEquals(tags(await run((i) => unlock("one", generationOf(locks[i]!)))), ["Lost"]);
  assertEquals(tags(await run(() => look)), ["Vacant"]);
});

redisServersTest(
  "a key's slot is the one that Redis says, of what stands in braces if anything does",
  async (start) => {
    const server = await start("--cluster-enabled", "yes");
    await using node = await admin(server.url);
    const made = Array.from({ length: 200 }, () => `lamina:${crypto.randomUUID()}`);
    for (const key of ["123456789", "a{foo}b", "a{}foo", "{", "}{", "a{b}{c}", "{ü}", "", ...made]) {
      assertEquals(keySlot(key), await node.send("CLUSTER", "KEYSLOT", key), key);
    }
  },
);

redisServersTest("keys are followed while their slot is moved, and afterwards", async (start) => {
  await using cluster = await startCluster(start);
  await using backend = redisBackend({ cluster: { nodes: cluster.servers.map(({ url }) => url) } });
  const [there, elsewhere] = ["lamina:{foo}:a", "lamina:{foo}:b"];
  const slot = String(keySlot("foo"));
  await ready(backend);
  const locked = generationOf(await ask(backend, there, lock("one")));
  const [from, to] = [2, 0];
  const [source, target] = [cluster.admins[from]!, cluster.admins[to]!];
  await target.send("CLUSTER", "SETSLOT", slot, "IMPORTING", cluster.ids[from]!);
  await source.send("CLUSTER", "SETSLOT", slot, "MIGRATING", cluster.ids[to]!);
  // What is still there is found there; what is not is asked for where it would be.
  assertEquals((await ask(backend, there, look))._tag, "Guarded");
  assertEquals((await ask(backend, elsewhere, look))._tag, "Vacant");
  assertEquals((await ask(backend, elsewhere, claim("one")))._tag, "Mine");
  assertEquals(await target.send("CLUSTER", "COUNTKEYSINSLOT", slot), 1);
  await source.send("MIGRATE", "127.0.0.1", String(cluster.servers[to]!.port), there, "0", "5000");
  assertEquals((await ask(backend, there, unlock("one", locked)))._tag, "Cleared");
  for (const node of [target, source]) await node.send("CLUSTER", "SETSLOT", slot, "NODE", cluster.ids[to]!);
  assertEquals((await ask(backend, elsewhere, look))._tag, "Busy");
  assertEquals((await ask(backend, there, lock("two")))._tag, "Locked");
});

redisServersTest("a node that is lost takes its own keys with it and no others", async (start) => {
  await using cluster = await startCluster(start);
  await using backend = redisBackend({ cluster: { nodes: [cluster.servers[0]!.url] } });
  await ready(backend);
  const slots = Array.from({ length: 60 }, (_, i) => `lamina:t:0:${i}`);
  await cluster.servers[2]!.stop();
  // Time enough for the nodes that are there on a machine that is busy: those of the lost one wait for all of it.
  const call = { ...usual, within: 2_000 };
  const replies = await backend.run(slots.map((slot) => ({ slot, operation: lock("one") })), call)();
  const lost = slots.filter((slot) => keySlot(slot) >= 2 * Math.ceil(16_384 / 3));
  assert(lost.length > 0);
  assertEquals(slots.filter((_, i) => replies[i]!._tag !== "Locked"), lost);
});

redisServersTest(
  "after a failover keys are served by the new primary, where older entries are absent",
  async (start) => {
    await using cluster = await startCluster(start);
    const { node: replica } = await cluster.replicate(2);
    await using backend = redisBackend({ cluster: { nodes: [cluster.servers[0]!.url] } });
    await store(backend, "lamina:{foo}:a", stored(1));
    assertEquals(bytesOf(await ask(backend, "lamina:{foo}:a", look)), [1]);
    await eventually("replication", async () => Number(await cluster.admins[2]!.send("WAIT", "1", "100")) === 1);
    await replica.send("CLUSTER", "FAILOVER", "TAKEOVER");
    await eventually("a new primary", async () => String(await replica.send("ROLE")).startsWith("master"));
    await eventually("service", async () => {
      const reply = await ask(backend, "lamina:{foo}:a", look);
      assert(reply._tag !== "Hit", "an entry of the old primary's life was served");
      return reply._tag === "Vacant";
    });
    const again = await store(backend, "lamina:{foo}:a", stored(2));
    assert(again._tag === "Filled" && again.until <= 10_000, JSON.stringify(again));
  },
);

redisServersTest("a cluster whose nodes are all away is Unreachable, and found again", async (start) => {
  await using cluster = await startCluster(start);
  for (const server of cluster.servers) server.signal("SIGSTOP");
  await using backend = redisBackend({
    cluster: { nodes: cluster.servers.map(({ url }) => url) },
    connectTimeout: "500ms",
  });
  assertEquals((await ask(backend, "lamina:t:0:a", look, { within: 50 }))._tag, "Unreachable");
  assertEquals((await ask(backend, "lamina:t:0:a", look))._tag, "Unreachable");
  for (const server of cluster.servers) server.signal("SIGCONT");
  await eventually("service", async () => (await ask(backend, "lamina:t:0:a", lock("one")))._tag === "Locked");
});

redisServersTest("a single server is no cluster, and says so", async (start) => {
  const server = await start();
  await using backend = redisBackend({ cluster: { nodes: [server.url] } });
  const reply = await ask(backend, "lamina:t:0:a", look);
  assert(reply._tag === "Unreachable" && reply.reason.includes("cluster support disabled"), JSON.stringify(reply));
});

redisServersTest("a node that was made to leave its cluster knows nothing of the others' slots", async (start) => {
  await using cluster = await startCluster(start);
  const gone = await Promise.all([1, 2].map(() => startMember(start)));
  const nodes = [...gone.map(({ server }) => server), cluster.servers[0]!].map(({ url }) => url);
  for (let round = 0; round < 10; round++) {
    await using backend = redisBackend({ cluster: { nodes } });
    assertEquals((await ask(backend, "lamina:t:0:a", look))._tag, "Vacant");
    assertEquals(backend.nodes().length, 3);
  }
  for (const { node } of gone) await node[Symbol.asyncDispose]();
});
