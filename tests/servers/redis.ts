/**
 * Redis for tests. A test that is content with a plain server says `redisTest`, which also works with the server at
 * REDIS_URL; one that needs a server of its own making (a replica, a memory limit, a password, one to stop) says
 * `redisServersTest` and starts as many as it likes.
 *
 * @module
 */
import { isOnPath } from "../../lib/task/test_redis.ts";
import { type RedisServer, startRedis } from "./redis_server.ts";

export { type RedisServer, startRedis, startSentinel } from "./redis_server.ts";

/** A server that a test may use, under its own prefix only. */
export interface PlainRedis {
  readonly url: string;
  /** Has to occur in every key that the test writes (as the namespace, say); such keys are removed afterwards. */
  readonly prefix: string;
}

/** Starts a server that is stopped when the test ends. */
export type StartRedis = (...args: ReadonlyArray<string>) => Promise<RedisServer>;

const given = Deno.env.get("REDIS_URL");
const onPath = isOnPath("redis-server");
const required = Deno.env.get("CI") === "true";
const howToGet = "apt-get install redis-server, brew install redis, or set REDIS_URL for tests of a plain server";

/** Whether tests may start servers of their own. */
export const redisServersAvailable: boolean = onPath;

/** Whether there is a plain server to test with. */
export const redisAvailable: boolean = onPath || given !== undefined;

/** Registers a test that needs a plain server; ignored where there is none, failing where CI asks for one. */
export function redisTest(
  name: string,
  run: (redis: PlainRedis, context: Deno.TestContext) => void | Promise<void>,
): void {
  serverTest(name, redisAvailable, (context) => withRedis((redis) => run(redis, context)));
}

/** Registers a test that starts its own servers; ignored where there are none, failing where CI asks for them. */
export function redisServersTest(
  name: string,
  run: (start: StartRedis, context: Deno.TestContext) => void | Promise<void>,
): void {
  serverTest(name, redisServersAvailable, async (context) => {
    const started: RedisServer[] = [];
    try {
      await run(async (...args) => {
        const server = await startRedis(args);
        started.push(server);
        return server;
      }, context);
    } finally {
      for (const server of started) await server.stop();
    }
  });
}

/** Runs something with a plain server: the one at REDIS_URL, or else one that is started for it with the arguments. */
export async function withRedis<A>(
  run: (redis: PlainRedis) => A | Promise<A>,
  ...args: ReadonlyArray<string>
): Promise<A> {
  const prefix = `t${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
  if (given === undefined || args.length > 0) {
    await using server = await startRedis(args);
    return await run({ url: server.url, prefix });
  }
  try {
    return await run({ url: given, prefix });
  } finally {
    await removeKeys(given, prefix);
  }
}

function serverTest(name: string, available: boolean, fn: (context: Deno.TestContext) => Promise<void>): void {
  const missing = () => Promise.reject(new Error(`Cannot test with Redis: wanted redis-server on PATH: ${howToGet}`));
  Deno.test({ name, ignore: !available && !required, fn: available ? fn : missing });
}

async function removeKeys(url: string, prefix: string): Promise<void> {
  const { createClient } = await import("redis");
  const client = createClient({ url });
  client.on("error", (error) => console.error(`Cannot remove keys from Redis: ${error}`));
  await client.connect();
  for await (const keys of client.scanIterator({ MATCH: `*${prefix}*`, COUNT: 1_000 })) {
    if (keys.length > 0) await client.unlink(keys);
  }
  await client.close();
}
