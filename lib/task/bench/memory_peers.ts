import type { CacheEntry } from "@epic-web/cachified";
import type { Row } from "./memory_loops.ts";

/** What other libraries keep in memory is configured for: so many entries, which do not expire meanwhile. */
export interface MemoryConfiguration {
  readonly rows: ReadonlyMap<string, Row>;
  /** Milliseconds. */
  readonly ttl: number;
}

/** A library with every row in its memory. */
export interface MemoryPeer {
  readonly name: string;
  readonly get: (key: string) => Promise<Row | null | undefined> | Row | undefined;
  readonly close: () => Promise<unknown>;
}

/** How many times our cost theirs is expected to be: one of them is known to be quick. */
export function behindOf({ name }: MemoryPeer): number {
  return name.startsWith("layered-loader") ? 1.5 : 4;
}

/** The libraries, filled through what they themselves read. */
export async function openMemoryPeers(configuration: MemoryConfiguration): Promise<ReadonlyArray<MemoryPeer>> {
  const opened = [
    await layeredLoader(configuration),
    await keyv(configuration),
    await cacheManager(configuration),
    await bentocache(configuration),
    await cacheable(configuration),
    await cachified(configuration),
  ];
  for (const { get } of opened) for (const key of configuration.rows.keys()) await get(key);
  return opened;
}

/** "In-memory cache" of its README (https://github.com/kibertoad/layered-loader). */
async function layeredLoader({ rows, ttl }: MemoryConfiguration): Promise<MemoryPeer> {
  const { Loader } = await import("layered-loader");
  const loader = new Loader<Row>({
    inMemoryCache: { cacheType: "lru-map", ttlInMsecs: ttl, maxItems: rows.size },
    dataSourceGetOneFn: (key: string) => Promise.resolve(rows.get(key)),
  });
  return { name: "layered-loader get", get: (key) => loader.get(key), close: nothing };
}

/** "Usage" of its README (https://keyv.org/docs/keyv): the default store is a Map. */
async function keyv({ rows, ttl }: MemoryConfiguration): Promise<MemoryPeer> {
  const { Keyv } = await import("keyv");
  const store = new Keyv<Row>({ ttl });
  for (const [key, row] of rows) await store.set(key, row);
  return { name: "keyv get", get: (key) => store.get<Row>(key), close: () => store.disconnect() };
}

/** "Quick start" of its README (https://cacheable.org/docs/cache-manager), with `CacheableMemory` as it advises. */
async function cacheManager({ rows, ttl }: MemoryConfiguration): Promise<MemoryPeer> {
  const { createCache } = await import("cache-manager");
  const { CacheableMemory } = await import("cacheable");
  const { Keyv } = await import("keyv");
  const cache = createCache({ ttl, stores: [new Keyv({ store: new CacheableMemory({ ttl, lruSize: rows.size }) })] });
  const load = (key: string) => () => Promise.resolve(rows.get(key));
  return { name: "cache-manager wrap", get: (key) => cache.wrap(key, load(key)), close: () => cache.disconnect() };
}

/** "Memory" under its page "Drivers" (https://bentocache.dev/docs/cache-drivers), read by its `getOrSet`. */
async function bentocache({ rows, ttl }: MemoryConfiguration): Promise<MemoryPeer> {
  const { BentoCache, bentostore } = await import("bentocache");
  const { memoryDriver } = await import("bentocache/drivers/memory");
  const stores = { memory: bentostore().useL1Layer(memoryDriver({ maxItems: rows.size })) };
  const bento = new BentoCache({ default: "memory", ttl, stores });
  const get = (key: string) => bento.getOrSet({ key, factory: () => rows.get(key) });
  return { name: "bentocache getOrSet", get, close: () => bento.disconnectAll() };
}

/** "Get Or Set Memoization Function" of its page (https://cacheable.org/docs/cacheable), with its primary store alone. */
async function cacheable({ rows, ttl }: MemoryConfiguration): Promise<MemoryPeer> {
  const { Cacheable, CacheableMemory } = await import("cacheable");
  const { Keyv } = await import("keyv");
  const primary = new Keyv({ store: new CacheableMemory({ ttl, lruSize: rows.size }) });
  const cache = new Cacheable({ ttl, primary });
  const load = (key: string) => () => Promise.resolve(rows.get(key)!);
  return { name: "cacheable getOrSet", get: (key) => cache.getOrSet(key, load(key)), close: () => cache.disconnect() };
}

/** The first example of its README (https://github.com/epicweb-dev/cachified), on lru-cache. */
async function cachified({ rows, ttl }: MemoryConfiguration): Promise<MemoryPeer> {
  const { cachified } = await import("@epic-web/cachified");
  const { LRUCache } = await import("lru-cache");
  const cache = new LRUCache<string, CacheEntry>({ max: rows.size });
  const get = (key: string) => cachified<Row | undefined>({ key, cache, ttl, getFreshValue: () => rows.get(key) });
  return { name: "cachified", get, close: nothing };
}

const nothing = (): Promise<void> => Promise.resolve();
