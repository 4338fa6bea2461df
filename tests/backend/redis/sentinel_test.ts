import { assert, assertEquals, assertThrows } from "@std/assert";
import { redisBackend, type RedisEvent } from "../../../lib/backend/redis/mod.ts";
import { redisServersTest } from "../../servers/redis.ts";
import { startLoad } from "./load.ts";
import { startSentinels } from "./sentinels.ts";
import { admin, ask, bytesOf, eventually, lock, look, store, stored, within } from "./support.ts";

const keys = Array.from({ length: 8 }, (_, i) => `key ${i}`);

redisServersTest(
  "X14 the primary that the sentinels name is killed under load: the next one is followed, and nothing old comes back",
  async (start) => {
    await using servers = await startSentinels(start);
    const { primary, replica, there } = servers;
    const events: RedisEvent[] = [];
    const sentinel = { nodes: servers.sentinels.map(({ url }) => url), name: "main" };
    const options = { sentinel, connectTimeout: "1s" } as const;
    await using one = redisBackend({ ...options, onEvent: (event) => events.push(event) });
    await using other = redisBackend(options);
    await eventually("service", async () => (await ask(one, "lamina:t:0:old", look))._tag === "Vacant");
    assertEquals(one.nodes().map(({ name }) => name), [`127.0.0.1:${primary.port}`]);
    await store(one, "lamina:t:0:old", stored(1));
    await eventually("replication", async () => await there.send("EXISTS", "lamina:t:0:old") === 1);
    await using load = startLoad([one, other], keys);
    await load.resumed(keys);
    primary.signal("SIGKILL");
    await within(30_000, "a new primary", async () => String(await there.send("ROLE")).startsWith("master"));
    await load.resumed(keys);
    assertEquals(one.nodes().map(({ name, state }) => [name, state]), [[`127.0.0.1:${replica.port}`, "ready"]]);
    assert(events.some(({ _tag }) => _tag === "PrimaryChanged"));
    // The copy is there, and is not served.
    assertEquals(await there.send("EXISTS", "lamina:t:0:old"), 1);
    assertEquals((await ask(other, "lamina:t:0:old", look))._tag, "Vacant");
    // The old one comes back as a replica, and nobody goes there.
    await primary.restart();
    await load.resumed(keys);
    assertEquals(one.nodes().map(({ name }) => name), [`127.0.0.1:${replica.port}`]);
    await load.settle();
    load.expect("fresh");
  },
);

redisServersTest("a primary that was deposed while it lives is left for the new one", async (start) => {
  await using servers = await startSentinels(start, ["--requirepass", "s3cret", "--masterauth", "s3cret"], 1);
  const [sentinel] = servers.sentinels;
  const place = { nodes: [sentinel!.url], name: "main", primary: "redis://:s3cret@primary" };
  await using backend = redisBackend({ sentinel: place });
  await store(backend, "lamina:t:0:a", stored(1));
  assertEquals(bytesOf(await ask(backend, "lamina:t:0:a", look)), [1]);
  await eventually("replication", async () => await servers.there.send("EXISTS", "lamina:t:0:a") === 1);
  await servers.there.send("REPLICAOF", "NO", "ONE");
  // By hand: the sentinel is told of the new one, and has nothing against the old one.
  await tell(sentinel!.url, servers.replica.port);
  await eventually("service at the new primary", async () => {
    const reply = await ask(backend, "lamina:t:0:b", lock(crypto.randomUUID()));
    return reply._tag === "Locked" && await servers.there.send("EXISTS", "lamina:t:0:b") === 1;
  });
  assertEquals((await ask(backend, "lamina:t:0:a", look))._tag, "Vacant");
});

async function tell(url: string, port: number): Promise<void> {
  await using sentinel = await admin(url);
  await sentinel.send("SENTINEL", "REMOVE", "main");
  await sentinel.send("SENTINEL", "MONITOR", "main", "127.0.0.1", String(port), "1");
  await sentinel.send("SENTINEL", "SET", "main", "auth-pass", "s3cret");
}

redisServersTest("sentinels that are away are found again, and one that is left is enough", async (start) => {
  await using servers = await startSentinels(start);
  const [first, second, third] = servers.sentinels;
  await first!.stop();
  for (const each of [second!, third!]) each.signal("SIGSTOP");
  const nodes = servers.sentinels.map(({ url }) => url);
  await using backend = redisBackend({ sentinel: { nodes, name: "main" }, connectTimeout: "300ms" });
  const reply = await ask(backend, "lamina:t:0:a", look);
  assert(reply._tag === "Unreachable", reply._tag);
  assertEquals(backend.nodes(), []);
  third!.signal("SIGCONT");
  await eventually("service", async () => (await ask(backend, "lamina:t:0:a", look))._tag === "Vacant");
});

redisServersTest("a name that the sentinels do not know is Unreachable, and said so", async (start) => {
  await using servers = await startSentinels(start, [], 1);
  await using backend = redisBackend({ sentinel: { nodes: [servers.sentinels[0]!.url], name: "other" } });
  const reply = await ask(backend, "lamina:t:0:a", look);
  assert(reply._tag === "Unreachable" && reply.reason.includes("No such master with that name"), JSON.stringify(reply));
});

Deno.test("sentinels without a name, none at all, and a primary that is no url are refused", () => {
  const nodes = ["redis://host:26379"];
  for (
    const [sentinel, received] of [
      [{ nodes, name: "" }, 'received ""'],
      [{ nodes: [], name: "main" }, "received none"],
      [{ nodes, name: "main", primary: "https://:s3cret@host" }, "redis://host:6379"],
    ] as const
  ) {
    const error = assertThrows(() => redisBackend({ sentinel }), RangeError, received);
    assert(!error.message.includes("s3cret"));
  }
});
