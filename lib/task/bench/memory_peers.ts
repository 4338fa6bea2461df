import type { Cache, CacheEntry } from "@epic-web/cachified";
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

/**
 * Whether a library is set up as its documentation begins, or with the settings that it names for more speed: what is read
 * is then the object that was stored, and no copy of it.
 */
type Setting = "usual" | "quick";

/** The libraries, filled through what they themselves read. */
export async function openMemoryPeers(configuration: MemoryConfiguration): Promise<ReadonlyArray<MemoryPeer>> {
  const opened: Array<MemoryPeer> = [];
  for (const open of [layeredLoader, keyv, cacheManager, bentocache, cacheable]) {
    for (const setting of ["usual", "quick"] as const) opened.push(await open(configuration, setting));
  }
  opened.push(await cachified(configuration), await dataloader(configuration));
  for (const { get } of opened) for (const key of configuration.rows.keys()) await get(key);
  return opened;
}

function named(name: string, setting: Setting, quick: string): string {
  return setting === "usual" ? name : `${name}, ${quick}`;
}

/**
 * "Basic example" of its README (https://github.com/kibertoad/layered-loader) with its `inMemoryCache` alone, which says
 * there that FIFO is quicker.
 */
async function layeredLoader({ rows, ttl }: MemoryConfiguration, setting: Setting): Promise<MemoryPeer> {
  const { Loader } = await import("layered-loader");
  const cacheType = setting === "usual" ? "lru-map" : "fifo-map";
  const loader = new Loader<Row>({
    inMemoryCache: { cacheType, ttlInMsecs: ttl, maxItems: rows.size },
    dataSourceGetOneFn: (key: string) => Promise.resolve(rows.get(key)),
  });
  return {
    name: named("layered-loader get", setting, "FIFO"),
    get: (key) => loader.get(key),
    close: nothing,
  };
}

/** What is used of keyv 6. */
interface KeyvModule {
  readonly Keyv: new <V>(options: { readonly ttl: number; readonly serialization?: false }) => {
    readonly get: (key: string) => Promise<V | undefined>;
    readonly set: (key: string, value: V) => Promise<unknown>;
    readonly disconnect: () => Promise<unknown>;
  };
}

/**
 * Not written where it is imported: if Deno saw both versions in one graph, it would take the newer one for the `^5.6.0`
 * that `@keyv/redis` asks for, wherever no lock file says otherwise.
 */
const newestKeyv: string = "keyv-6";

/**
 * "Usage" of its README (https://keyv.org/docs/keyv): the default store is a Map, in which, by "Disabling Serialization",
 * nothing has to be serialized. This is keyv 6; the libraries that stand on keyv bring version 5.
 */
async function keyv({ rows, ttl }: MemoryConfiguration, setting: Setting): Promise<MemoryPeer> {
  const { Keyv }: KeyvModule = await import(newestKeyv);
  const store = new Keyv<Row>({ ttl, ...(setting === "usual" ? {} : { serialization: false }) });
  for (const [key, row] of rows) await store.set(key, row);
  return {
    name: named("keyv get", setting, "not serialized"),
    get: (key) => store.get(key),
    close: () => store.disconnect(),
  };
}

/**
 * "Quick start" of its README (https://cacheable.org/docs/cache-manager), with `CacheableMemory` as it advises, whose
 * README (https://cacheable.org/docs/cacheable-memory) has no clones for the same reference; and with Keyv not
 * serializing, as the former says for values that are no JSON.
 */
async function cacheManager({ rows, ttl }: MemoryConfiguration, setting: Setting): Promise<MemoryPeer> {
  const { createCache } = await import("cache-manager");
  const cache = createCache({ ttl, stores: [await cacheableMemory({ rows, ttl }, setting)] });
  const load = (key: string) => () => Promise.resolve(rows.get(key));
  return {
    name: named("cache-manager wrap", setting, "no clones"),
    get: (key) => cache.wrap(key, load(key)),
    close: () => cache.disconnect(),
  };
}

async function cacheableMemory({ rows, ttl }: MemoryConfiguration, setting: Setting) {
  const { CacheableMemory } = await import("cacheable");
  const { Keyv } = await import("keyv");
  const store = new CacheableMemory({ ttl, lruSize: rows.size, useClone: setting === "usual" });
  const keyv = new Keyv({ store });
  if (setting === "quick") {
    keyv.serialize = undefined;
    keyv.deserialize = undefined;
  }
  return keyv;
}

/**
 * "Memory" under its page "Drivers" (https://bentocache.dev/docs/cache-drivers), read by its `getOrSet`; `serialize: false`
 * is "Serialize option" there.
 */
async function bentocache({ rows, ttl }: MemoryConfiguration, setting: Setting): Promise<MemoryPeer> {
  const { BentoCache, bentostore } = await import("bentocache");
  const { memoryDriver } = await import("bentocache/drivers/memory");
  const driver = memoryDriver({ maxItems: rows.size, serialize: setting === "usual" });
  const bento = new BentoCache({ default: "memory", ttl, stores: { memory: bentostore().useL1Layer(driver) } });
  return {
    name: named("bentocache getOrSet", setting, "not serialized"),
    get: (key) => bento.getOrSet({ key, factory: () => rows.get(key) }),
    close: () => bento.disconnectAll(),
  };
}

/** "Get Or Set Memoization Function" of its page (https://cacheable.org/docs/cacheable), with its primary store alone. */
async function cacheable({ rows, ttl }: MemoryConfiguration, setting: Setting): Promise<MemoryPeer> {
  const { Cacheable } = await import("cacheable");
  const cache = new Cacheable({ ttl, primary: await cacheableMemory({ rows, ttl }, setting) });
  const load = (key: string) => () => Promise.resolve(rows.get(key)!);
  return {
    name: named("cacheable getOrSet", setting, "no clones"),
    get: (key) => cache.getOrSet(key, load(key)),
    close: () => cache.disconnect(),
  };
}

/** "Usage" of its README (https://github.com/epicweb-dev/cachified), with lru-cache as it is adapted there. */
async function cachified({ rows, ttl }: MemoryConfiguration): Promise<MemoryPeer> {
  const { cachified, totalTtl } = await import("@epic-web/cachified");
  const { LRUCache } = await import("lru-cache");
  const lru = new LRUCache<string, CacheEntry>({ max: rows.size });
  const cache: Cache = {
    get: (key) => lru.get(key),
    set: (key, entry) => {
      const ttl = totalTtl(entry.metadata);
      return lru.set(key, entry, ttl === Infinity ? {} : { ttl, start: entry.metadata.createdTime });
    },
    delete: (key) => lru.delete(key),
  };
  const get = (key: string) => cachified<Row | undefined>({ key, cache, ttl, getFreshValue: () => rows.get(key) });
  return { name: "cachified", get, close: nothing };
}

/**
 * "Caching" of its README (https://github.com/graphql/dataloader): one loader remembers what it loaded, without an end and
 * without a bound. It advises one loader a request; what is measured is a request that reads what it has read before.
 */
async function dataloader({ rows }: MemoryConfiguration): Promise<MemoryPeer> {
  const { default: DataLoader } = await import("dataloader");
  const loader = new DataLoader<string, Row | undefined>((keys) => Promise.resolve(keys.map((key) => rows.get(key))));
  return { name: "dataloader load", get: (key) => loader.load(key), close: nothing };
}

const nothing = (): Promise<void> => Promise.resolve();
