import { assert, assertEquals } from "@std/assert";
import { redisBackend } from "../../../lib/backend/redis/mod.ts";
import type { Reply } from "../../../lib/protocol/slot.ts";
import { redisServersTest } from "../../servers/redis.ts";
import { admin, ask, bytesOf, claim, eventually, lock, look, ready, store, stored, usual } from "./support.ts";

function assertUnreachable(reply: Reply<Uint8Array>, reason: string): void {
  assert(reply._tag === "Unreachable" && reply.reason.includes(reason), `${reason}: ${JSON.stringify(reply)}`);
}

redisServersTest("a replica is neither locked nor read", async (start) => {
  const primary = await start();
  const replica = await start("--replicaof", `127.0.0.1 ${primary.port}`);
  await using backend = redisBackend({ url: replica.url });
  assertUnreachable(await ask(backend, "lamina:t:0:a", lock("one")), "READONLY");
  assertUnreachable(await ask(backend, "lamina:t:0:a", look), "READONLY");
});

redisServersTest("a primary that became a replica is not read from after its first refusal", async (start) => {
  const [primary, other] = [await start(), await start()];
  await using watcher = await admin(primary.url);
  await using backend = redisBackend({ url: primary.url });
  await store(backend, "lamina:t:0:a", stored(1));
  await watcher.send("REPLICAOF", "127.0.0.1", String(other.port));
  assertUnreachable(await ask(backend, "lamina:t:0:b", lock("one")), "READONLY");
  assertUnreachable(await ask(backend, "lamina:t:0:a", look), "READONLY");
  await watcher.send("REPLICAOF", "NO", "ONE");
  await eventually("service", async () => (await ask(backend, "lamina:t:0:b", lock("two")))._tag === "Locked");
});

redisServersTest("a server out of memory refuses locks, and goes on answering reads", async (start) => {
  const server = await start("--maxmemory-policy", "noeviction");
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  await store(backend, "lamina:t:0:a", stored(1));
  await watcher.send("CONFIG", "SET", "maxmemory", "1mb");
  const requests = ["b", "c"].map((key) => ({ slot: `lamina:t:0:${key}`, operation: lock("one") }));
  for (const reply of await backend.run(requests, usual)()) assertUnreachable(reply, "OOM");
  assertUnreachable(await ask(backend, "lamina:t:0:d", claim("one")), "OOM");
  assertEquals(bytesOf(await ask(backend, "lamina:t:0:a", look)), [1]);
});

redisServersTest("one refused lock of a pipeline is told from the granted ones", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await watcher.send("LPUSH", "lamina:t:0:b", "a list");
  await using backend = redisBackend({ url: server.url });
  const requests = ["a", "b", "c"].map((key) => ({ slot: `lamina:t:0:${key}`, operation: lock("one") }));
  const replies = await backend.run(requests, usual)();
  assertEquals(replies.map(({ _tag }) => _tag), ["Locked", "Unreachable", "Locked"]);
  assertUnreachable(replies[1]!, "WRONGTYPE");
});

redisServersTest("what is no slot is left alone, and Unreachable", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  for (const value of ["something else", "h", "l1", "C", "v2", ""]) {
    await watcher.send("SET", "lamina:t:0:a", value);
    for (const operation of [look, claim("one"), lock("one")]) {
      assertEquals((await ask(backend, "lamina:t:0:a", operation))._tag, "Unreachable");
    }
    assertEquals(await watcher.send("GET", "lamina:t:0:a"), value);
  }
});

redisServersTest("a server that cannot save refuses writes, and is asked again before it is read", async (start) => {
  const server = await start("--enable-protected-configs", "yes", "--save", "3600 1");
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  await ready(backend);
  const folder = await Deno.makeTempDir();
  await watcher.send("CONFIG", "SET", "dir", folder);
  await Deno.remove(folder);
  await watcher.send("BGSAVE").catch(() => {});
  await eventually("a failed save", async () => {
    return String(await watcher.send("INFO", "persistence")).includes("rdb_last_bgsave_status:err");
  });
  assertUnreachable(await ask(backend, "lamina:t:0:a", lock("one")), "MISCONF");
  assertUnreachable(await ask(backend, "lamina:t:0:a", look), "MISCONF");
  await watcher.send("CONFIG", "SET", "save", "");
  await eventually("service", async () => (await ask(backend, "lamina:t:0:a", lock("two")))._tag === "Locked");
});

redisServersTest("a user without rights is Unreachable, and the reason names them", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await watcher.send("ACL", "SETUSER", "reader", "on", ">word", "~*", "+@all", "-set", "-evalsha", "-eval");
  await using backend = redisBackend({ url: `redis://reader:word@127.0.0.1:${server.port}` });
  assertUnreachable(await ask(backend, "lamina:t:0:a", claim("one")), "NOPERM");
  assertUnreachable(await ask(backend, "lamina:t:0:a", lock("one")), "NOPERM");
  assertEquals((await ask(backend, "lamina:t:0:a", look))._tag, "Vacant");
});
