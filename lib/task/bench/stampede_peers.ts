import { peers } from "../peers/peers.ts";
import { cachifiedOnRedis, type RedisPeer } from "./redis_peers.ts";

/** A cache that many read at once. */
export interface Stampeded extends AsyncDisposable {
  readonly name: string;
  readonly get: (key: string) => Promise<string | undefined>;
}

/** What caches are connected to. */
export interface StampededSettings {
  readonly port: number;
  readonly prefix: string;
  readonly load: (key: string) => Promise<string>;
}

const ttl = 3_600_000;

/** This package, with and without a tier in memory: what was asked for is asked of both. */
export const ours: ReadonlyArray<string> = peers.flatMap(({ name }) => name.startsWith("lamina") ? [name] : []);

/** All that are compared. keyv is not: it has no read that loads, so every caller would load by itself. */
export const stampeded: ReadonlyArray<string> = [...peers.map(({ name }) => name), "cachified"];

/**
 * The libraries of `lib/task/peers`, each with the tiers and messages between processes that its documentation sets up
 * (the page stands in its file). None of them has a lock between processes: bentocache's (its page "Stampede protection",
 * https://bentocache.dev/docs/stampede-protection) and cacheable's are within one, and so is what cachified's README calls
 * deduplication of pending values.
 */
export async function openStampeded({ port, prefix, load }: StampededSettings): Promise<ReadonlyArray<Stampeded>> {
  const nodes = await Promise.all(peers.map(async ({ name, connect }, i): Promise<Stampeded> => {
    const node = await connect({ port, busPort: port, namespace: `${prefix}n${i}`, ttl, load });
    return { name, get: (key) => node.get(key), [Symbol.asyncDispose]: () => node[Symbol.asyncDispose]() };
  }));
  return [...nodes, await ofCachified({ port, prefix, load })];
}

async function ofCachified({ port, prefix, load }: StampededSettings): Promise<Stampeded> {
  const peer: RedisPeer = await cachifiedOnRedis({
    url: `redis://127.0.0.1:${port}`,
    prefix,
    ttl,
    load: async (key) => ({ id: 0, name: key, text: await load(key) }),
  });
  return {
    name: "cachified",
    get: async (key) => (await peer.get(key))?.text,
    [Symbol.asyncDispose]: async () => void await peer.close(),
  };
}
