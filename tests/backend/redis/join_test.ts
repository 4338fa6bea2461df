import { assert, assertEquals } from "@std/assert";
import { type RedisBackend, redisBackend } from "../../../lib/backend/redis/mod.ts";
import type { Operation, Reply } from "../../../lib/protocol/slot.ts";
import { virtualClock } from "../../../lib/testing/mod.ts";
import { redisServersTest } from "../../servers/redis.ts";
import { startMember } from "./cluster.ts";
import { openGate } from "./gate.ts";
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
  unlock,
} from "./support.ts";

/** As many calls of one turn, each for a slot of its own. */
function each(
  backend: RedisBackend,
  count: number,
  operationOf: (index: number) => Operation<Uint8Array>,
): Promise<ReadonlyArray<Reply<Uint8Array>>> {
  return Promise.all(Array.from({ length: count }, (_, i) => ask(backend, `lamina:t:0:${i}`, operationOf(i))));
}

function tagsOf(replies: ReadonlyArray<Reply<Uint8Array>>): ReadonlyArray<string> {
  return [...new Set(replies.map(({ _tag }) => _tag))];
}

redisServersTest(
  "claims, fills, locks and unlocks of one turn go out together, at most 64 in one command",
  async (start) => {
    const server = await start();
    await using watcher = await admin(server.url);
    await using backend = redisBackend({ url: server.url });
    await ready(backend);
    const count = 130;
    const commands = async (act: () => Promise<ReadonlyArray<Reply<Uint8Array>>>) => {
      const before = await calls(watcher, "evalsha");
      const replies = await act();
      assertEquals(await calls(watcher, "evalsha") - before, 3);
      return replies;
    };
    const claims = await commands(() => each(backend, count, () => claim("one")));
    assertEquals(tagsOf(claims), ["Mine"]);
    assertEquals(tagsOf(await commands(() => each(backend, count, () => claim("two")))), ["Busy"]);
    const filled = (i: number) => fill("one", generationOf(claims[i]!), stored(i % 256));
    assertEquals(tagsOf(await commands(() => each(backend, count, filled))), ["Filled"]);
    assertEquals((await each(backend, count, () => look)).map(bytesOf), claims.map((_, i) => [i % 256]));
    const locks = await commands(() => each(backend, count, (i) => lock(`writer ${i}`)));
    assertEquals(tagsOf(locks), ["Locked"]);
    const unlocked = (i: number) => unlock(`writer ${i}`, generationOf(locks[i]!), i % 2 === 0 ? undefined : stored(7));
    const unlocks = await commands(() => each(backend, count, unlocked));
    assertEquals(unlocks.map(({ _tag }) => _tag), locks.map((_, i) => i % 2 === 0 ? "Cleared" : "Published"));
  },
);

redisServersTest("of one turn only what is alike goes together, and payloads only up to a bound", async (start) => {
  const server = await start();
  using gate = openGate(server.port);
  await using backend = redisBackend({ url: gate.url });
  await ready(backend);
  const leases = [10_000, 20_000, 10_000, 20_000];
  const locks = await Promise.all(leases.map((lease, i) => ask(backend, `lamina:t:0:${i}`, lock("one"), { lease })));
  assertEquals(tagsOf(locks), ["Locked"]);
  const claims = await Promise.all([4, 5, 6].map((i) => ask(backend, `lamina:t:0:${i}`, claim("one"))));
  gate.sent.length = 0;
  const large = { ...stored(1), payload: new Uint8Array(60_000).fill(7) };
  const mixed = await Promise.all([
    ...claims.map((mine, i) => ask(backend, `lamina:t:0:${i + 4}`, fill("one", generationOf(mine), large))),
    ask(backend, "lamina:t:0:0", unlock("one", generationOf(locks[0]!)), { lease: 10_000 }),
    ask(backend, "lamina:t:0:1", unlock("one", generationOf(locks[1]!)), { lease: 20_000 }),
    ask(backend, "lamina:t:0:2", unlock("one", generationOf(locks[2]!)), { lease: 10_000 }),
  ]);
  assertEquals(mixed.map(({ _tag }) => _tag), ["Filled", "Filled", "Filled", "Cleared", "Cleared", "Cleared"]);
  const keys = [...gate.sent.join("").matchAll(/EVALSHA\r\n\$40\r\n[0-9a-f]{40}\r\n\$1\r\n(\d)/g)].map(([, count]) =>
    count
  );
  assertEquals(keys, ["2", "1", "2", "1"]);
});

redisServersTest("scripts for several keys that the server forgot are sent again", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  await ready(backend);
  await watcher.send("SCRIPT", "FLUSH");
  const claims = await each(backend, 100, () => claim("one"));
  assertEquals(tagsOf(claims), ["Mine"]);
  await watcher.send("SCRIPT", "FLUSH");
  const filled = await each(backend, 100, (i) => fill("one", generationOf(claims[i]!), stored(i)));
  assertEquals(tagsOf(filled), ["Filled"]);
  assertEquals((await each(backend, 100, () => look)).map(bytesOf), claims.map((_, i) => [i]));
});

