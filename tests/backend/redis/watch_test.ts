import { assert, assertEquals } from "@std/assert";
import { keySlot } from "../../../lib/backend/redis/key_slot.ts";
import { redisBackend, type RedisEvent } from "../../../lib/backend/redis/mod.ts";
import { readOptions } from "../../../lib/backend/redis/options.ts";
import { routerOf } from "../../../lib/backend/redis/router.ts";
import { watching } from "../../../lib/backend/redis/watch.ts";
import { openGate } from "../../../lib/task/faults/gate.ts";
import { virtualClock } from "../../../lib/testing/mod.ts";
import { type RedisServer, redisServersTest } from "../../servers/redis.ts";
import { claimed, filled, waiting } from "../watching/contract.ts";
import { startCluster } from "./cluster.ts";
import { type Admin, admin, ask, calls, eventually, look, ready, usual } from "./support.ts";

/** The connections that a server tells of changes, by their ids. */
async function listeners(server: Admin): Promise<ReadonlyArray<string>> {
  const lines = String(await server.send("CLIENT", "LIST")).split("\n");
  return lines.flatMap((line) => / flags=\w*t/.test(line) ? [/^id=(\d+)/.exec(line)![1]!] : []);
}

/** Lets somebody wait on a backend, so that it has the connection for that. */
async function warmUp(server: Admin, backend: ReturnType<typeof redisBackend>): Promise<void> {
  await ready(backend);
  await waiting(backend, "lamina:t:0:nothing").endsEarly();
  await eventually("a listener", async () => (await listeners(server)).length === 1);
}

/** Two backends on a server: one that claims, and one that waits for it and has all connections. */
async function open(server: RedisServer, onEvent: (event: RedisEvent) => void = () => {}) {
  const watcher = await admin(server.url);
  const worker = redisBackend({ url: server.url });
  const waiter = redisBackend({ url: server.url, onEvent });
  await Promise.all([ready(worker), warmUp(watcher, waiter)]);
  return {
    watcher,
    worker,
    waiter,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([worker.close(), waiter.close()]);
      await watcher[Symbol.asyncDispose]();
    },
  };
}

/** Waits until a slot that somebody waits for was looked at. */
function isWatched(server: Admin): Promise<void> {
  return eventually("a look", async () => {
    return Number(/tracking_total_keys:(\d+)/.exec(String(await server.send("INFO", "stats")))?.[1]) > 0;
  });
}

const slot = "lamina:t:0:a";

for (
  const [what, act] of Object.entries({
    "a flush": (server: Admin) => server.send("FLUSHALL"),
    "a deletion": (server: Admin) => server.send("DEL", slot),
    "an eviction": async (server: Admin) => {
      await server.send("CONFIG", "SET", "maxmemory-policy", "volatile-ttl");
      await server.send("CONFIG", "SET", "maxmemory", "1");
      await server.send("SET", "other", "x").catch(() => {});
    },
    "a move to another database": (server: Admin) => server.send("MOVE", slot, "1"),
  })
) {
  redisServersTest(`a wait ends with ${what}`, async (start) => {
    await using served = await open(await start());
    const { watcher, worker, waiter } = served;
    await claimed(worker, slot);
    const wait = waiting(waiter, slot);
    await isWatched(watcher);
    assert(!wait.isOver());
    await act(watcher);
    await wait.endsEarly();
    assertEquals(await watcher.send("EXISTS", slot), 0);
  });
}

redisServersTest("D13 many that wait for one slot share one look, and are woken by its fill", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await using worker = redisBackend({ url: server.url });
  // Its time stands still: nobody polls, and no wait ends with its time.
  const clock = virtualClock();
  await using waiter = redisBackend({ url: server.url, clock });
  await warmUp(watcher, waiter);
  const generation = await claimed(worker, slot);
  await watcher.send("CONFIG", "RESETSTAT");
  const waits = Array.from({ length: 100 }, () => waiting(waiter, slot));
  await isWatched(watcher);
  const late = Array.from({ length: 100 }, () => waiting(waiter, slot));
  await ask(waiter, slot, look);
  assertEquals(await calls(watcher, "get"), 1);
  assert([...waits, ...late].every(({ isOver }) => !isOver()));
  await filled(worker, slot, generation);
  for (const wait of [...waits, ...late]) await wait.endsEarly();
});

