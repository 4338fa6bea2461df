import { assert, assertEquals } from "@std/assert";
import { redisBackend } from "../../../lib/backend/redis/mod.ts";
import { redisServersTest } from "../../servers/redis.ts";
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
  stored,
  unlock,
  usual,
} from "./support.ts";

const waitReplicas = { replicas: 1, within: "100ms" } as const;

redisServersTest("a lock that reached too few replicas is in doubt, and reads go on", async (start) => {
  const primary = await start("--repl-diskless-sync-delay", "0");
  await using backend = redisBackend({ url: primary.url, waitReplicas });
  const reply = await ask(backend, "lamina:t:0:a", lock("one"));
  assert(reply._tag === "Unreachable" && reply.reason.includes("0 of 1 replicas"), JSON.stringify(reply));
  const generation = generationOf(await ask(backend, "lamina:t:0:b", claim("one")));
  assertEquals((await ask(backend, "lamina:t:0:b", fill("one", generation, stored(1))))._tag, "Filled");
  assertEquals(bytesOf(await ask(backend, "lamina:t:0:b", look)), [1]);
});

redisServersTest("locks that reached a replica count, with one WAIT a call", async (start) => {
  const primary = await start("--repl-diskless-sync-delay", "0");
  const replica = await start("--replicaof", `127.0.0.1 ${primary.port}`);
  await using watcher = await admin(primary.url);
  await using there = await admin(replica.url);
  await eventually("a replica", async () => Number(await watcher.send("WAIT", "1", "10")) === 1);
  await using backend = redisBackend({ url: primary.url, waitReplicas: { replicas: 1, within: "5s" } });
  const before = await waits(watcher);
  const requests = ["a", "b", "c"].map((key) => ({ slot: `lamina:t:0:${key}`, operation: lock("one") }));
  const replies = await backend.run(requests, usual)();
  assertEquals(replies.map(({ _tag }) => _tag), ["Locked", "Locked", "Locked"]);
  assertEquals(await waits(watcher) - before, 1);
  assertEquals(await there.send("EXISTS", "lamina:t:0:a", "lamina:t:0:b", "lamina:t:0:c"), 3);
  const unlocked = await ask(backend, "lamina:t:0:a", unlock("one", generationOf(replies[0]!), stored(1)));
  assertEquals(unlocked._tag, "Published");
  assertEquals(await waits(watcher) - before, 1);
  assertEquals((await ask(backend, "lamina:t:0:a", unlock("one", generationOf(replies[0]!))))._tag, "Lost");
  assertEquals(await waits(watcher) - before, 2);
  replica.signal("SIGSTOP");
  await using hasty = redisBackend({ url: primary.url, waitReplicas });
  assertEquals((await ask(hasty, "lamina:t:0:d", lock("one")))._tag, "Unreachable");
  assertEquals((await ask(hasty, "lamina:t:0:b", unlock("other", 1)))._tag, "Unreachable");
});

redisServersTest("a lock whose script the server forgot is still waited for", async (start) => {
  const primary = await start("--repl-diskless-sync-delay", "0");
  await using watcher = await admin(primary.url);
  await using backend = redisBackend({ url: primary.url, waitReplicas });
  await ask(backend, "lamina:t:0:a", look);
  await watcher.send("SCRIPT", "FLUSH");
  const reply = await ask(backend, "lamina:t:0:a", lock("one"));
  assert(reply._tag === "Unreachable" && reply.reason.includes("0 of 1 replicas"), JSON.stringify(reply));
});

async function waits(server: Awaited<ReturnType<typeof admin>>): Promise<number> {
  const match = /cmdstat_wait:calls=(\d+)/.exec(String(await server.send("INFO", "commandstats")));
  return match === null ? 0 : Number(match[1]);
}
