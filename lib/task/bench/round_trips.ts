import { pipe } from "fp-ts/lib/function.js";
import type { Store } from "../../../mod.ts";
import { shared, source } from "../../../mod.ts";
import { redisBackend } from "../../backend/redis/mod.ts";
import { openProxy } from "./counting_proxy.ts";
import { type Document, documentCodec, makeDocument } from "./document.ts";
import { lease } from "./redis_tier.ts";

/** What an operation cost. */
export interface Cost {
  readonly trips: number;
  readonly loads: number;
  readonly saves: number;
}

/** What is counted of a tier on Redis. */
export interface Costs {
  readonly "a hit": Cost;
  readonly "a miss, claiming first": Cost;
  readonly "a miss, looking first": Cost;
  readonly "getMany of 1000, all hits": Cost;
  readonly "getMany of 1000, all misses": Cost;
  readonly "a put": Cost;
  readonly "the read after a put": Cost;
}

/** How many keys a batch has. */
const batch = 1_000;

/** Counts what operations cost on a server through a proxy; nothing is timed. Names begin with the prefix. */
export async function countCosts(url: string, prefix: string): Promise<Costs> {
  await using proxy = openProxy(url);
  await using backend = redisBackend({ url: proxy.url });
  const done = { loads: 0, saves: 0 };
  const tier = (probe: "look" | "claim"): Store<number, Document> =>
    pipe(
      source({
        load: (keys: ReadonlyArray<number>) => {
          done.loads++;
          return Promise.resolve(keys.map((key) => makeDocument(key, 100)));
        },
        save: () => {
          done.saves++;
          return Promise.resolve();
        },
        commit: "500ms",
      }),
      shared({ backend, name: prefix, codec: documentCodec, ttl: "60s", lease, probe }),
    );
  const [looking, claiming] = [tier("look"), tier("claim")];
  const costOf = async (act: () => Promise<unknown>): Promise<Cost> => {
    const before = { ...done };
    const trips = await proxy.count(act);
    return { trips, loads: done.loads - before.loads, saves: done.saves - before.saves };
  };
  const keys = Array.from({ length: batch }, (_, i) => i + 10);
  // The first read waits for the connection, whose greeting is no part of what is counted.
  await looking.get(0)();
  return {
    "a hit": await costOf(looking.get(0)),
    "a miss, claiming first": await costOf(claiming.get(1)),
    "a miss, looking first": await costOf(looking.get(2)),
    "getMany of 1000, all misses": await costOf(looking.getMany(keys)),
    "getMany of 1000, all hits": await costOf(looking.getMany(keys)),
    "a put": await costOf(claiming.put(3, makeDocument(3, 100))),
    "the read after a put": await costOf(claiming.get(3)),
  };
}