redisServersTest("who does not wait hears nothing, and has no connection for it", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  await filled(backend, slot, await claimed(backend, slot));
  assertEquals(await listeners(watcher), []);
});

redisServersTest("a connection that is killed costs polls, until there is another", async (start) => {
  await using served = await open(await start());
  const { watcher, worker, waiter } = served;
  for (let round = 0; round < 3; round++) {
    const key = `${slot}${round}`;
    const generation = await claimed(worker, key);
    const wait = waiting(waiter, key);
    await isWatched(watcher);
    for (const id of await listeners(watcher)) await watcher.send("CLIENT", "KILL", "ID", id);
    assertEquals(await listeners(watcher), []);
    assert(!wait.isOver());
    await filled(worker, key, generation);
    await wait.endsEarly();
    await eventually("another listener", async () => {
      await waiter.changed!("lamina:t:0:nothing", 1_000)();
      return (await listeners(watcher)).length === 1;
    });
  }
});

redisServersTest(
  "D13 a wait outlives no silence: behind half-open connections it ends with its time",
  async (start) => {
    const server = await start();
    await using watcher = await admin(server.url);
    await using gate = openGate(server.port);
    await using worker = redisBackend({ url: server.url });
    await using waiter = redisBackend({ url: `redis://127.0.0.1:${gate.port}`, connectTimeout: "500ms" });
    await warmUp(watcher, waiter);
    const silent = await listeners(watcher);
    const generation = await claimed(worker, slot);
    const wait = waiting(waiter, slot, 1_000);
    await isWatched(watcher);
    gate.numb();
    await filled(worker, slot, generation);
    await wait.ended;
    // Nobody was told, so that it is asked; and not on a connection that does not answer.
    await eventually("an answer", async () => (await ask(waiter, slot, look, { within: 200 }))._tag === "Hit");
    const next = await claimed(worker, `${slot}b`);
    await eventually("another listener", async () => {
      await waiter.changed!("lamina:t:0:nothing", 1_000)();
      return (await listeners(watcher)).some((id) => !silent.includes(id));
    });
    const again = waiting(waiter, `${slot}b`);
    await filled(worker, `${slot}b`, next);
    await again.endsEarly();
  },
);

redisServersTest("a server that tells nothing is polled, and that is reported once", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await watcher.send("ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-client|tracking");
  const events: RedisEvent[] = [];
  const url = server.url.replace("//", "//app:secret@");
  await using worker = redisBackend({ url: server.url });
  await using waiter = redisBackend({ url, onEvent: (event) => events.push(event) });
  await ready(waiter);
  for (let round = 0; round < 5; round++) {
    const key = `${slot}${round}`;
    const generation = await claimed(worker, key);
    const waits = Array.from({ length: 20 }, () => waiting(waiter, key));
    await eventually("a poll", async () => await calls(watcher, "pttl") > round);
    assert(waits.every(({ isOver }) => !isOver()));
    await filled(worker, key, generation);
    for (const wait of waits) await wait.endsEarly();
  }
  const refused = events.flatMap((event) => event._tag === "WatchRefused" ? [event.reason] : []);
  assertEquals(refused.length, 1);
  assert(refused[0]!.startsWith("NOPERM") && !refused[0]!.includes("secret"), refused[0]);
  assert(events.every(({ _tag }) => _tag !== "ConnectionLost"), "no connection was lost");
});

redisServersTest("where nobody tells of changes the pauses between two looks double, up to a poll", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await watcher.send("ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-client|tracking");
  const clock = virtualClock();
  const refused = Promise.withResolvers<void>();
  await using worker = redisBackend({ url: server.url });
  await using waiter = redisBackend({
    url: server.url.replace("//", "//app:secret@"),
    clock,
    onEvent: ({ _tag }) => _tag === "WatchRefused" && refused.resolve(),
  });
  await ready(waiter);
  const generation = await claimed(worker, slot);
  const wait = waiting(waiter, slot, 60_000);
  await refused.promise;
  // Answers come in the order of the questions, so that a look before this one would have been counted.
  const looks = async (): Promise<number> => (await ask(waiter, slot, look), await calls(watcher, "pttl"));
  const before = await looks();
  const moments: Array<number> = [];
  for (let count = before; clock.now() < 1_000;) {
    await clock.advance(10);
    const now = await looks();
    if (now > count) moments.push(clock.now());
    count = now;
  }
  assertEquals(moments, [20, 40, 80, 160, 320, 570, 820]);
  await filled(worker, slot, generation);
  await clock.advance(250);
  await wait.endsEarly();
});

