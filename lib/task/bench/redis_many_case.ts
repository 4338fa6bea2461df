import { pipe } from "fp-ts/lib/function.js";
import { shared, source, type Store } from "../../../mod.ts";
import type { RedisBackend } from "../../backend/redis/mod.ts";
import type { Case, Comparison, Contender } from "./comparison.ts";
import { type Document, documentCodec, makeDocument } from "./document.ts";
import { inSequence } from "./lanes.ts";
import type { Raw } from "./raw_redis.ts";
import { lease, openSettled } from "./redis_tier.ts";

/** How many keys a batch has. */
const batches: ReadonlyArray<number> = [100, 1_000, 10_000];

/** How many entries there are, so that a batch of each size is another one than the batch before. */
const entries = 20_000;

/** How large documents are as JSON, in bytes. */
const sizes: ReadonlyArray<readonly [string, number]> = [["100 B", 100], ["1 KiB", 1_024]];

/** What batches on Redis cost. */
export const redisManyCase: Case = {
  name: "redis-many",
  about: "getMany of 100, 1,000 and 10,000 keys, all hits or one in ten a miss, beside MGET and what misses need",
  needs: "redis",
  open: async ({ redis }) => {
    const { prefix, backend, raw, close } = await openSettled(redis!);
    const comparisons: Array<Comparison> = [];
    for (const [title, size] of sizes) {
      const many = await filled({ raw, backend, name: `${prefix}n${size}`, title, size });
      for (const batch of batches) comparisons.push(hitting(many, batch), missing(many, batch));
    }
    return {
      counts: [],
      comparisons,
      [Symbol.asyncDispose]: close,
    };
  },
};

interface Many {
  readonly raw: Raw;
  readonly backend: RedisBackend;
  readonly name: string;
  readonly title: string;
  readonly size: number;
}

interface Filled extends Many {
  readonly store: Store<number, Document>;
  readonly rawName: (key: number) => string;
  /** A key that nobody has asked for, in no comparison. */
  readonly fresh: () => number;
}

/** The same documents as raw entries and behind a tier; what is not among them is loaded in no time. */
async function filled(many: Many): Promise<Filled> {
  const { raw, backend, name, size } = many;
  const load = (keys: ReadonlyArray<number>) => Promise.resolve(keys.map((key) => makeDocument(key, size)));
  const store = pipe(
    source({ load, commit: "500ms" }),
    shared({ backend, name, codec: documentCodec, ttl: "1h", lease, compress: "never" }),
  );
  const keys = Array.from({ length: entries }, (_, key) => key);
  for (let at = 0; at < entries; at += 500) await store.getMany(keys.slice(at, at + 500))();
  const rawName = (key: number): string => `raw:${name}:${key}`;
  for (const key of keys) await raw.set(rawName(key), makeDocument(key, size));
  let next = entries;
  return { ...many, store, rawName, fresh: () => next++ };
}

function slicesOf(batch: number): ReadonlyArray<ReadonlyArray<number>> {
  return Array.from(
    { length: entries / batch },
    (_, slice) => Array.from({ length: batch }, (_, i) => slice * batch + i),
  );
}

async function sumOf(store: Store<number, Document>, keys: ReadonlyArray<number>): Promise<number> {
  const found = await store.getMany(keys)();
  if (found._tag === "Left") return NaN;
  return found.right.reduce((sum, each) => sum + (each._tag === "Some" ? each.value.id : NaN), 0);
}

function hitting({ title, raw, rawName, store }: Filled, batch: number): Comparison {
  const slices = slicesOf(batch);
  return {
    title: `getMany of ${batch}, ${title}, all hits`,
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
      target: 1.1,
      run: (count) => inSequence(count, (index) => sumOf(store, slices[index % slices.length]!)),
    }],
  };
}

/**
 * One in ten keys was never asked for before. MSET is the least that storing many can cost, but what it stores stays for
 * ever; beside it stands what a cache has to send, a SET with an expiry for each.
 */
function missing({ title, raw, rawName, store, size, fresh }: Filled, batch: number): Comparison {
  const slices = slicesOf(batch);
  const slice = (index: number): ReadonlyArray<number> =>
    slices[index % slices.length]!.map((key, i) => i % 10 === 0 ? fresh() : key);
  const aside =
    (save: (pairs: ReadonlyArray<readonly [string, Document]>) => Promise<unknown>): Contender["run"] => (count) =>
      inSequence(count, async (index) => {
        const keys = slice(index);
        const found = await raw.find(keys.map(rawName));
        const missed = keys.filter((_, i) => found[i] === undefined);
        const loaded = await Promise.resolve(missed.map((key) => makeDocument(key, size)));
        await save(loaded.map((document) => [rawName(document.id), document]));
        return [...found, ...loaded].reduce((sum, document) => sum + (document?.id ?? 0), 0);
      });
  return {
    title: `getMany of ${batch}, ${title}, 10 % misses`,
    floor: { name: "MGET and decode, load, MSET", run: aside(raw.setMany) },
    contenders: [
      {
        name: "getMany",
        target: 1.5,
        run: (count) => inSequence(count, (index) => sumOf(store, slice(index))),
      },
      {
        name: "MGET and decode, load, SETs with an expiry",
        run: aside((pairs) => Promise.all(pairs.map(([name, document]) => raw.set(name, document)))),
      },
    ],
  };
}
