import { assert, assertEquals } from "@std/assert";
import { redisBackend, type RedisEvent } from "../../../lib/backend/redis/mod.ts";
import { redisServersTest } from "../../servers/redis.ts";
import { admin, ask, eventually, lock, look, ready, store, stored } from "./support.ts";

redisServersTest("dead locks are swept, a bounded step at a time, and nothing else is", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  const steps: Extract<RedisEvent, { readonly _tag: "LocksSwept" }>[] = [];
  await using backend = redisBackend({
    url: server.url,
    onEvent: (event) => void (event._tag === "LocksSwept" && steps.push(event)),
  });
  await ready(backend);
  const dead = Array.from({ length: 3_000 }, (_, i) => `lamina:t:0:dead${i}`);
  await backend.run(dead.map((slot) => ({ slot, operation: lock("one") })), {
    within: 5_000,
    lease: 1,
    level: "pinned",
  })();
  await ask(backend, "lamina:t:0:live", lock("one"), { lease: 600_000 });
  await store(backend, "lamina:t:0:value", stored(1));
  await watcher.send("SET", "lamina:t:0:other", "long lived");
  await watcher.send("RPUSH", "lamina:t:0:list", "long lived");
  await eventually("an end of the dead locks", async () => {
    await ask(backend, "lamina:t:0:value", look, { lease: 5 });
    return await watcher.send("DBSIZE") === 4;
  });
  assertEquals(steps.reduce((sum, { dropped }) => sum + dropped, 0), 3_000);
  assert(steps.length >= 5 && steps.every(({ keys }) => keys < 1_000), "a step looked at too many keys");
  assertEquals((await ask(backend, "lamina:t:0:live", look))._tag, "Guarded");
});

redisServersTest("a backend that nobody uses sweeps nothing", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  await ask(backend, "lamina:t:0:dead", lock("one"), { lease: 1 });
  await watcher.send("CONFIG", "RESETSTAT");
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert(!String(await watcher.send("INFO", "commandstats")).includes("cmdstat_scan"));
});
