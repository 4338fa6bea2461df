import { pipe } from "fp-ts/lib/function.js";
import type { Store } from "../../../mod.ts";
import { shared, source } from "../../../mod.ts";
import type { RedisBackend } from "../../backend/redis/mod.ts";
import type { Case, Comparison, Contender } from "./comparison.ts";
import { inLanes, inSequence, waves } from "./lanes.ts";
import type { Raw } from "./raw_redis.ts";
import { type Document, documentCodec, makeDocument } from "./document.ts";
import { openRedisPeers, type RedisPeer } from "./redis_peers.ts";
import { lease, openSettled } from "./redis_tier.ts";

/** How many entries there are of each size. */
const entries = 4_000;

/** How large a document is as JSON, in bytes. */
const sizes: ReadonlyArray<readonly [string, number]> = [["100 B", 100], ["1 KiB", 1_024], ["10 KiB", 10_240]];

/** How many reads are under way at once, and what they may cost: many share their way to the server. */
const widths: ReadonlyArray<readonly [lanes: number, target: number]> = [[1, 1.05], [64, 0.9], [512, 0.9]];

/** What hits on Redis cost. */
export const redisHitCase: Case = {
  name: "redis-hit",
  about: "hits on Redis, 1, 64 and 512 at once, beside GET with the same decoding, and other libraries",
  needs: "redis",
  open: async ({ redis }) => {
    const { url, prefix, backend, raw, close } = await openSettled(redis!);
    const opened: Array<RedisPeer> = [];
    const comparisons: Array<Comparison> = [];
    for (const [title, size] of sizes) {
      const documents = await filled(raw, backend, `${prefix}${size}`, size);
      const load = (key: string) => Promise.resolve(makeDocument(Number(key), size));
      const peers = await openRedisPeers({ url, prefix: `${prefix}p${size}`, ttl: 3_600_000, load });
      opened.push(...peers);
      for (const { get } of peers) await inLanes(64, entries, async (key) => (await get(String(key)))!.id);
      for (const [lanes, target] of widths) comparisons.push(hitting(title, documents, peers, lanes, target));
    }
    return {
      counts: [],
      comparisons,
      [Symbol.asyncDispose]: async () => {
        for (const peer of opened) await peer.close();
        await close();
      },
    };
  },
};

/** The same documents as raw entries and behind tiers. */
interface Filled {
  readonly raw: Raw;
  readonly rawName: (key: number) => string;
  readonly stores: Readonly<Record<"look" | "auto" | "claim" | "compressed", Store<number, Document>>>;
}

async function filled(
  raw: Raw,
  backend: RedisBackend,
  name: string,
  size: number,
): Promise<Filled> {
  const load = (keys: ReadonlyArray<number>) => Promise.resolve(keys.map((key) => makeDocument(key, size)));
  const store = (probe: "look" | "auto" | "claim", compress?: "never"): Store<number, Document> =>
    pipe(
      source({ load, commit: "500ms" }),
      shared({
        backend,
        name: compress === undefined ? `${name}z` : name,
        codec: documentCodec,
        ttl: "1h",
        lease,
        probe,
        ...(compress === undefined ? {} : { compress }),
      }),
    );
  const keys = Array.from({ length: entries }, (_, key) => key);
  const stores = {
    look: store("look", "never"),
    auto: store("auto", "never"),
    claim: store("claim", "never"),
    compressed: store("auto"),
  };
  for (let at = 0; at < entries; at += 500) {
    await stores.look.getMany(keys.slice(at, at + 500))();
    await stores.compressed.getMany(keys.slice(at, at + 500))();
  }
  const rawName = (key: number): string => `raw:${name}:${key}`;
  for (const key of keys) await raw.set(rawName(key), makeDocument(key, size));
  return { raw, rawName, stores };
}

type Doing = Pick<Contender, "run" | "least">;

function hitting(
  size: string,
  { raw, rawName, stores }: Filled,
  peers: ReadonlyArray<RedisPeer>,
  wide: number,
  target: number,
): Comparison {
  const doing = (one: (index: number) => Promise<number>): Doing => ({
    run: (count) => wide === 1 ? inSequence(count, one) : inLanes(wide, count, one),
    least: wide === 1 ? 1 : wide * waves,
  });
  const ours = (probe: keyof Filled["stores"]): Doing => {
    const store = stores[probe];
    return doing(async (index) => {
      const found = await store.get(index % entries)();
      return found._tag === "Right" && found.right._tag === "Some" ? found.right.value.id : NaN;
    });
  };
  return {
    title: `Redis hit, ${size}, ${wide} at once`,
    floor: { name: "GET and decode", ...doing(async (index) => (await raw.get(rawName(index % entries))).id) },
    contenders: [
      { name: "get, looking first", target, ...ours("look") },
      { name: "get, auto", target, ...ours("auto") },
      { name: "get, claiming first", ...ours("claim") },
      // By default what is larger than 4 KiB is compressed, which costs a read the inflating.
      ...(size === "10 KiB" ? [{ name: "get, auto, compressed", ...ours("compressed") }] : []),
      ...peers.map(({ name, get }) => ({
        name,
        behind: "shown" as const,
        ...doing(async (index) => (await get(String(index % entries)))?.id ?? NaN),
      })),
    ],
    ahead: ["get, looking first", "get, auto"],
  };
}
