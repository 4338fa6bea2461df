import { assert, assertEquals } from "@std/assert";
import { type RedisBackend, redisBackend } from "../../../lib/backend/redis/mod.ts";
import { keySlot } from "../../../lib/backend/redis/key_slot.ts";
import { redisServersTest } from "../../servers/redis.ts";
import { startCluster } from "./cluster.ts";
import { admin, ask, claim, eventually, lock, look, store, stored } from "./support.ts";

/** What a listener heard. */
interface Heard {
  readonly slots: Array<string | undefined>;
  /** Until when word was last proven to be whole, on the machine's clock. */
  until: number;
  readonly cancel: () => void;
}

function hear(backend: RedisBackend, lease = Infinity): Heard {
  const slots: Array<string | undefined> = [];
  const heard = { slots, until: 0, cancel: () => {} };
  heard.cancel = backend.listen!({
    lease,
    changed: (slot) => void slots.push(slot),
    proven: (until) => heard.until = until,
  });
  return heard;
}

const watched = { watched: true } as const;
const isProven = ({ until }: Heard) => until > performance.now();

redisServersTest("what a watched look found is told of once when it changes, and nothing else is", async (start) => {
  const { url } = await start();
  await using backend = redisBackend({ url });
  await using server = await admin(url);
  const heard = hear(backend);
  await eventually("proof", () => isProven(heard));
  for (const name of ["a", "b", "c"]) await store(backend, name, stored(1));
  const unwatched = await ask(backend, "b", look);
  assert(unwatched._tag === "Hit" && unwatched.watched === undefined);
  const found = await ask(backend, "a", look, watched);
  assert(found._tag === "Hit" && found.watched === true, JSON.stringify(found));
  assert((await ask(backend, "a", claim("r"), watched) as { watched?: boolean }).watched === undefined);
  heard.slots.length = 0;
  for (const name of ["a", "a", "b"]) await ask(backend, name, lock("w"));
  await eventually("word", () => heard.slots.length > 0);
  await server.send("PING");
  assertEquals(heard.slots, ["a"]);
  await ask(backend, "c", look, watched);
  await server.send("FLUSHALL");
  await eventually("word of the flush", () => heard.slots.includes(undefined));
  heard.cancel();
});

redisServersTest("nobody listens, nobody is connected for it; a lease is proven again and again", async (start) => {
  const { url } = await start();
  await using server = await admin(url);
  await using backend = redisBackend({ url });
  const tracking = async () => [...String(await server.send("CLIENT", "LIST")).matchAll(/ flags=\w*t/g)].length;
  await store(backend, "a", stored(1));
  assertEquals(await tracking(), 0);
  const [long, short] = [hear(backend), hear(backend, 200)];
  await eventually("proof", () => long.until === Infinity && isProven(short));
  assertEquals(await tracking(), 1);
  const first = short.until;
  await eventually("a later proof", () => short.until > first + 200);
  short.cancel();
  assertEquals(await tracking(), 1);
  long.cancel();
  await eventually("its end", async () => await tracking() === 0);
});

redisServersTest("a lost connection, and its return, say that anything may have changed", async (start) => {
  const { url } = await start();
  await using server = await admin(url);
  await using backend = redisBackend({ url });
  const heard = hear(backend);
  await eventually("proof", () => isProven(heard));
  heard.slots.length = 0;
  await server.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await eventually("the loss", () => heard.slots.length === 1);
  await eventually("the return", () => isProven(heard));
  assertEquals(heard.slots, [undefined, undefined]);
  await backend.close();
  assertEquals([heard.until, heard.slots.length], [-Infinity, 3]);
});

redisServersTest(
  "in a cluster every node tells, and a slot that moves says that anything may have changed",
  async (start) => {
    await using cluster = await startCluster(start);
    await using backend = redisBackend({ cluster: { nodes: cluster.servers.map(({ url }) => url) } });
    const heard = hear(backend);
    await eventually("proof", () => isProven(heard));
    const names = Array.from({ length: 12 }, (_, i) => `lamina:t:0:${i}`);
    for (const name of names) await store(backend, name, stored(1));
    for (const name of names) {
      const found = await ask(backend, name, look, watched);
      assert(found._tag === "Hit" && found.watched === true, name);
    }
    heard.slots.length = 0;
    for (const name of names) await ask(backend, name, lock("w"));
    await eventually("word", () => heard.slots.length >= names.length);
    assertEquals(heard.slots.toSorted(), names.toSorted());

    const there = "lamina:{foo}:a";
    const slot = String(keySlot("foo"));
    await store(backend, there, stored(1));
    assertEquals((await ask(backend, there, look, watched) as { watched?: boolean }).watched, true);
    heard.slots.length = 0;
    const [from, to] = [2, 0];
    await cluster.admins[to]!.send("CLUSTER", "SETSLOT", slot, "IMPORTING", cluster.ids[from]!);
    await cluster.admins[from]!.send("CLUSTER", "SETSLOT", slot, "MIGRATING", cluster.ids[to]!);
    await cluster.admins[from]!.send("MIGRATE", "127.0.0.1", String(cluster.servers[to]!.port), there, "0", "5000");
    // It is deleted where it was.
    await eventually("word of the key that moved", () => heard.slots.includes(there));
    for (const node of [to, from]) {
      await cluster.admins[node]!.send(
        "CLUSTER",
        "SETSLOT",
        slot,
        "NODE",
        cluster.ids[to]!,
      );
    }
    await ask(backend, there, look, watched);
    await eventually("word of the slot that moved", () => heard.slots.includes(undefined));
    heard.cancel();
  },
);

redisServersTest("while one node of a cluster is not heard nothing is proven", async (start) => {
  await using cluster = await startCluster(start);
  await using backend = redisBackend({ cluster: { nodes: [cluster.servers[0]!.url] }, connectTimeout: "500ms" });
  const heard = hear(backend, 300);
  await eventually("proof", () => isProven(heard));
  cluster.servers[1]!.signal("SIGSTOP");
  await eventually("the end of the lease", () => !isProven(heard));
  cluster.servers[1]!.signal("SIGCONT");
  await eventually("proof again", () => isProven(heard));
  heard.cancel();
});
