import { assert, assertEquals } from "@std/assert";
import { redisBackend, type RedisEvent } from "../../../lib/backend/redis/mod.ts";
import { redisServersTest } from "../../servers/redis.ts";
import { admin, ask, bytesOf, claim, eventually, lock, look, ready, store, stored, usual } from "./support.ts";

redisServersTest(
  "a stopped server's calls are Unreachable in time, and service resumes when it goes on",
  async (start) => {
    const server = await start();
    await using backend = redisBackend({ url: server.url });
    await store(backend, "lamina:t:0:a", stored(1));
    server.signal("SIGSTOP");
    const before = performance.now();
    const replies = await Promise.all([
      ask(backend, "lamina:t:0:a", look, { within: 100 }),
      ask(backend, "lamina:t:0:b", claim("one"), { within: 100 }),
      ask(backend, "lamina:t:0:c", lock("one"), { within: 100 }),
    ]);
    assertEquals(replies.map(({ _tag }) => _tag), ["Unreachable", "Unreachable", "Unreachable"]);
    assert(performance.now() - before < 3_000);
    server.signal("SIGCONT");
    assertEquals(bytesOf(await ask(backend, "lamina:t:0:a", look)), [1]);
  },
);

redisServersTest("a connection that leaves commands unanswered is made anew", async (start) => {
  const server = await start();
  const events: RedisEvent[] = [];
  await using backend = redisBackend({
    url: server.url,
    connectTimeout: "500ms",
    onEvent: (each) => events.push(each),
  });
  await ready(backend);
  server.signal("SIGSTOP");
  await ask(backend, "lamina:t:0:a", look, { within: 20 });
  await eventually("a dropped connection", () => backend.nodes()[0]!.state === "down");
  const during = performance.now();
  assertEquals((await ask(backend, "lamina:t:0:a", look))._tag, "Unreachable");
  assert(performance.now() - during < 2_000, "a call waited for a server that was known to be away");
  server.signal("SIGCONT");
  await eventually("service", async () => (await ask(backend, "lamina:t:0:a", look))._tag === "Vacant");
  const since = events.findIndex(({ _tag }) => _tag === "ConnectionReady");
  assertEquals(events.slice(since, since + 3).map(({ _tag }) => _tag), [
    "ConnectionReady",
    "ConnectionLost",
    "ConnectionReady",
  ]);
});

redisServersTest("a handshake that is not answered holds up nothing but the calls before its end", async (start) => {
  const server = await start();
  server.signal("SIGSTOP");
  await using backend = redisBackend({ url: server.url, connectTimeout: "300ms" });
  assertEquals((await ask(backend, "lamina:t:0:a", look, { within: 50 }))._tag, "Unreachable");
  assertEquals((await ask(backend, "lamina:t:0:a", look, { within: 5_000 }))._tag, "Unreachable");
  server.signal("SIGCONT");
  await eventually("service", async () => (await ask(backend, "lamina:t:0:a", look))._tag === "Vacant");
});

redisServersTest("a killed connection ends its calls and nothing else, and is made again", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  await ready(backend);
  for (let round = 0; round < 3; round++) {
    const under = Array.from({ length: 50 }, (_, i) => ask(backend, `lamina:t:0:${i}`, look));
    await watcher.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    for (const reply of await Promise.all(under)) assert(reply._tag === "Vacant" || reply._tag === "Unreachable");
    await eventually("service", async () => (await ask(backend, "lamina:t:0:a", look))._tag === "Vacant");
  }
});

Deno.test("a refused port is Unreachable at once, and its reason says so", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await using backend = redisBackend({ url: `redis://127.0.0.1:${port}` });
  const before = performance.now();
  const reply = await ask(backend, "lamina:t:0:a", look);
  assert(reply._tag === "Unreachable" && reply.reason.includes("ECONNREFUSED"), JSON.stringify(reply));
  assert(performance.now() - before < 2_000);
  assertEquals(backend.nodes().map(({ state }) => state), ["down"]);
  const many = Array.from({ length: 20_000 }, (_, i) => ({ slot: "lamina:t:0:a", operation: lock(`token ${i}`) }));
  assertEquals(new Set((await backend.run(many, usual)()).map(({ _tag }) => _tag)), new Set(["Unreachable"]));
  assertEquals(backend.level(), "probation");
});

redisServersTest("a wrong password is Unreachable, and stands in no reply and no event", async (start) => {
  const server = await start("--requirepass", "right");
  const events: RedisEvent[] = [];
  const url = `redis://:s3cret-word@127.0.0.1:${server.port}`;
  await using backend = redisBackend({ url, onEvent: (event) => events.push(event) });
  const reply = await ask(backend, "lamina:t:0:a", look);
  assert(reply._tag === "Unreachable" && reply.reason.includes("WRONGPASS"), JSON.stringify(reply));
  const said = Deno.inspect([reply, events, backend.nodes()], { depth: 20 });
  assert(!said.includes("s3cret-word"), said);
  await using entitled = redisBackend({ url: `redis://:right@127.0.0.1:${server.port}` });
  assertEquals((await ask(entitled, "lamina:t:0:a", look))._tag, "Vacant");
});

redisServersTest("a closed backend drains what is under way, and then answers that it is closed", async (start) => {
  const server = await start();
  const backend = redisBackend({ url: server.url });
  const under = Array.from({ length: 100 }, (_, i) => ask(backend, `lamina:t:0:${i}`, lock("one")));
  await Promise.all([backend.close(), backend.close()]);
  assertEquals(new Set((await Promise.all(under)).map(({ _tag }) => _tag)), new Set(["Locked"]));
  const request = { slot: "lamina:t:0:a", operation: look };
  assertEquals(await backend.run([request], usual)(), [{ _tag: "Unreachable", reason: "closed" }]);
  await backend.close();
});

redisServersTest("closing does not wait for a stopped server", async (start) => {
  const server = await start();
  const backend = redisBackend({ url: server.url });
  await ready(backend);
  server.signal("SIGSTOP");
  const under = ask(backend, "lamina:t:0:a", look, { within: 60_000 });
  const before = performance.now();
  await backend.close();
  assert(performance.now() - before < 3_000);
  assertEquals((await under)._tag, "Unreachable");
});

redisServersTest("an observer that throws disturbs nothing", async (start) => {
  const server = await start();
  const onEvent = (): never => {
    throw new Error("no");
  };
  await using backend = redisBackend({ url: server.url, onEvent });
  assertEquals((await ask(backend, "lamina:t:0:a", look))._tag, "Vacant");
});
