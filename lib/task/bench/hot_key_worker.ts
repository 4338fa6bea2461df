/**
 * One process of the hot key's case: reads one key for as long as each line on its standard input says, through as many
 * shards, and answers how often it did.
 *
 * @module
 */
import { shared, source } from "../../../mod.ts";
import { redisBackend } from "../../backend/redis/mod.ts";
import { documentCodec, makeDocument } from "./document.ts";
import { lease } from "./redis_tier.ts";
import { answerLines } from "./told_process.ts";

/** What a process is told when it is started. */
export interface HotKeySettings {
  /** Urls of the cluster's nodes. */
  readonly nodes: ReadonlyArray<string>;
  /** The counts of shards, each a tier of its own. */
  readonly shards: ReadonlyArray<number>;
  /** How many reads are under way at once. */
  readonly lanes: number;
  /** How large the key's value is. */
  readonly bytes: number;
}

/** One turn: through which tier, and for how long. */
export interface HotKeyTurn {
  readonly shards: number;
  /** Milliseconds. */
  readonly lasts: number;
}

async function main({ nodes, shards, lanes, bytes }: HotKeySettings): Promise<void> {
  await using backend = redisBackend({ cluster: { nodes } });
  const load = (keys: ReadonlyArray<string>) => Promise.resolve(keys.map(() => makeDocument(1, bytes)));
  const stores = new Map(shards.map((count) => {
    const tier = shared({ backend, name: `hot${count}`, codec: documentCodec, ttl: "1h", lease, shards: count });
    return [count, tier(source({ load, commit: "500ms" }))] as const;
  }));
  await answerLines(async (line) => {
    const turn: HotKeyTurn = JSON.parse(line);
    const store = stores.get(turn.shards)!;
    const end = performance.now() + turn.lasts;
    let reads = 0;
    const lane = async (): Promise<void> => {
      while (performance.now() < end) {
        const found = await store.get("hot")();
        if (found._tag === "Right" && found.right._tag === "Some") reads++;
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return reads;
  });
}

if (import.meta.main) await main(JSON.parse(Deno.args[0]!));