redisServersTest("where no command takes keys of several hash slots, each goes alone", async (start) => {
  // As a proxy in front of several servers does: one server, and a script's keys have to be of one slot.
  const { server, node } = await startMember(start);
  await node.send("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  await eventually("a whole cluster", async () => String(await node.send("CLUSTER", "INFO")).includes("state:ok"));
  await using backend = redisBackend({ url: server.url });
  await ready(backend);
  for (let round = 0; round < 2; round++) {
    const before = await calls(node, "evalsha");
    const locks = await each(backend, 5, () => lock(`one ${round}`));
    assertEquals(tagsOf(locks), ["Locked"]);
    assertEquals(await calls(node, "evalsha") - before, 5);
    const unlocks = await each(backend, 5, (i) => unlock(`one ${round}`, generationOf(locks[i]!)));
    assertEquals(tagsOf(unlocks), ["Cleared"]);
  }
});

redisServersTest(
  "a refusal of keys of several hash slots is known in a proxy's words, and behind NOSCRIPT",
  async (start) => {
    const { server, node } = await startMember(start);
    await node.send("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    await eventually("a whole cluster", async () => String(await node.send("CLUSTER", "INFO")).includes("state:ok"));
    const refusal = "-CROSSSLOT Keys in request don't hash to the same slot\r\n";
    const proxys = "-ERR eval/evalsha command keys must be in same slot";
    const unknown = "-NOSCRIPT No matching script";
    for (const said of [[proxys], ["-ERR Cross-slot queries are disabled"], [unknown], [unknown, proxys]]) {
      const left = said.map((words) => `${words.padEnd(refusal.length - 2, ".")}\r\n`);
      using gate = openGate(server.port, (chunk) => {
        const text = new TextDecoder("latin1").decode(chunk);
        if (!text.includes(refusal) || left.length === 0) return chunk;
        return Uint8Array.from(text.replace(refusal, left.shift()!), (letter) => letter.charCodeAt(0));
      });
      await using backend = redisBackend({ url: gate.url });
      await ready(backend);
      const locks = await each(backend, 5, () => lock("one"));
      assertEquals(tagsOf(locks), ["Locked"], `${said}`);
      assertEquals(left, []);
      await each(backend, 5, (i) => unlock("one", generationOf(locks[i]!)));
    }
  },
);

redisServersTest("one that cannot be stepped leaves the others of its command alone", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await watcher.send("LPUSH", "lamina:t:0:1", "a list");
  await watcher.send("SET", "lamina:t:0:3", "somebody else's");
  await using backend = redisBackend({ url: server.url });
  await ready(backend);
  const tags = (replies: ReadonlyArray<Reply<Uint8Array>>) => replies.map(({ _tag }) => _tag);
  const claims = await each(backend, 5, () => claim("one"));
  assertEquals(tags(claims), ["Mine", "Unreachable", "Mine", "Unreachable", "Mine"]);
  const locks = await each(backend, 5, () => lock("one"));
  assertEquals(tags(locks), ["Locked", "Unreachable", "Locked", "Unreachable", "Locked"]);
  const reasons = locks.flatMap((reply) => reply._tag === "Unreachable" ? [reply.reason] : []);
  assert(reasons[0]!.includes("WRONGTYPE") && reasons[1]!.includes("no slot"), `${reasons}`);
  assertEquals(await watcher.send("GET", "lamina:t:0:3"), "somebody else's");
});

redisServersTest(
  "what a turn gathered is not sent when its time is over before the connection is there",
  async (start) => {
    const server = await start();
    await using watcher = await admin(server.url);
    using gate = openGate(server.port);
    const clock = virtualClock();
    gate.hold();
    await using backend = redisBackend({ url: gate.url, clock });
    const early = [0, 1, 2].map((i) => ask(backend, `lamina:t:0:${i}`, claim("one"), { within: 100 }));
    const late = [3, 4].map((i) => ask(backend, `lamina:t:0:${i}`, claim("one"), { within: 1_000 }));
    await clock.advance(100);
    assertEquals(tagsOf(await Promise.all(early)), ["Unreachable"]);
    gate.release();
    assertEquals(tagsOf(await Promise.all(late)), ["Mine"]);
    assertEquals(await watcher.send("DBSIZE"), 2);
  },
);

redisServersTest("entries of a batch that are on probation are read by one script", async (start) => {
  const server = await start("--maxmemory-policy", "allkeys-lru");
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  await ready(backend);
  for (let i = 0; i < 10; i++) await store(backend, `lamina:t:0:${i}`, stored(i));
  const before = await calls(watcher, "evalsha");
  assertEquals((await each(backend, 10, () => look)).map(bytesOf), Array.from({ length: 10 }, (_, i) => [i]));
  assertEquals(await calls(watcher, "evalsha") - before, 1);
});

redisServersTest("claims of a turn that a script has to decide are decided by one", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  await ready(backend);
  for (let i = 0; i < 10; i++) {
    await store(backend, `lamina:t:0:${i}`, stored(i));
    // As an entry that was stored before a failover.
    await watcher.send("SETRANGE", `lamina:t:0:${i}`, "2", "another.");
  }
  const before = await calls(watcher, "evalsha");
  assertEquals(tagsOf(await each(backend, 10, () => claim("one"))), ["Mine"]);
  assertEquals(await calls(watcher, "evalsha") - before, 2);
});
