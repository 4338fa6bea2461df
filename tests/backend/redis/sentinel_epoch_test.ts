import { assertEquals } from "@std/assert";
import { redisBackend, type RedisEvent } from "../../../lib/backend/redis/mod.ts";
import { redisServersTest, startSentinel } from "../../servers/redis.ts";
import { admin, ask, eventually, look, ready } from "./support.ts";

redisServersTest(
  "of sentinels that disagree, the one that knows of the latest failover counts, until all have begun anew",
  async (start) => {
    const [before, after] = [await start(), await start()];
    const watch = (port: number, epoch: number) => [
      `sentinel monitor main 127.0.0.1 ${port} 1`,
      "sentinel down-after-milliseconds main 60000",
      `sentinel config-epoch main ${epoch}`,
    ];
    // More of them than are asked at once elsewhere.
    await using stack = new AsyncDisposableStack();
    const behind: string[] = [];
    for (let i = 0; i < 4; i++) behind.push(stack.use(await startSentinel(watch(before.port, 3))).url);
    await using informed = await startSentinel(watch(after.port, 4));
    for (let round = 0; round < 5; round++) {
      const nodes = [...behind, informed.url];
      const followed: string[] = [];
      const onEvent = (event: RedisEvent) => event._tag === "PrimaryChanged" && followed.push(event.node);
      await using backend = redisBackend({ sentinel: { nodes, name: "main" }, onEvent });
      const isAt = (port: number) =>
        eventually(`service at ${port}`, async () => {
          const reply = await ask(backend, "lamina:t:0:a", look, { within: 500 });
          return reply._tag === "Vacant" && backend.nodes()[0]?.name === `127.0.0.1:${port}`;
        });
      await isAt(after.port);
      await ready(backend);
      followed.length = 0;
      // It loses its connection, and asks all again, whichever answers first.
      await using there = await admin(after.url);
      await there.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      await eventually("a loss", async () => (await ask(backend, "lamina:t:0:a", look))._tag === "Unreachable");
      await isAt(after.port);
      assertEquals(followed, []);
    }
    await using backend = redisBackend({ sentinel: { nodes: [...behind, informed.url], name: "main" } });
    const name = async () => {
      await ask(backend, "lamina:t:0:a", look, { within: 500 });
      return backend.nodes()[0]?.name;
    };
    await eventually("the later one", async () => await name() === `127.0.0.1:${after.port}`);
    // Somebody makes all watch the other one, from the beginning: their epochs are lower than what was seen.
    for (const url of [...behind, informed.url]) {
      await using sentinel = await admin(url);
      await sentinel.send("SENTINEL", "REMOVE", "main");
      await sentinel.send("SENTINEL", "MONITOR", "main", "127.0.0.1", `${before.port}`, "1");
    }
    await eventually("the one that all name", async () => await name() === `127.0.0.1:${before.port}`);
    assertEquals((await ask(backend, "lamina:t:0:a", look))._tag, "Vacant");
  },
);
