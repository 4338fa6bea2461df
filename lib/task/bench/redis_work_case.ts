import { pipe } from "fp-ts/lib/function.js";
import type { Store } from "../../../mod.ts";
import { shared, source } from "../../../mod.ts";
import { redisBackend } from "../../backend/redis/mod.ts";
import type { Case, Comparison, Count } from "./comparison.ts";
import { type Document, documentCodec, makeDocument } from "./document.ts";
import { inSequence } from "./lanes.ts";
import { connect, type Raw } from "./raw_redis.ts";
import { lease, untilSettled } from "./redis_tier.ts";
import { countCosts } from "./round_trips.ts";

/** What the source answers; it takes no time, so that what is measured is what the tier adds. */
const document = makeDocument(1, 100);

/** What misses and writes on Redis cost. */
export const redisWorkCase: Case = {
  name: "redis-work",
  about: "misses and writes on Redis: their round trips, counted, and their time beside the plain commands",
  needs: "redis",
  open: async ({ redis }) => {
    const { url, prefix } = redis!;
    await untilSettled(url);
    const backend = redisBackend({ url });
    const raw = await connect(url);
    const store = (probe: "look" | "claim"): Store<string, Document> =>
      pipe(
        source({
          load: (keys: ReadonlyArray<string>) => Promise.resolve(keys.map(() => document)),
          save: () => Promise.resolve(),
          commit: "500ms",
        }),
        shared({ backend, name: prefix, codec: documentCodec, ttl: "60s", lease, probe }),
      );
    return {
      counts: await tripsOf(url, `${prefix}c`),
      comparisons: [missing(raw, prefix, store), writing(raw, prefix, store("look"))],
      [Symbol.asyncDispose]: async () => {
        await backend.close();
        raw.close();
      },
    };
  },
};

async function tripsOf(url: string, name: string): Promise<ReadonlyArray<Count>> {
  const costs = await countCosts(url, name);
  const count = (title: keyof typeof costs, wanted: number): Count => ({
    title: `${title} on Redis`,
    wanted,
    received: costs[title].trips,
    unit: "trips",
  });
  return [
    count("a hit", 1),
    count("a miss, claiming first", 2),
    count("a miss, looking first", 3),
    count("getMany of 1000, all hits", 1),
    count("getMany of 1000, all misses", 3),
    count("a put", 2),
    count("the read after a put", 1),
  ];
}

function missing(raw: Raw, prefix: string, store: (probe: "look" | "claim") => Store<string, Document>): Comparison {
  // Nothing is missing twice.
  let next = 0;
  const through = (tier: Store<string, Document>) => (count: number): Promise<number> =>
    inSequence(count, async () => {
      const read = await tier.get(`m${next++}`)();
      return read._tag === "Right" && read.right._tag === "Some" ? read.right.value.id : NaN;
    });
  return {
    title: "miss and fill on Redis, in sequence",
    floor: {
      name: "GET, load, SET",
      run: (count) =>
        inSequence(count, async () => {
          const name = `raw:${prefix}:${next++}`;
          await raw.send(["GET", name]);
          const loaded = await Promise.resolve(document);
          await raw.set(name, loaded);
          return loaded.id;
        }),
    },
    contenders: [
      { name: "get, claiming first", run: through(store("claim")) },
      { name: "get, looking first", run: through(store("look")) },
    ],
  };
}

function writing(raw: Raw, prefix: string, store: Store<string, Document>): Comparison {
  return {
    title: "write on Redis, in sequence",
    floor: {
      name: "SET a lock, save, DEL",
      run: (count) =>
        inSequence(count, async (index) => {
          const name = `raw:${prefix}:lock${index % 100}`;
          await raw.send(["SET", name, "token", "NX", "PX", "10000"]);
          await Promise.resolve();
          await raw.send(["DEL", name]);
          return 1;
        }),
    },
    contenders: [{
      name: "put, and the value is published",
      run: (count) =>
        inSequence(count, async (index) => (await store.put(`w${index % 100}`, document)())._tag === "Right" ? 1 : NaN),
    }],
  };
}
