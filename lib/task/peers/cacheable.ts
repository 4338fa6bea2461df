import { EventEmitter } from "node:events";
import { type Connection, type Peer, type PeerNode, tellAfter } from "./peer.ts";

/** Its two tiers with its synchronization. */
export const cacheable: Peer = {
  name: "cacheable",
  about: "cacheable 2.5, @keyv/redis 5.1, @qified/redis 0.10: memory, Redis, sync over Redis",
  connect,
};

/**
 * As its page (https://cacheable.org/docs/cacheable) has it: "Basic Usage" for `secondary`, "CacheableSync - Distributed
 * Updates" for `sync` by the message provider of Redis, "Get Or Set Memoization Function" for reads.
 */
async function connect({ port, busPort, namespace, ttl, load }: Connection): Promise<PeerNode> {
  const { Cacheable } = await import("cacheable");
  const { default: KeyvRedis } = await import("@keyv/redis");
  const { RedisMessageProvider } = await import("@qified/redis");
  const messages = new RedisMessageProvider({ uri: `redis://127.0.0.1:${busPort}` });
  // Its two clients have no listener for errors either, and no way to give them one.
  for (const client of Object.values(messages)) if (client instanceof EventEmitter) client.on("error", () => {});
  const cache = new Cacheable({
    namespace,
    ttl,
    secondary: new KeyvRedis(`redis://127.0.0.1:${port}`),
    sync: { qified: messages },
  });
  // Its errors are events, and an event without a listener would end the process.
  cache.on("error", () => {});
  return {
    get: (key) => cache.getOrSet<string>(key, () => load(key), { ttl }),
    // There is no read-through for many keys: what every caller writes then.
    getMany: async (keys) => {
      const held = await cache.getMany<string>([...keys]);
      const missing = keys.filter((_, i) => held[i] === undefined);
      const loaded = await Promise.all(missing.map(async (key) => ({ key, value: await load(key) })));
      await cache.setMany(loaded);
    },
    write: (change) =>
      tellAfter(change, {
        set: (key, value) => cache.set(key, value),
        delete: (key) => cache.delete(key),
      }),
    clear: () => cache.clear(),
    [Symbol.asyncDispose]: () => cache.disconnect(),
  };
}
