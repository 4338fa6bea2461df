import { pipe } from "fp-ts/lib/function.js";
import type { Store } from "../../../mod.ts";
import { shared, source } from "../../../mod.ts";
import { redisBackend } from "../../backend/redis/mod.ts";
import type { Case, Comparison, Contender } from "./comparison.ts";
import { inLanes, inSequence } from "./lanes.ts";
import { connect, type Raw } from "./raw_redis.ts";
import { type Document, documentCodec, makeDocument } from "./document.ts";
import { lease, untilSettled } from "./redis_tier.ts";

/** How many entries there are of each size. */
const entries = 4_000;

/** How many reads are under way at once, as in a process that serves many. */
const lanes = 64;

/** How many keys a batch has. */
const batch = 1_000;

/** What hits on Redis cost. */
export const redisHitCase: Case = {
  name: "redis-hit",
  about: `hits on Redis, ${lanes} at once and ${batch} in a batch, beside GET and MGET with the same decoding`,
  needs: "redis",
  open: async ({ redis }) => {
    const { url, prefix } = redis!;
    await untilSettled(url);
    const backend = redisBackend({ url });
    const raw = await connect(url);
    const small = await filled(raw, backend, `${prefix}s`, 100);
    const large = await filled(raw, backend, `${prefix}l`, 1_024);
    return {
      counts: [],
      comparisons: [
        hitting("100 B", small, 1),
        hitting("100 B", small, lanes),
        hitting("1 KiB", large, lanes),
        reading("100 B", small),
        reading("1 KiB", large),
      ],
      [Symbol.asyncDispose]: async () => {
        await backend.close();
        raw.close();
      },
    };
  },
};

/** The same documents as raw entries and behind tiers. */
interface Filled {
  readonly raw: Raw;
  readonly rawName: (key: number) => string;
  readonly stores: Readonly<Record<"look" | "auto" | "claim", Store<number, Document>>>;
}

async function filled(
  raw: Raw,
  backend: ReturnType<typeof redisBackend>,
  name: string,
  size: number,
): Promise<Filled> {
  const load = (keys: ReadonlyArray<number>) => Promise.resolve(keys.map((key) => makeDocument(key, size)));
  const store = (probe: "look" | "auto" | "claim"): Store<number, Document> =>
    pipe(
      source({ load, commit: "500ms" }),
      shared({ backend, name, codec: documentCodec, ttl: "1h", lease, probe }),
    );
  const keys = Array.from({ length: entries }, (_, key) => key);
  const stores = { look: store("look"), auto: store("auto"), claim: store("claim") };
  await stores.look.getMany(keys)();
  const rawName = (key: number): string => `raw:${name}:${key}`;
  for (const key of keys) await raw.set(rawName(key), makeDocument(key, size));
  return { raw, rawName, stores };
}

function hitting(size: string, { raw, rawName, stores }: Filled, wide: number): Comparison {
  const doing = (one: (index: number) => Promise<number>): Contender["run"] => (count) =>
    wide === 1 ? inSequence(count, one) : inLanes(wide, count, one);
  const ours = (probe: keyof Filled["stores"]): Contender["run"] => {
    const store = stores[probe];
    return doing(async (index) => {
      const found = await store.get(index % entries)();
      return found._tag === "Right" && found.right._tag === "Some" ? found.right.value.id : NaN;
    });
  };
  // In sequence most of it is waiting, of which nobody can do less.
  const target = wide === 1 ? {} : { target: 1.1 };
  return {
    title: `Redis hit, ${size}, ${wide} at once`,
    floor: { name: "GET and decode", run: doing(async (index) => (await raw.get(rawName(index % entries))).id) },
    contenders: [
      { name: "get, looking first", ...target, run: ours("look") },
      { name: "get, auto", ...target, run: ours("auto") },
      { name: "get, claiming first", run: ours("claim") },
    ],
  };
}

function reading(size: string, { raw, rawName, stores }: Filled): Comparison {
  const slices = Array.from(
    { length: entries / batch },
    (_, slice) => Array.from({ length: batch }, (_, i) => slice * batch + i),
  );
  const store = stores.auto;
  return {
    title: `getMany of ${batch}, ${size}, all hits`,
    floor: {
      name: "MGET and decode",
      run: (count) =>
        inSequence(count, async (index) => {
          const found = await raw.getMany(slices[index % slices.length]!.map(rawName));
          return found.reduce((sum, { id }) => sum + id, 0);
        }),
    },
    contenders: [{
      name: "getMany",
      target: 1.2,
      run: (count) =>
        inSequence(count, async (index) => {
          const found = await store.getMany(slices[index % slices.length]!)();
          if (found._tag === "Left") return NaN;
          return found.right.reduce((sum, each) => sum + (each._tag === "Some" ? each.value.id : NaN), 0);
        }),
    }],
  };
}
