import { assert, assertEquals } from "@std/assert";
import type { RedisBackend } from "../../../lib/backend/redis/mod.ts";
import { redisBackend } from "../../../lib/backend/redis/mod.ts";
import type { Reply } from "../../../lib/protocol/slot.ts";
import { virtualClock } from "../../../lib/testing/mod.ts";
import { redisServersTest } from "../../servers/redis.ts";
import { openGate } from "./gate.ts";
import { admin, ask, calls, claim, eventually, lock, look, ready, store, stored, usual } from "./support.ts";

/** One call that looks at so many slots, by number. */
function lookAt(backend: RedisBackend, count: number, call = usual): Promise<ReadonlyArray<Reply<Uint8Array>>> {
  return backend.run(Array.from({ length: count }, (_, i) => ({ slot: `lamina:t:0:${i}`, operation: look })), call)();
}

function tagsOf(replies: ReadonlyArray<Reply<Uint8Array>>): ReadonlyArray<string> {
  return replies.map(({ _tag }) => _tag);
}

redisServersTest(
  "the looks of one turn go out together, at most 32 calls and 256 keys in one command",
  async (start) => {
    const server = await start();
    await using watcher = await admin(server.url);
    await using backend = redisBackend({ url: server.url });
    await store(backend, "lamina:t:0:7", stored(7));
    const single = (i: number) => ask(backend, `lamina:t:0:${i}`, look);
    const singles = (count: number) => Promise.all(Array.from({ length: count }, (_, i) => single(i)));
    const cases: ReadonlyArray<readonly [number, () => Promise<ReadonlyArray<Reply<Uint8Array>>>]> = [
      [1, () => singles(32)],
      [2, () => singles(33)],
      [2, () => singles(64)],
      [1, () => lookAt(backend, 256)],
      [2, () => lookAt(backend, 257)],
      [4, () => lookAt(backend, 1_000)],
      // 250 + 6 keys, then the 294 that are left of the second call, and the single looks behind them.
      [3, async () => (await Promise.all([lookAt(backend, 250), lookAt(backend, 300), singles(31)])).flat()],
      // Ten keys of 30 calls are more than 256.
      [2, async () => (await Promise.all(Array.from({ length: 30 }, () => lookAt(backend, 10)))).flat()],
    ];
    for (const [commands, act] of cases) {
      await watcher.send("CONFIG", "RESETSTAT");
      const tags = tagsOf(await act());
      assertEquals(await calls(watcher, "mget"), commands);
      assert(tags.includes("Hit") && tags.every((tag) => tag === "Vacant" || tag === "Hit"), `${tags}`);
    }
  },
);

redisServersTest(
  "of a call's looks those that a value cannot decide are decided by the script, and no others",
  async (start) => {
    const server = await start();
    await using watcher = await admin(server.url);
    await using backend = redisBackend({ url: server.url });
    const [held, claimed, locked, strange] = [3, 100, 255, 256];
    // A server that has just started keeps what it is given on probation.
    await store(backend, `lamina:t:0:${held}`, stored(7));
    await ask(backend, `lamina:t:0:${claimed}`, claim("one"));
    await ask(backend, `lamina:t:0:${locked}`, lock("one"));
    await watcher.send("SET", `lamina:t:0:${strange}`, "somebody else's");
    await watcher.send("SET", `lamina:t:0:${strange + 1}`, "h");
    await watcher.send("CONFIG", "RESETSTAT");
    const replies = await lookAt(backend, 300);
    // The script reads the three again.
    assertEquals([await calls(watcher, "mget"), await calls(watcher, "evalsha")], [2, 1]);
    assertEquals(await calls(watcher, "get"), 3);
    const alone: Array<Reply<Uint8Array>> = [];
    for (let i = 0; i < 300; i++) alone.push(await ask(backend, `lamina:t:0:${i}`, look));
    assertEquals(tagsOf(replies), tagsOf(alone));
    assertEquals([held, claimed, locked].map((i) => replies[i]!._tag), ["Hit", "Busy", "Guarded"]);
  },
);

redisServersTest("a command that the server refuses answers every look that it asked", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  await store(backend, "lamina:t:0:7", stored(7));
  const refused = (reply: Reply<Uint8Array>) => reply._tag === "Unreachable" && reply.reason.includes("NOPERM");
  await watcher.send("ACL", "SETUSER", "default", "-evalsha", "-eval");
  const some = await lookAt(backend, 300);
  assertEquals(some.flatMap((reply, i) => refused(reply) ? [i] : reply._tag === "Vacant" ? [] : [-1]), [7]);
  await watcher.send("ACL", "SETUSER", "default", "-mget");
  const [all, single] = await Promise.all([lookAt(backend, 300), ask(backend, "lamina:t:0:0", look)]);
  assertEquals([...all, single].filter((reply) => !refused(reply)), []);
  await watcher.send("ACL", "SETUSER", "default", "+@all");
  assertEquals((await lookAt(backend, 300))[7]!._tag, "Hit");
});

redisServersTest(
  "what is answered when a call's time is over stays, and only the rest is Unreachable",
  async (start) => {
    const server = await start();
    await using watcher = await admin(server.url);
    const clock = virtualClock();
    await using backend = redisBackend({ url: server.url, clock });
    await store(backend, "lamina:t:0:7", stored(7));
    // Scripts wait, since they may write; MGET does not.
    await watcher.send("CLIENT", "PAUSE", "60000", "WRITE");
    const under = lookAt(backend, 300, { ...usual, within: 100 });
    await eventually("a script that waits", async () => {
      return String(await watcher.send("INFO", "clients")).includes("blocked_clients:1");
    });
    await clock.advance(100);
    const replies = await under;
    assertEquals(replies.flatMap((reply, i) => reply._tag === "Vacant" ? [] : [[i, reply._tag]]), [[7, "Unreachable"]]);
    await watcher.send("CLIENT", "UNPAUSE");
    assertEquals((await lookAt(backend, 8))[7]!._tag, "Hit");
  },
);

redisServersTest("looks whose time is over before the connection is there are never sent", async (start) => {
  const server = await start();
  using gate = openGate(server.port);
  const clock = virtualClock();
  gate.hold();
  await using backend = redisBackend({ url: gate.url, clock });
  const early = [
    lookAt(backend, 2, { ...usual, within: 100 }),
    ask(backend, "lamina:t:0:single", look, { within: 100 }),
  ];
  const late = ask(backend, "lamina:t:0:late", look, { within: 1_000 });
  await clock.advance(100);
  assertEquals(new Set(tagsOf((await Promise.all(early)).flat())), new Set(["Unreachable"]));
  gate.release();
  assertEquals((await late)._tag, "Vacant");
  const sent = gate.sent.join("");
  assertEquals(["0", "1", "single", "late"].filter((key) => sent.includes(`lamina:t:0:${key}\r\n`)), ["late"]);
});

redisServersTest(
  "looks on a connection that is lost under way are all answered, and so are those behind them",
  async (start) => {
    const server = await start();
    using gate = openGate(server.port);
    await using backend = redisBackend({ url: gate.url });
    await ready(backend);
    gate.hold();
    gate.cutAfter("lamina:t:0:299\r\n");
    const under = [lookAt(backend, 300), ask(backend, "lamina:t:0:0", look)];
    assertEquals(new Set(tagsOf((await Promise.all(under)).flat())), new Set(["Unreachable"]));
    gate.release();
    await eventually("service", async () => new Set(tagsOf(await lookAt(backend, 300))).has("Vacant"));
  },
);
