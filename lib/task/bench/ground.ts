import { createClient } from "redis";
import { type RedisServer, startRedis } from "../../../tests/servers/redis_server.ts";
import { isOnPath } from "../test_redis.ts";
import type { Ground } from "./comparison.ts";

/** What a run stands on, as long as it lasts. */
export interface OwnGround extends Ground, AsyncDisposable {
  /** How to get what is missing, if it is. */
  readonly hint: string;
}

const hint = "there is no redis-server on PATH: apt-get install redis-server, brew install redis, or --redis <url>";

/** Prepares what cases need: the given Redis, or else one of our own where that can be started. */
export async function openGround(given: string | undefined, needsRedis: boolean): Promise<OwnGround> {
  const prefix = `b${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
  if (!needsRedis || given === undefined && !isOnPath("redis-server")) {
    return { hint, redis: undefined, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const own: RedisServer | undefined = given === undefined ? await startRedis() : undefined;
  const url = own?.url ?? given!;
  return {
    hint,
    redis: { url, prefix },
    [Symbol.asyncDispose]: () => own === undefined ? removeKeys(url, prefix) : own.stop(),
  };
}

async function removeKeys(url: string, prefix: string): Promise<void> {
  const client = createClient({ url });
  client.on("error", (error) => console.error(`Cannot remove keys from Redis: ${error}`));
  await client.connect();
  for await (const keys of client.scanIterator({ MATCH: `*${prefix}*`, COUNT: 1_000 })) {
    if (keys.length > 0) await client.unlink(keys);
  }
  await client.close();
}
