import type { Redis as Ioredis, RedisOptions } from "ioredis";
import { type Connection, type Peer, type PeerNode, tellAfter } from "./peer.ts";

/** Its two tiers with its bus. */
export const bentocache: Peer = {
  name: "bentocache",
  about: "bentocache 1.6 on ioredis: memory, Redis, Redis bus",
  connect,
};

/**
 * As its page "Multi Tier" (https://bentocache.dev/docs/multi-tier) sets it up: `useL1Layer`, `useL2Layer`, `useBus`. A
 * row that was changed is deleted from the cache as under "Invalidating the cache" of its page "Quick setup".
 *
 * It asks for ioredis 5; ioredis 6 with `protocol: 2` speaks as that did.
 */
async function connect({ port, busPort, namespace, ttl, load }: Connection): Promise<PeerNode> {
  const { BentoCache, bentostore } = await import("bentocache");
  const { memoryDriver } = await import("bentocache/drivers/memory");
  const { redisBusDriver, redisDriver } = await import("bentocache/drivers/redis");
  const { Redis } = await import("ioredis");
  const connections: Array<Ioredis> = [];
  // The bus duplicates the connection that it is given; all of them get a listener, or what breaks would be printed.
  const keep = (connection: Ioredis): Ioredis => {
    connections.push(connection.on("error", () => {}));
    const duplicate = connection.duplicate.bind(connection);
    return Object.assign(connection, { duplicate: (override?: RedisOptions) => keep(duplicate(override)) });
  };
  const open = (port: number) => keep(new Redis({ host: "127.0.0.1", port, protocol: 2, lazyConnect: true }));
  const bento = new BentoCache({
    default: namespace,
    prefix: namespace,
    ttl,
    stores: {
      [namespace]: bentostore()
        .useL1Layer(memoryDriver({ maxSize: "10mb" }))
        .useL2Layer(redisDriver({ connection: open(port) }))
        .useBus(redisBusDriver({ connection: open(busPort) })),
    },
  });
  return {
    get: (key, deadline) =>
      bento.getOrSet<string>({
        key,
        factory: () => load(key),
        ...(deadline === undefined ? {} : { hardTimeout: deadline }),
      }),
    getMany: "it has no getMany",
    write: (change) =>
      tellAfter(change, {
        set: (key, value) => bento.set({ key, value }),
        delete: (key) => bento.delete({ key }),
      }),
    clear: () => bento.clear(),
    // Closing the cache waits for a server that may be gone.
    [Symbol.asyncDispose]: () => Promise.resolve(connections.forEach((connection) => connection.disconnect())),
  };
}
