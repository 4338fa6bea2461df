import type { Duration } from "../../duration.ts";
import { duration } from "../../duration.ts";
import { type RedisBackend, redisBackend } from "../../backend/redis/mod.ts";
import type { Ground } from "./comparison.ts";
import { connect, type Raw } from "./raw_redis.ts";

/** Short, so that a server of our own soon counts as one that has always been there. */
export const lease: Duration = duration("1s");

/** Between two questions, in milliseconds: few enough, and no part of a measure. */
const pause = 50;

/**
 * Waits until a server is older than a lease: what is stored before lives shorter, and is read by a script. A server
 * tells its age in whole seconds, of which the backend adds one to be sure.
 */
export async function untilSettled(url: string): Promise<void> {
  const raw = await connect(url);
  for (;;) {
    const uptime = Number(/uptime_in_seconds:(\d+)/.exec(String(await raw.send(["INFO", "server"])))?.[1]);
    if (uptime * 1_000 > lease + 2_000) break;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  raw.close();
}

/** A server that has settled, a backend on it, and the plain commands beside that. */
export interface Settled {
  readonly url: string;
  readonly prefix: string;
  readonly backend: RedisBackend;
  readonly raw: Raw;
  readonly close: () => Promise<void>;
}

/** Waits for the server of a case, and connects to it in both ways. */
export async function openSettled({ url, prefix }: NonNullable<Ground["redis"]>): Promise<Settled> {
  await untilSettled(url);
  const backend = redisBackend({ url });
  const raw = await connect(url);
  const close = async (): Promise<void> => {
    await backend.close();
    raw.close();
  };
  return { url, prefix, backend, raw, close };
}
