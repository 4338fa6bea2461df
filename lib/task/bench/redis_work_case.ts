import { setImmediate } from "node:timers";
import { pipe } from "fp-ts/lib/function.js";
import type { Store } from "../../../mod.ts";
import { shared, source } from "../../../mod.ts";
import type { Case, Comparison, Contender, Count } from "./comparison.ts";
import { type Document, documentCodec, makeDocument } from "./document.ts";
import { inLanes, inSequence, waves } from "./lanes.ts";
import type { Raw } from "./raw_redis.ts";
import { openRedisPeers, type RedisPeer } from "./redis_peers.ts";
import { lease, openSettled } from "./redis_tier.ts";
import { countCosts } from "./round_trips.ts";

/** What the source answers; it takes no time, so that what is measured is what the tier adds. */
const document = makeDocument(1, 100);

/** What misses and writes on Redis cost. */
export const redisWorkCase: Case = {
  name: "redis-work",
  about: "misses and writes on Redis: their round trips, counted, and their time beside the plain commands",
  needs: "redis",
  open: async ({ redis }) => {
    const { url, prefix, backend, raw, close } = await openSettled(redis!);
    const stores: Stores = (probe) =>
      pipe(
        source({
          load: (keys: ReadonlyArray<string>) => Promise.resolve(keys.map(() => document)),
          save,
          commit: "500ms",
        }),
        shared({ backend, name: prefix, codec: documentCodec, ttl: "60s", lease, probe }),
      );
    const load = () => Promise.resolve(document);
    const peers = await openRedisPeers({ url, prefix: `${prefix}p`, ttl: 60_000, load });
    return {
      counts: await tripsOf(url, `${prefix}c`),
      comparisons: [...missing(raw, prefix, stores, peers), writing(raw, prefix, stores("look"))],
      [Symbol.asyncDispose]: async () => {
        for (const peer of peers) await peer.close();
        await close();
      },
    };
  },
};

/** The tier, by how a read of one key begins. */
type Stores = (probe: "look" | "auto" | "claim") => Store<string, Document>;

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
    { title: "loads by the read after a put", wanted: 0, received: costs["the read after a put"].loads, unit: "loads" },
    { title: "loads by a miss", wanted: 1, received: costs["a miss, claiming first"].loads, unit: "loads" },
  ];
}

/** How many misses are under way at once, and what they may cost. */
const widths: ReadonlyArray<readonly [lanes: number, target: number]> = [[1, 1.2], [64, 1.6]];

function missing(raw: Raw, prefix: string, stores: Stores, peers: ReadonlyArray<RedisPeer>): ReadonlyArray<Comparison> {
  // Nothing is missing twice.
  let next = 0;
  return widths.map(([lanes, target]) => {
    const doing = (one: () => Promise<number>): Pick<Contender, "run" | "least"> => ({
      run: (count) => lanes === 1 ? inSequence(count, one) : inLanes(lanes, count, one),
      least: lanes === 1 ? 1 : lanes * waves,
    });
    const through = (tier: Store<string, Document>) =>
      doing(async () => {
        const read = await tier.get(`m${next++}`)();
        return read._tag === "Right" && read.right._tag === "Some" ? read.right.value.id : NaN;
      });
    return {
      title: `miss and fill on Redis, ${lanes} at once`,
      floor: {
        name: "GET, load, SET",
        ...doing(async () => {
          const name = `raw:${prefix}:${next++}`;
          await raw.send(["GET", name]);
          const loaded = await Promise.resolve(document);
          await raw.set(name, loaded);
          return loaded.id;
        }),
      },
      contenders: [
        { name: "get, claiming first", target, ...through(stores("claim")) },
        { name: "get, auto", ...through(stores("auto")) },
        { name: "get, looking first", ...through(stores("look")) },
        ...peers.map(({ name, get }) => ({
          name,
          behind: "shown" as const,
          ...doing(async () => (await get(`m${next++}`))?.id ?? NaN),
        })),
      ],
    };
  });
}

/** How long a save takes, in milliseconds. */
const saving = 1;

/**
 * A save as a source in another process has it: it takes its time, and this process can do something else meanwhile. A
 * timer of one millisecond comes after two, so the time is waited for turn by turn.
 */
async function save(): Promise<void> {
  const end = performance.now() + saving;
  while (performance.now() < end) await new Promise((resolve) => setImmediate(resolve));
}

function writing(raw: Raw, prefix: string, store: Store<string, Document>): Comparison {
  return {
    title: `write on Redis, in sequence, a save of ${saving} ms`,
    floor: {
      name: "SET a lock, save, DEL",
      run: (count) =>
        inSequence(count, async (index) => {
          const name = `raw:${prefix}:lock${index % 100}`;
          await raw.send(["SET", name, "token", "NX", "PX", "10000"]);
          await save();
          await raw.send(["DEL", name]);
          return 1;
        }),
    },
    contenders: [{
      name: "put, and the value is published",
      target: 1.2,
      run: (count) =>
        inSequence(count, async (index) => (await store.put(`w${index % 100}`, document)())._tag === "Right" ? 1 : NaN),
    }],
  };
}
