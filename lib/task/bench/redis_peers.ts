import type { CacheEntry } from "@epic-web/cachified";
import type { Document } from "./document.ts";

/** What another library is given: a server, names of its own, and where values come from. */
export interface RedisConfiguration {
  readonly url: string;
  readonly prefix: string;
  /** Milliseconds. */
  readonly ttl: number;
  readonly load: (key: string) => Promise<Document>;
}

/** A library on Redis alone, without a tier in memory. */
export interface RedisPeer {
  readonly name: string;
  /** Reads through the cache. */
  readonly get: (key: string) => Promise<Document | null | undefined>;
  readonly close: () => Promise<unknown>;
}

/** The libraries, connected. */
export async function openRedisPeers(configuration: RedisConfiguration): Promise<ReadonlyArray<RedisPeer>> {
  return [
    await layeredLoader(configuration),
    await keyv(configuration),
    await cacheManager(configuration),
    await bentocache(configuration),
    await cacheable(configuration),
    await cachifiedOnRedis(configuration),
  ];
}

async function ioredis(url: string, protocol: 2 | 3 = 3) {
  const { Redis } = await import("ioredis");
  const redis = new Redis({ port: Number(new URL(url).port), host: new URL(url).hostname, protocol });
  redis.on("error", () => {});
  return redis;
}

/** "Basic example" of its README (https://github.com/kibertoad/layered-loader), with its `asyncCache` alone. */
async function layeredLoader({ url, prefix, ttl, load }: RedisConfiguration): Promise<RedisPeer> {
  const { Loader, RedisCache } = await import("layered-loader");
  const redis = await ioredis(url);
  const loader = new Loader<Document>({
    asyncCache: new RedisCache<Document>(redis, { json: true, prefix: `${prefix}l`, ttlInMsecs: ttl }),
    dataSourceGetOneFn: load,
  });
  return {
    name: "layered-loader get",
    get: (key) => loader.get(key),
    close: () => Promise.resolve(redis.disconnect()),
  };
}

/**
 * "Usage" of its adapter's README (https://keyv.org/docs/storage-adapters/redis); a miss is loaded and set by the caller.
 * This is keyv 5: the newest `@keyv/redis` has `keyv ^5.6` as its peer, and keyv 6 is measured in memory.
 */
async function keyv({ url, prefix, ttl, load }: RedisConfiguration): Promise<RedisPeer> {
  const { createKeyv } = await import("@keyv/redis");
  const store = createKeyv(url, { namespace: `${prefix}k` });
  store.on("error", () => {});
  return {
    name: "keyv get",
    get: async (key) => {
      const found = await store.get<Document>(key);
      if (found !== undefined) return found;
      const loaded = await load(key);
      await store.set(key, loaded, ttl);
      return loaded;
    },
    close: () => store.disconnect(),
  };
}

/** "Quick start" of its README (https://cacheable.org/docs/cache-manager) with a Keyv over `KeyvRedis`, read by `wrap`. */
async function cacheManager({ url, prefix, ttl, load }: RedisConfiguration): Promise<RedisPeer> {
  const { createCache } = await import("cache-manager");
  const { createKeyv } = await import("@keyv/redis");
  const cache = createCache({ ttl, stores: [createKeyv(url, { namespace: `${prefix}m` })] });
  cache.on("get", () => {});
  return {
    name: "cache-manager wrap",
    get: (key) => cache.wrap(key, () => load(key)),
    close: () => cache.disconnect(),
  };
}

/** "Redis" under its page "Drivers" (https://bentocache.dev/docs/cache-drivers), its second layer alone. */
async function bentocache({ url, prefix, ttl, load }: RedisConfiguration): Promise<RedisPeer> {
  const { BentoCache, bentostore } = await import("bentocache");
  const { redisDriver } = await import("bentocache/drivers/redis");
  const redis = await ioredis(url, 2);
  const stores = { redis: bentostore().useL2Layer(redisDriver({ connection: redis })) };
  const bento = new BentoCache({ default: "redis", prefix: `${prefix}b`, ttl, stores });
  return {
    name: "bentocache getOrSet",
    get: (key) => bento.getOrSet({ key, factory: () => load(key) }),
    close: () => Promise.resolve(redis.disconnect()),
  };
}

/** "Get Or Set Memoization Function" of its page (https://cacheable.org/docs/cacheable), Redis as its primary store. */
async function cacheable({ url, prefix, ttl, load }: RedisConfiguration): Promise<RedisPeer> {
  const { Cacheable } = await import("cacheable");
  const { createKeyv } = await import("@keyv/redis");
  const cache = new Cacheable({ ttl, primary: createKeyv(url, { namespace: `${prefix}c` }) });
  cache.on("error", () => {});
  return {
    name: "cacheable getOrSet",
    get: (key) => cache.getOrSet(key, () => load(key)),
    close: () => cache.disconnect(),
  };
}

/** The adapter for Redis of its README (https://github.com/epicweb-dev/cachified), as it is written there. */
export async function cachifiedOnRedis({ url, prefix, ttl, load }: RedisConfiguration): Promise<RedisPeer> {
  const { cachified } = await import("@epic-web/cachified");
  const redis = await ioredis(url);
  const cache = {
    get: async (key: string): Promise<CacheEntry | null> => {
      const value = await redis.get(key);
      return value === null ? null : JSON.parse(value);
    },
    set: async (key: string, entry: CacheEntry): Promise<void> => {
      const { ttl, swr, createdTime } = entry.metadata;
      const until = ttl == null ? undefined : createdTime + ttl + (swr ?? 0);
      await (until === undefined
        ? redis.set(key, JSON.stringify(entry))
        : redis.set(key, JSON.stringify(entry), "PXAT", until));
    },
    delete: async (key: string): Promise<void> => void await redis.del(key),
  };
  return {
    name: "cachified",
    get: (key) => cachified({ key: `${prefix}e${key}`, cache, ttl, getFreshValue: () => load(key) }),
    close: () => Promise.resolve(redis.disconnect()),
  };
}
