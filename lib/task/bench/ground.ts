import { createClient } from "redis";
import { type RedisServer, startRedis } from "../../../tests/servers/redis_server.ts";
import { isOnPath } from "../test_redis.ts";
import type { Ground } from "./comparison.ts";
import { connect } from "./raw_redis.ts";

/** What a run stands on, as long as it lasts. */
export interface OwnGround extends Ground, AsyncDisposable {
  /** The server's version in words, if there is one. */
  readonly server: ReadonlyArray<string>;
  /** How to get what is missing, if it is. */
  readonly hint: string;
}

const hint = "there is no redis-server on PATH: apt-get install redis-server, brew install redis, or --redis <url>";

/** Prepares what cases need: the given Redis, or else one of our own where that can be started. */
export async function openGround(given: string | undefined, needsRedis: boolean): Promise<OwnGround> {
  const prefix = `b${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
  if (!needsRedis || given === undefined && !isOnPath("redis-server")) {
    return { hint, server: [], redis: undefined, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const own: RedisServer | undefined = given === undefined ? await startRedis() : undefined;
  const url = own?.url ?? given!;
  const leave = () => own === undefined ? removeKeys(url, prefix) : own.stop();
  try {
    return { hint, server: [await versionOf(url)], redis: { url, prefix }, [Symbol.asyncDispose]: leave };
  } catch (error) {
    await own?.stop();
    throw error;
  }
}

async function versionOf(url: string): Promise<string> {
  const raw = await connect(url);
  const info = String(await raw.send(["INFO", "server"]));
  raw.close();
  return `Redis ${/^redis_version:(\S+)/m.exec(info)?.[1] ?? "of an unknown version"}`;
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
