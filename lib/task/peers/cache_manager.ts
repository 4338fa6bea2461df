import { type Connection, type Peer, type PeerNode, tellAfter } from "./peer.ts";

/** Its two tiers; it has no messages between nodes. */
export const cacheManager: Peer = {
  name: "cache-manager",
  about: "cache-manager 7.2, keyv 5.6, @keyv/redis 5.1: memory, Redis; it has no bus",
  connect,
};

/**
 * As its README (https://cacheable.org/docs/cache-manager) sets up layers 1 and 2 under "Quick start": a Keyv over
 * `CacheableMemory`, then a Keyv over `KeyvRedis`; reads are its `wrap`.
 */
async function connect({ port, namespace, ttl, load }: Connection): Promise<PeerNode> {
  const { createCache } = await import("cache-manager");
  const { CacheableMemory } = await import("cacheable");
  const { Keyv } = await import("keyv");
  const { default: KeyvRedis } = await import("@keyv/redis");
  const redis = new KeyvRedis(`redis://127.0.0.1:${port}`, { namespace });
  const stores = [
    new Keyv({ store: new CacheableMemory({ ttl, lruSize: 5_000 }), namespace }),
    new Keyv({ store: redis, namespace }),
  ];
  for (const store of stores) store.on("error", () => {});
  const cache = createCache({ stores, ttl });
  return {
    get: (key) => cache.wrap(key, () => load(key)),
    // There is no read-through for many keys: what every caller writes then.
    getMany: async (keys) => {
      const held = await cache.mget<string>([...keys]);
      const missing = keys.filter((_, i) => held[i] === undefined);
      await cache.mset(await Promise.all(missing.map(async (key) => ({ key, value: await load(key) }))));
    },
    write: (change) =>
      tellAfter(change, {
        set: (key, value) => cache.set(key, value),
        delete: (key) => cache.del(key),
      }),
    clear: () => cache.clear(),
    [Symbol.asyncDispose]: () => cache.disconnect(),
  };
}
