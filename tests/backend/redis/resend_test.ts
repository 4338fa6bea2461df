import { assertEquals } from "@std/assert";
import { redisBackend } from "../../../lib/backend/redis/mod.ts";
import { redisServersTest } from "../../servers/redis.ts";
import { admin, ask, calls, claim, lock, look, ready } from "./support.ts";
import { openGate } from "./gate.ts";

redisServersTest("a claim whose connection broke after it went out is not sent again", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  using gate = openGate(server.port);
  await using backend = redisBackend({ url: gate.url });
  await ready(backend);
  gate.cutAfter(":first");
  assertEquals((await ask(backend, "lamina:t:0:a", claim("first")))._tag, "Unreachable");
  await ready(backend);
  assertEquals((await ask(backend, "lamina:t:0:a", claim("second")))._tag, "Busy");
  assertEquals(gate.sent.filter((text) => text.includes(":first")).length, 1);
  assertEquals(await calls(watcher, "set"), 2);
});

redisServersTest("a lock whose connection broke after it went out is not sent again", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  using gate = openGate(server.port);
  await using backend = redisBackend({ url: gate.url });
  await ready(backend);
  gate.cutAfter("the-token");
  assertEquals((await ask(backend, "lamina:t:0:a", lock("the-token")))._tag, "Unreachable");
  await ready(backend);
  assertEquals((await ask(backend, "lamina:t:0:a", look))._tag, "Guarded");
  assertEquals(gate.sent.filter((text) => text.includes("the-token")).length, 1);
  assertEquals(await calls(watcher, "evalsha"), 1);
});

redisServersTest("an answer that comes late is ignored, and what was asked takes effect once", async (start) => {
  const server = await start();
  using gate = openGate(server.port);
  await using backend = redisBackend({ url: gate.url });
  await ready(backend);
  gate.hold();
  const replies = await Promise.all([
    ask(backend, "lamina:t:0:a", claim("first"), { within: 50 }),
    ask(backend, "lamina:t:0:b", look, { within: 50 }),
  ]);
  assertEquals(replies.map(({ _tag }) => _tag), ["Unreachable", "Unreachable"]);
  gate.release();
  assertEquals((await ask(backend, "lamina:t:0:a", claim("second")))._tag, "Busy");
  assertEquals(gate.connections(), 1);
});

redisServersTest("what was not sent when the time was over never is", async (start) => {
  const server = await start();
  using gate = openGate(server.port);
  gate.hold();
  await using backend = redisBackend({ url: gate.url });
  assertEquals((await ask(backend, "lamina:t:0:a", claim("early"), { within: 50 }))._tag, "Unreachable");
  gate.release();
  await ready(backend);
  assertEquals((await ask(backend, "lamina:t:0:a", claim("late")))._tag, "Mine");
});