redisServersTest(
  "X12 a hundred thousand slots that were waited for leave no watch and one connection",
  async (start) => {
    const server = await start();
    const settings = readOptions({ url: server.url });
    const router = routerOf(settings);
    const self = watching(router, settings.clock);
    await eventually("a connection", () => router.nodes()[0]!.data.phase._tag === "Ready");
    for (let i = 0; i < 20; i++) {
      const waits = Array.from({ length: 5_000 }, (_, at) => self.changed(`lamina:t:0:${i}.${at}`, 60_000)());
      assertEquals(self.size(), { awaited: 5_000, watched: 5_000, connections: 1 });
      await Promise.all(waits);
      assertEquals(self.size(), { awaited: 0, watched: 0, connections: 1 });
    }
    self.close();
    assertEquals(self.size().connections, 0);
    router.close();
  },
);

redisServersTest("where too many slots are awaited, the rest wait for their time", async (start) => {
  const server = await start();
  const clock = virtualClock();
  await using backend = redisBackend({ url: server.url, clock });
  await ready(backend);
  let ended = 0;
  const waits = Array.from({ length: 10_050 }, async (_, i) => {
    await backend.changed!(`lamina:t:0:${i}`, 5_000)();
    ended++;
  });
  await eventually("an end of those that are looked at", () => ended === 10_000);
  await clock.advance(5_000);
  await Promise.all(waits);
});

redisServersTest("closing ends waits, and the connections for them", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await using worker = redisBackend({ url: server.url });
  const generation = await claimed(worker, slot);
  // As soon as it waits, in the middle of connecting, and when it is connected.
  for (const until of ["at once", "connecting", "connected"]) {
    const backend = redisBackend({ url: server.url });
    await ready(backend);
    const wait = waiting(backend, slot);
    if (until === "connecting") await new Promise((resolve) => setTimeout(resolve, 1));
    if (until === "connected") await isWatched(watcher);
    await backend.close();
    await wait.endsEarly();
    await eventually("no listener", async () => (await listeners(watcher)).length === 0);
  }
  await filled(worker, slot, generation);
});

redisServersTest("in a cluster each slot is awaited at its node, also while it moves", async (start) => {
  await using cluster = await startCluster(start);
  const nodes = { nodes: cluster.servers.map(({ url }) => url) };
  await using worker = redisBackend({ cluster: nodes });
  await using waiter = redisBackend({ cluster: nodes });
  await Promise.all([ready(worker), ready(waiter)]);
  const slots = Array.from({ length: 30 }, (_, i) => `lamina:t:0:${i}`);
  const generations = await Promise.all(slots.map((each) => claimed(worker, each)));
  const waits = slots.map((each) => waiting(waiter, each));
  for (const node of cluster.admins) {
    await eventually("a listener", async () => (await listeners(node)).length === 1);
    await isWatched(node);
  }
  await Promise.all(slots.map((each, i) => filled(worker, each, generations[i]!)));
  for (const wait of waits) await wait.endsEarly();

  const moving = "lamina:{foo}:a";
  await claimed(worker, moving);
  const wait = waiting(waiter, moving);
  const [source, target] = [cluster.admins[2]!, cluster.admins[0]!];
  const number = String(keySlot("foo"));
  await target.send("CLUSTER", "SETSLOT", number, "IMPORTING", cluster.ids[2]!);
  await source.send("CLUSTER", "SETSLOT", number, "MIGRATING", cluster.ids[0]!);
  await source.send("MIGRATE", "127.0.0.1", String(cluster.servers[0]!.port), moving, "0", "5000");
  for (const node of [target, source]) await node.send("CLUSTER", "SETSLOT", number, "NODE", cluster.ids[0]!);
  await wait.endsEarly();
  // The claim lives on, where it is now.
  assertEquals((await ask(waiter, moving, look, usual))._tag, "Busy");
  const moved = waiting(waiter, moving);
  assertEquals((await ask(worker, moving, { _tag: "lock", token: "t" }))._tag, "Locked");
  await moved.endsEarly();
});
