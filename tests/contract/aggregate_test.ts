import { memoryCounters, memoryQueue } from "../../lib/aggregate/mod.ts";
import { redisCounters, redisQueue } from "../../lib/backend/redis/mod.ts";
import { sqliteCounters, sqliteQueue } from "../../lib/entry/sqlite.ts";
import { countersContract, queueContract } from "../../lib/testing/mod.ts";
import { redisServersTest, startRedis } from "../servers/redis.ts";

const inMemory = [
  ...countersContract("counters in memory", () => Promise.resolve(memoryCounters())),
  ...countersContract("counters in SQLite", () => Promise.resolve(sqliteCounters({ path: ":memory:" }))),
  ...queueContract("a queue in memory", () => Promise.resolve(memoryQueue())),
  ...queueContract("a queue in SQLite", () => Promise.resolve(sqliteQueue({ path: ":memory:" }))),
];
for (const { name, run } of inMemory) Deno.test(name, run);

/** A port with a server that ends with it. */
async function onRedis<A extends { readonly close: () => Promise<void> }>(make: (url: string) => A): Promise<A> {
  const server = await startRedis();
  const port = make(server.url);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => closing ??= port.close().then(server.stop);
  return { ...port, close, [Symbol.asyncDispose]: close };
}

const served = [
  ...countersContract("counters on Redis", () => onRedis((url) => redisCounters({ url }))),
  ...queueContract("a queue on Redis", () => onRedis((url) => redisQueue({ url }))),
];
for (const { name, run } of served) redisServersTest(name, run);
