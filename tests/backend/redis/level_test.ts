import { assert, assertEquals } from "@std/assert";
import { redisBackend, type RedisEvent } from "../../../lib/backend/redis/mod.ts";
import { redisServersTest } from "../../servers/redis.ts";
import {
  admin,
  ask,
  bytesOf,
  calls,
  claim,
  eventually,
  fill,
  generationOf,
  lock,
  look,
  ready,
  store,
  stored,
} from "./support.ts";

for (const policy of ["noeviction", "volatile-lru", "volatile-ttl"]) {
  redisServersTest(`under ${policy} the level is pinned, and a lock has no ttl`, async (start) => {
    const server = await start("--maxmemory-policy", policy);
    await using watcher = await admin(server.url);
    await using backend = redisBackend({ url: server.url });
    assertEquals((await ask(backend, "lamina:t:0:a", lock("one")))._tag, "Locked");
    assertEquals(backend.level(), "pinned");
    assertEquals(await watcher.send("PTTL", "lamina:t:0:a"), -1);
  });
}

redisServersTest("under allkeys-lru the level is probation, and a lock has a ttl", async (start) => {
  const server = await start("--maxmemory-policy", "allkeys-lru");
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  assertEquals((await ask(backend, "lamina:t:0:a", lock("one")))._tag, "Locked");
  assertEquals(backend.level(), "probation");
  assert(Number(await watcher.send("PTTL", "lamina:t:0:a")) > 9_000);
});

redisServersTest("under volatile-lru a lock survives what evicts every value", async (start) => {
  const server = await start("--maxmemory-policy", "volatile-lru", "--maxmemory", "4mb");
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  const slots = Array.from({ length: 100 }, (_, i) => `lamina:t:0:${i}`);
  for (const slot of slots) {
    await store(backend, `${slot}:value`, stored(1));
    await ask(backend, slot, lock("one"));
  }
  const others = Array.from({ length: 20_000 }, (_, i) => `other:${i}`);
  await Promise.all(others.map((key) => watcher.send("SET", key, "x".repeat(1_000), "PX", "600000")));
  const values = await Promise.all(slots.map((slot) => ask(backend, `${slot}:value`, look)));
  assert(values.filter(({ _tag }) => _tag === "Vacant").length > 50, "nothing was evicted");
  const locks = await Promise.all(slots.map((slot) => ask(backend, slot, look)));
  assertEquals(new Set(locks.map(({ _tag }) => _tag)), new Set(["Guarded"]));
});

redisServersTest("a policy that is changed at run time is noticed within a lease of use", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  const events: RedisEvent[] = [];
  await using backend = redisBackend({ url: server.url, onEvent: (each) => events.push(each) });
  await ready(backend);
  assertEquals(backend.level(), "pinned");
  await watcher.send("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu");
  await eventually("another level", async () => {
    await ask(backend, "lamina:t:0:a", look, { lease: 20 });
    return backend.level() === "probation";
  });
  assert(events.some((event) => event._tag === "LevelChanged" && event.level === "probation"));
});

redisServersTest(
  "on probation an entry ends a lease after its slot came to be, and the next one does not",
  async (start) => {
    const server = await start("--maxmemory-policy", "allkeys-lru");
    await using backend = redisBackend({ url: server.url });
    await ready(backend);
    const lease = 100;
    // A server that is younger than a lease, by whole seconds, puts everything on probation.
    await eventually("a server that lost no lock", async () => {
      const key = `lamina:t:0:${crypto.randomUUID()}`;
      const first = await store(backend, key, stored(1), { lease });
      assert(first._tag === "Filled" && first.until <= 1_000 + lease, JSON.stringify(first));
      await eventually(
        "the end of probation",
        async () => (await ask(backend, key, look, { lease }))._tag === "Vacant",
      );
      const second = await store(backend, key, stored(2), { lease });
      return second._tag === "Filled" && second.until > 3_000_000;
    });
  },
);

redisServersTest("soon after a server's start entries end a lease after it, and fills say so", async (start) => {
  const server = await start();
  await using backend = redisBackend({ url: server.url });
  const reply = await store(backend, "lamina:t:0:a", stored(1), { lease: 60_000 });
  assert(reply._tag === "Filled" && reply.until <= 61_000, JSON.stringify(reply));
  assertEquals(bytesOf(await ask(backend, "lamina:t:0:a", look)), [1]);
  const strict = await store(backend, "lamina:t:0:b", stored(1), { lease: 60_000, level: "strict" });
  assertEquals(strict._tag, "Refused");
});

redisServersTest(
  "entries that come back from disk under another identity are absent, and locks stay",
  async (start) => {
    const server = await start("--appendonly", "yes", "--appendfsync", "always");
    const events: RedisEvent[] = [];
    await using backend = redisBackend({ url: server.url, onEvent: (each) => events.push(each) });
    await store(backend, "lamina:t:0:value", stored(1));
    await ask(backend, "lamina:t:0:lock", lock("one"));
    assertEquals(bytesOf(await ask(backend, "lamina:t:0:value", look)), [1]);
    const before = backend.nodes()[0]!.identity;
    await server.restart();
    await using watcher = await admin(server.url);
    assertEquals(await watcher.send("EXISTS", "lamina:t:0:value"), 1);
    await eventually("service", async () => (await ask(backend, "lamina:t:0:value", look))._tag === "Vacant");
    assertEquals((await ask(backend, "lamina:t:0:lock", look))._tag, "Guarded");
    assert(backend.nodes()[0]!.identity !== before);
    assert(events.some(({ _tag }) => _tag === "IdentityChanged"));
    const again = await store(backend, "lamina:t:0:value", stored(2));
    assert(again._tag === "Filled" && again.until <= 10_000, "what is stored after a change is on probation");
  },
);

redisServersTest("entries of a deposed primary's life are absent after a failover", async (start) => {
  const primary = await start("--repl-diskless-sync-delay", "0");
  const replica = await start("--replicaof", `127.0.0.1 ${primary.port}`);
  await using watcher = await admin(replica.url);
  await using first = redisBackend({ url: primary.url });
  await store(first, "lamina:t:0:a", stored(1));
  await eventually("replication", async () => await watcher.send("EXISTS", "lamina:t:0:a") === 1);
  await watcher.send("REPLICAOF", "NO", "ONE");
  await using second = redisBackend({ url: replica.url });
  assertEquals((await ask(second, "lamina:t:0:a", look))._tag, "Vacant");
  const reply = await store(second, "lamina:t:0:a", stored(2));
  assert(reply._tag === "Filled" && reply.until <= 10_000, JSON.stringify(reply));
});

redisServersTest("a claim is one native command while pinned, and its fill knows how old it is", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  await ready(backend);
  const scriptsBefore = await calls(watcher, "evalsha");
  const generation = generationOf(await ask(backend, "lamina:t:0:a", claim("one")));
  assertEquals(await calls(watcher, "evalsha"), scriptsBefore);
  const ttl = Number(await watcher.send("PTTL", "lamina:t:0:a"));
  assert(ttl > 5_000 && ttl <= 10_000);
  assertEquals((await ask(backend, "lamina:t:0:a", claim("two")))._tag, "Busy");
  assertEquals((await ask(backend, "lamina:t:0:a", fill("two", generation, stored(2))))._tag, "Refused");
  assertEquals((await ask(backend, "lamina:t:0:a", fill("one", generation, stored(1))))._tag, "Filled");
  assertEquals((await ask(backend, "lamina:t:0:a", fill("one", generation, stored(3))))._tag, "Refused");
  assertEquals(bytesOf(await ask(backend, "lamina:t:0:a", claim("two"))), [1]);
});
