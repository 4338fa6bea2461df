import { assert, assertEquals } from "@std/assert";
import { redisBackend } from "../../../lib/backend/redis/mod.ts";
import { redisServersTest } from "../../servers/redis.ts";
import { openGate } from "./gate.ts";
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
  ready,
  store,
  stored,
  unlock,
  usual,
} from "./support.ts";

redisServersTest("scripts that the server forgot are sent again", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  for (let round = 0; round < 3; round++) {
    const key = `lamina:t:0:${round}`;
    const claimed = generationOf(await ask(backend, key, claim("one")));
    await watcher.send("SCRIPT", "FLUSH");
    assertEquals((await ask(backend, key, fill("one", claimed, stored(round))))._tag, "Filled");
    assertEquals(bytesOf(await ask(backend, key, look)), [round]);
    await watcher.send("SCRIPT", "FLUSH");
    const locked = generationOf(await ask(backend, key, lock("two")));
    assertEquals((await ask(backend, key, unlock("two", locked)))._tag, "Cleared");
  }
});

redisServersTest("requests of one call on one slot take effect in their order, known scripts or not", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  await ready(backend);
  await watcher.send("SCRIPT", "FLUSH");
  const slot = "lamina:t:0:a";
  const operations = [look, claim("one"), look, lock("one"), lock("two"), claim("two"), unlock("none", 1)];
  const replies = await backend.run(operations.map((operation) => ({ slot, operation })), usual)();
  const expected = ["Vacant", "Mine", "Busy", "Locked", "Locked", "Guarded", "Foreign"];
  assertEquals(replies.map(({ _tag }) => _tag), expected);
});

redisServersTest("of many claims on one slot exactly one is granted", async (start) => {
  const server = await start();
  const backends = [redisBackend({ url: server.url }), redisBackend({ url: server.url })];
  try {
    for (const level of ["pinned", "probation"] as const) {
      for (let round = 0; round < 100; round++) {
        const slot = `lamina:t:0:${level}${round}`;
        const owners = Array.from({ length: 8 }, (_, i) => `owner${i}`);
        const replies = await Promise.all(
          owners.map((owner, i) => ask(backends[i % 2]!, slot, claim(owner), { level })),
        );
        assertEquals(replies.map(({ _tag }) => _tag).sort(), [...Array(7).fill("Busy"), "Mine"]);
      }
    }
  } finally {
    for (const backend of backends) await backend.close();
  }
});

redisServersTest("generations of overlapping writers differ, and survive the way there and back", async (start) => {
  const server = await start();
  await using backend = redisBackend({ url: server.url });
  for (let round = 0; round < 50; round++) {
    const slot = `lamina:t:0:${round}`;
    const generations = (await Promise.all(["a", "b"].map((token) => ask(backend, slot, lock(token))))).map(
      generationOf,
    );
    assertEquals((await ask(backend, slot, unlock("a", generations[0]!)))._tag, "Shared");
    assertEquals((await ask(backend, slot, unlock("a", generations[0]!)))._tag, "Foreign");
    assertEquals((await ask(backend, slot, unlock("b", generations[1]!, stored(1))))._tag, "Cleared");
    const alone = generationOf(await ask(backend, slot, lock("c")));
    assertEquals((await ask(backend, slot, unlock("c", alone, stored(round))))._tag, "Published");
    assertEquals(bytesOf(await ask(backend, slot, look)), [round]);
  }
});

redisServersTest("a miss and its fill are two commands", async (start) => {
  const server = await start();
  using gate = openGate(server.port);
  await using backend = redisBackend({ url: gate.url });
  await ready(backend);
  gate.sent.length = 0;
  await store(backend, "lamina:t:0:a", stored(1));
  assertEquals(gate.sent.map((text) => text.split("\r\n")[2]), ["SET", "EVALSHA"]);
});

redisServersTest("bytes come back as they went in, from none to many and whatever they are", async (start) => {
  const server = await start();
  await using backend = redisBackend({ url: server.url });
  for (const size of [0, 1, 255, 65_536, 1_000_000]) {
    const payload = new Uint8Array(size + 2).map((_, i) => (i * 7) % 256).subarray(1, size + 1);
    const slot = `lamina:t:0:ü${size}`;
    await store(backend, slot, { ...stored(), payload, until: Infinity });
    const reply = await ask(backend, slot, look);
    assert(reply._tag === "Hit");
    assertEquals(reply.found.payload, payload);
    assertEquals(reply.found.payload.constructor, Uint8Array);
  }
});

redisServersTest("an entry, a claim and a lock end by themselves at the server's time", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  const lease = 60;
  await store(backend, "lamina:t:0:value", { ...stored(1), until: 60 }, { lease });
  await ask(backend, "lamina:t:0:claim", claim("one"), { lease });
  await ask(backend, "lamina:t:0:lock", lock("one"), { lease });
  for (const key of ["value", "claim", "lock"]) {
    const slot = `lamina:t:0:${key}`;
    await eventually("an empty slot", async () => (await ask(backend, slot, look, { lease }))._tag === "Vacant");
    assertEquals(await watcher.send("EXISTS", slot), 0, key);
  }
});

redisServersTest("a refresher's mark outlives its entry, and then is a claim", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  await store(backend, "lamina:t:0:a", { ...stored(1), until: 200 });
  const refresh = { _tag: "refresh", owner: "refresher", which: "any" } as const;
  const generation = generationOf(await ask(backend, "lamina:t:0:a", refresh));
  assert(Number(await watcher.send("PTTL", "lamina:t:0:a")) > 1_000);
  await eventually("the entry's end", async () => (await ask(backend, "lamina:t:0:a", look))._tag === "Busy");
  assertEquals((await ask(backend, "lamina:t:0:a", claim("other")))._tag, "Busy");
  assertEquals((await ask(backend, "lamina:t:0:a", fill("refresher", generation, stored(2))))._tag, "Filled");
  assertEquals(bytesOf(await ask(backend, "lamina:t:0:a", look)), [2]);
});
