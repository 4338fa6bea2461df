import { type Connection, type Peer, type PeerNode, tellAfter } from "./peer.ts";

/** Its two tiers with its notifications. */
export const layeredLoader: Peer = {
  name: "layered-loader",
  about: "layered-loader 16.1 on ioredis 6: memory, Redis, Redis notifications",
  connect,
};

interface Row {
  readonly id: string;
  readonly value: string;
}

/**
 * As its README (https://github.com/kibertoad/layered-loader) has it: "Basic example" for the tiers, "Update
 * notifications" for the pair of publisher and consumer, each with a connection of its own; a row that was changed is
 * told by `forceSetValue` ("Forcing a specific value") or `invalidateCacheFor`.
 */
async function connect({ port, busPort, namespace, ttl, load }: Connection): Promise<PeerNode> {
  const { createNotificationPair, Loader, RedisCache } = await import("layered-loader");
  const { Redis } = await import("ioredis");
  const open = (port: number) => new Redis({ host: "127.0.0.1", port });
  const connections = [open(port), open(busPort), open(busPort)] as const;
  // A connection that breaks is an event, which would be printed.
  for (const connection of connections) connection.on("error", () => {});
  const { publisher, consumer } = createNotificationPair<Row>({
    channel: `${namespace}-notifications`,
    publisherRedis: connections[1],
    consumerRedis: connections[2],
    errorHandler: () => {},
  });
  const rowOf = async (id: string): Promise<Row> => ({ id, value: await load(id) });
  const loader = new Loader<Row>({
    inMemoryCache: { cacheType: "lru-map", ttlInMsecs: ttl, maxItems: 5_000 },
    asyncCache: new RedisCache<Row>(connections[0], { json: true, prefix: namespace, ttlInMsecs: ttl }),
    dataSourceGetOneFn: rowOf,
    dataSourceGetManyFn: (ids: Array<string>) => Promise.all(ids.map(rowOf)),
    cacheKeyFromValueResolver: ({ id }) => id,
    notificationConsumer: consumer,
    notificationPublisher: publisher,
    loadErrorHandler: () => {},
    cacheUpdateErrorHandler: () => {},
  });
  await loader.init();
  return {
    get: async (key) => (await loader.get(key))?.value,
    getMany: (keys) => loader.getMany([...keys]),
    write: (change) =>
      tellAfter(change, {
        set: (id, value) => loader.forceSetValue(id, { id, value }),
        delete: (id) => loader.invalidateCacheFor(id),
      }),
    clear: () => loader.invalidateCache(),
    // Closing the loader waits for a server that may be gone.
    [Symbol.asyncDispose]: () => Promise.resolve(connections.forEach((connection) => connection.disconnect())),
  };
}
