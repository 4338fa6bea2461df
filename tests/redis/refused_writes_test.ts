/** What callers of a store see when its Redis refuses, stops, or is not there: on real servers. */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { right } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { some } from "fp-ts/lib/Option.js";
import * as t from "io-ts";
import type { RedisBackend } from "../../lib/backend/redis/mod.ts";
import { redisBackend } from "../../lib/backend/redis/mod.ts";
import type { Store } from "../../mod.ts";
import { shared, source, writing } from "../../mod.ts";
import { admin, eventually, ready } from "../backend/redis/support.ts";
import { redisServersTest } from "../servers/redis.ts";

/** A source with one value, and a shared tier on a Redis in front of it; how often each was touched. */
interface Ground {
  readonly store: Store<string, number>;
  readonly touched: { loads: number; writes: number };
  readonly write: () => Promise<string>;
}

/** How long a call of the backend may take, in milliseconds: long enough for a loaded machine, short for a test. */
const patience = 500;

function makeGround(backend: RedisBackend): Ground {
  const touched = { loads: 0, writes: 0 };
  const truth = new Map([["a", 1], ["b", 2]]);
  const load = (keys: ReadonlyArray<string>) => {
    touched.loads++;
    return Promise.resolve(keys.map((key) => truth.get(key)));
  };
  const store = pipe(
    source({ load, commit: "500ms" }),
    // A lock that takes effect when its stopped server goes on stays to the end of its lease.
    shared({ backend, name: "refused", codec: t.number, ttl: "10m", timeout: `${patience}ms`, lease: "2s" }),
  );
  const rename = writing(() => {
    touched.writes++;
    truth.set("a", 10);
    return Promise.resolve();
  });
  const write = async (): Promise<string> => {
    const done = await store.mutate(["a", "b"], rename)();
    return done._tag === "Right" ? "committed" : `${done.left.outcome}, ${(done.left.error as { _tag: string })._tag}`;
  };
  return { store, touched, write };
}

/** A write is refused before the source is touched, and a read is answered from below, both within their deadlines. */
async function assertRefuses({ store, touched, write }: Ground): Promise<void> {
  const [begun, writes, loads] = [performance.now(), touched.writes, touched.loads];
  assertEquals(await write(), "aborted, LockNotPlaced");
  assertEquals(touched.writes, writes);
  assertEquals(await store.get("b")(), right(some(2)));
  assert(touched.loads > loads);
  // A lock and taking back what was placed, twice; a claim, a fill: each at most once its patience.
  assertLessOrEqual(performance.now() - begun, 8 * patience);
}

async function assertServes({ store, write, touched }: Ground): Promise<void> {
  await eventually("service", async () => await write() === "committed");
  await eventually("a hit", async () => {
    await store.get("a")();
    const loads = touched.loads;
    return (await store.get("a")())._tag === "Right" && touched.loads === loads;
  });
  assertEquals(await store.get("a")(), right(some(10)));
}

redisServersTest("S16 S09 X09 a replica refuses locks: the write is aborted, reads go below", async (start) => {
  const primary = await start();
  const replica = await start("--replicaof", `127.0.0.1 ${primary.port}`);
  await using backend = redisBackend({ url: replica.url });
  await assertRefuses(makeGround(backend));
});

redisServersTest(
  "S16 S09 X09 a primary that becomes a replica refuses locks, until it is primary again",
  async (start) => {
    const [primary, other] = [await start(), await start()];
    await using watcher = await admin(primary.url);
    await using backend = redisBackend({ url: primary.url });
    const ground = makeGround(backend);
    assertEquals(await ground.write(), "committed");
    await watcher.send("REPLICAOF", "127.0.0.1", String(other.port));
    await assertRefuses(ground);
    await watcher.send("REPLICAOF", "NO", "ONE");
    await assertServes(ground);
  },
);

redisServersTest("S16 X09 a server out of memory refuses locks: the write is aborted", async (start) => {
  const server = await start("--maxmemory-policy", "noeviction");
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  const ground = makeGround(backend);
  await ready(backend);
  await watcher.send("CONFIG", "SET", "maxmemory", "1mb");
  await assertRefuses(ground);
  await watcher.send("CONFIG", "SET", "maxmemory", "0");
  await assertServes(ground);
});

redisServersTest(
  "S16 one lock of several that is refused aborts the write, and the others are taken back",
  async (start) => {
    const server = await start();
    await using watcher = await admin(server.url);
    await using backend = redisBackend({ url: server.url });
    const ground = makeGround(backend);
    await ground.store.get("b")();
    const keys = await watcher.send("KEYS", "*") as ReadonlyArray<string>;
    const inTheWay = String(keys[0]).replace(/b$/, "a");
    await watcher.send("LPUSH", inTheWay, "a list of somebody else's");
    await assertRefuses(ground);
    await watcher.send("DEL", inTheWay);
    await assertServes(ground);
  },
);

redisServersTest("X09 a killed connection is made again, and no call hangs or rejects", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await using backend = redisBackend({ url: server.url });
  const ground = makeGround(backend);
  await ground.write();
  for (let round = 0; round < 5; round++) {
    await watcher.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    const read = await ground.store.get("a")();
    assertEquals(read, right(some(10)));
  }
  await assertServes(ground);
});

redisServersTest(
  "S16 S09 X09 a stopped server refuses by its silence, and serves again when it goes on",
  async (start) => {
    const server = await start();
    await using backend = redisBackend({ url: server.url, connectTimeout: "1s" });
    const ground = makeGround(backend);
    await ground.write();
    server.signal("SIGSTOP");
    try {
      await assertRefuses(ground);
    } finally {
      server.signal("SIGCONT");
    }
    await assertServes(ground);
  },
);

redisServersTest(
  "S16 S09 X09 a wrong password and a refused port abort writes; the password is in no error",
  async (start) => {
    const server = await start("--requirepass", "right");
    await using wrong = redisBackend({ url: server.url.replace("redis://", "redis://:wrong-secret@") });
    await using nobody = redisBackend({ url: "redis://:wrong-secret@127.0.0.1:1" });
    for (const backend of [wrong, nobody]) {
      const ground = makeGround(backend);
      await assertRefuses(ground);
      const done = await ground.store.invalidate(["a"])();
      assert(done._tag === "Left" && !Deno.inspect(done, { depth: 9 }).includes("wrong-secret"));
    }
  },
);

redisServersTest(
  "a cold key costs one load where no lock can be lost, and a second one on probation",
  async (start) => {
    const server = await start();
    await using backend = redisBackend({ url: server.url });
    let loads = 0;
    const load = (keys: ReadonlyArray<string>) => {
      loads++;
      return Promise.resolve(keys.map(() => 1));
    };
    // The server has just started: what is stored within a lease of that lives no longer than the lease.
    const tier = shared({ backend, name: "cold", codec: t.number, ttl: "10m", lease: "1500ms" });
    const store = tier(source({ load, commit: "500ms" }));
    await store.get("young")();
    await eventually("the end of probation", async () => {
      await store.get("young")();
      return loads === 2;
    });
    loads = 0;
    await store.get("old")();
    await new Promise((resolve) => setTimeout(resolve, 1_800));
    await store.get("old")();
    assertEquals(loads, 1);
  },
);
