import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { createClient } from "redis";
import { type RedisServer, redisServersTest, redisTest, withRedis } from "./redis.ts";

async function ask(url: string, ...command: ReadonlyArray<string>): Promise<unknown> {
  const client = createClient({ url, socket: { reconnectStrategy: false } });
  client.on("error", () => {});
  await client.connect();
  try {
    return await client.sendCommand([...command]);
  } finally {
    await client.close();
  }
}

redisTest("a plain server keeps what is written to it", async ({ url, prefix }) => {
  await ask(url, "SET", `${prefix}:a`, "1");
  assertEquals(await ask(url, "GET", `${prefix}:a`), "1");
});

redisServersTest("several servers run beside each other, each as it was asked to", async (start) => {
  const source = await start();
  const replica = await start("--replicaof", "127.0.0.1", `${source.port}`);
  const full = await start("--maxmemory", "100kb", "--maxmemory-policy", "noeviction");
  await assertRejects(() => ask(replica.url, "SET", "a", "1"), Error, "READONLY");
  await assertRejects(() => ask(full.url, "SET", "a", "1"), Error, "OOM");
  const locked = await start("--requirepass", "secret");
  await assertRejects(() => ask(locked.url, "GET", "a"), Error, "NOAUTH");
});

redisServersTest("a server forgets at a restart, at the same address in another process", async (start) => {
  const server = await start();
  const first = server.pid;
  await ask(server.url, "SET", "a", "1");
  await server.restart();
  assertNotEquals(server.pid, first);
  assertEquals(await ask(server.url, "GET", "a"), null);
});

redisServersTest("a server that was stopped by a signal is killed all the same", async (start) => {
  const server = await start();
  server.signal("SIGSTOP");
  await server.stop();
  await assertRejects(() => Deno.connect({ hostname: "127.0.0.1", port: server.port }));
});

redisServersTest("a server that cannot start says why", async (start) => {
  await assertRejects(() => start("--maxmemory-policy", "no-such-policy"), Error, "Cannot start redis-server");
});

redisServersTest("servers end with the test that started them", async (start, context) => {
  let server: RedisServer | undefined;
  await context.step("a server in use", async () => {
    await withRedis(({ url }) => ask(url, "PING"), "--maxmemory", "2mb");
    server = await start();
  });
  await server?.stop();
  await server?.stop();
});
