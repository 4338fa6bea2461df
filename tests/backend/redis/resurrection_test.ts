import { assert, assertEquals } from "@std/assert";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { redisBackend, type RedisOptions } from "../../../lib/backend/redis/mod.ts";
import { type Gate, openGate } from "../../../lib/task/faults/gate.ts";
import { namespace, shared, source, type Store } from "../../../mod.ts";
import { type RedisServer, redisServersTest, type StartRedis } from "../../servers/redis.ts";
import { found, left, right } from "../../support/results.ts";
import {
  type Admin,
  admin,
  ask,
  claim,
  eventually,
  fill,
  generationOf,
  lock,
  look,
  stored,
  unlock,
} from "./support.ts";

const name = namespace({ namespace: "row" }).slotName("'a", 0);

/** A process of its own, as far as stores go. */
function open(rows: Map<string, string>, options: RedisOptions): Store<string, string> {
  const backend = redisBackend({ connectTimeout: "1s", ...options });
  const store = pipe(
    source<string, string>({
      load: async (keys) => await Promise.resolve(keys.map((key) => rows.get(key))),
      save: async ([change]) => {
        if (change?.value._tag === "Some") rows.set(change.key, change.value.value);
        await Promise.resolve();
      },
    }),
    shared({ backend, name: "row", codec: t.string, ttl: "1h", timeout: "2s" }),
  );
  const close = async () => {
    await store.close();
    await backend.close();
  };
  return { ...store, close, [Symbol.asyncDispose]: close };
}

async function rawAt(url: string): Promise<string> {
  await using server = await admin(url);
  return String(await server.send("GET", name));
}

/** Reads until the tier answers again, and never anything but the value. */
async function reads(store: Store<string, string>, value: string): Promise<void> {
  await eventually("a hit", async () => {
    const entry = right((await store.entries(["a"])())[0]!);
    assertEquals(entry.value._tag === "Some" && entry.value.value, value);
    return entry.verdict._tag === "HitShared";
  });
}

for (const kept of ["RDB", "AOF"] as const) {
  redisServersTest(`X14 an old entry that a restart brings back from its ${kept} is not served`, async (start) => {
    const server = await start(...(kept === "AOF" ? ["--appendonly", "yes", "--appendfsync", "always"] : []));
    const rows = new Map([["a", "old"]]);
    await using one = open(rows, { url: server.url });
    await using other = open(rows, { url: server.url });
    await reads(one, "old");
    await reads(other, "old");
    await using watcher = await admin(server.url);
    // What is written from now on is not kept.
    await (kept === "RDB" ? watcher.send("SAVE") : watcher.send("CONFIG", "SET", "appendonly", "no"));
    right(await one.put("a", "new")());
    await reads(other, "new");
    await server.restart();
    assert((await rawAt(server.url)).includes("old"), "the old entry did not come back");
    await reads(other, "new");
    await reads(one, "new");
  });
}

interface Pair {
  readonly primary: RedisServer;
  readonly replica: RedisServer;
  /** At the replica. */
  readonly there: Admin;
  /** On the way of all clients, and of the replica. */
  readonly main: Gate;
  readonly replication: Gate;
}

async function startPair(start: StartRedis): Promise<Pair & AsyncDisposable> {
  const primary = await start("--repl-diskless-sync-delay", "0");
  const [main, replication] = [openGate(primary.port), openGate(primary.port)];
  const replica = await start("--repl-diskless-sync-delay", "0", "--replicaof", `127.0.0.1 ${replication.port}`);
  const there = await admin(replica.url);
  await eventually("a copy", async () => {
    return String(await there.send("INFO", "replication")).includes("master_link_status:up");
  });
  const close = async () => {
    await there[Symbol.asyncDispose]();
    for (const gate of [main, replication]) await gate[Symbol.asyncDispose]();
  };
  return { primary, replica, there, main, replication, [Symbol.asyncDispose]: close };
}

async function failOver({ primary, replica, there, main, replication }: Pair): Promise<void> {
  primary.signal("SIGKILL");
  await there.send("REPLICAOF", "NO", "ONE");
  replication.cut();
  main.lead(replica.port);
  main.cut();
}

redisServersTest("X14 an old entry that a failover brings back is not served", async (start) => {
  await using pair = await startPair(start);
  const { replica, there, main, replication } = pair;
  const url = `redis://127.0.0.1:${main.port}`;
  const rows = new Map([["a", "old"]]);
  await using one = open(rows, { url });
  await using other = open(rows, { url });
  await reads(one, "old");
  await eventually("replication", async () => await there.send("EXISTS", name) === 1);
  replication.hold("replies");
  right(await one.put("a", "new")());
  await reads(other, "new");
  await failOver(pair);
  assert((await rawAt(replica.url)).includes("old"), "the old entry did not come back");
  await reads(other, "new");
  await reads(one, "new");
});

const waitReplicas = { replicas: 1, within: "200ms" } as const;

redisServersTest(
  "without waitReplicas a failover can lose a lock: an old value may be seen again until its writer ends, or a lease",
  async (start) => {
    await using pair = await startPair(start);
    const { main, replication } = pair;
    await using backend = redisBackend({ url: `redis://127.0.0.1:${main.port}`, connectTimeout: "1s" });
    await eventually("service", async () => (await ask(backend, "lamina:t:0:a", look))._tag === "Vacant");
    replication.hold("replies");
    const locked = generationOf(await ask(backend, "lamina:t:0:a", lock("writer")));
    await failOver(pair);
    // The reader is granted what the writer's lock, which the new primary never got, should have kept from it.
    await eventually("service", async () => (await ask(backend, "lamina:t:0:a", look))._tag === "Vacant");
    const claimed = generationOf(await ask(backend, "lamina:t:0:a", claim("reader")));
    const filled = await ask(backend, "lamina:t:0:a", fill("reader", claimed, stored(1)));
    assert(filled._tag === "Filled" && filled.until <= 10_000, JSON.stringify(filled));
    assertEquals((await ask(backend, "lamina:t:0:a", look))._tag, "Hit");
    assertEquals((await ask(backend, "lamina:t:0:a", unlock("writer", locked)))._tag, "Lost");
    assertEquals((await ask(backend, "lamina:t:0:a", look))._tag, "Vacant");
  },
);

redisServersTest(
  "with waitReplicas a write whose lock a failover could lose is not begun, and one that was begun is guarded after it",
  async (start) => {
    await using pair = await startPair(start);
    const { main, replication } = pair;
    const url = `redis://127.0.0.1:${main.port}`;
    const rows = new Map([["a", "old"]]);
    await using store = open(rows, { url, waitReplicas });
    await reads(store, "old");
    replication.hold("replies");
    const failure = left(await store.put("a", "new")());
    assertEquals([failure.outcome, failure.error._tag, rows.get("a")], ["aborted", "LockNotPlaced", "old"]);
    replication.open("replies");
    await using backend = redisBackend({ url, connectTimeout: "1s", waitReplicas });
    let locked = NaN;
    await eventually("a lock that reached the replica", async () => {
      const reply = await ask(backend, "lamina:t:0:b", lock("writer"));
      if (reply._tag === "Locked") locked = reply.generation;
      return reply._tag === "Locked";
    });
    await failOver(pair);
    await eventually("service", async () => (await ask(backend, "lamina:t:0:b", claim("reader")))._tag === "Guarded");
    // Locks have a connection of their own, which may come back later.
    await eventually("the end of the write", async () => {
      return (await ask(backend, "lamina:t:0:b", unlock("writer", locked)))._tag === "Cleared";
    });
    assertEquals(found(await store.get("a")()), "old");
  },
);
