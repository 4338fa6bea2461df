/**
 * Samples what hits of a tier in memory allocate, and prints as JSON how many bytes that is for each: `hit_worker.ts <hits>`.
 * A process of its own, so that nothing else is compiled or collected meanwhile.
 *
 * All bytes count, whoever is said to have allocated them: of functions that the compiler has put into their callers, a
 * sample names the caller. What awaiting takes is in it as well, and stands beside it as the floor.
 *
 * @module
 */
import { Session } from "node:inspector/promises";
import { memory, source, type Store } from "../../mod.ts";

/** The ways of reading that are sampled. */
export type Way = "peek, taken apart" | "peek, kept" | "await get" | "await a ready promise";

/** Bytes that are allocated for each hit, by the way of reading and the kind of keys. */
export type Allocated = Readonly<Record<Way, Readonly<Record<"number" | "string", number>>>>;

interface Node {
  readonly selfSize: number;
  readonly children: ReadonlyArray<Node>;
}

const ids = Array.from({ length: 1_000 }, (_, n) => n);

/** A tier that has all keys. */
async function filled<K>(keys: ReadonlyArray<K>): Promise<Store<K, K>> {
  const store = memory({ capacity: keys.length, ttl: "1h" })(
    source({ load: (asked: ReadonlyArray<K>) => Promise.resolve(asked) }),
  );
  await store.getMany(keys)();
  return store;
}

/** What was read last: what is put here has to exist. */
let kept: unknown;

type Run = (hits: number) => void | Promise<void>;

function waysOf<K>(store: Store<K, K>, keys: ReadonlyArray<K>): Readonly<Record<Way, Run>> {
  const map = new Map(keys.map((key) => [key, key]));
  const seen = (tag: string, wanted: string): void => {
    if (tag !== wanted) throw new Error(`Cannot sample: expected ${wanted}: received ${tag}`);
  };
  return {
    "peek, taken apart": (hits) => {
      for (let i = 0; i < hits; i++) {
        const found = store.peek(keys[i % keys.length]!);
        seen(found._tag, "Some");
      }
    },
    "peek, kept": (hits) => {
      for (let i = 0; i < hits; i++) kept = store.peek(keys[i % keys.length]!);
    },
    "await get": async (hits) => {
      for (let i = 0; i < hits; i++) {
        const found = await store.get(keys[i % keys.length]!)();
        seen(found._tag, "Right");
      }
    },
    "await a ready promise": async (hits) => {
      for (let i = 0; i < hits; i++) kept = await Promise.resolve(map.get(keys[i % keys.length]!));
    },
  };
}

/**
 * How often a sample is taken. The least of all counts: what has to be allocated for a hit is in each of them, and what is
 * allocated until the compiler has seen enough (numbers that it does not yet keep in registers) is not in all.
 */
const samples = 10;

/** Small enough that a byte a hit can be told, in bytes. */
const samplingInterval = 1_024;

async function sampled(run: Run, hits: number): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < samples; i++) {
    await session.post("HeapProfiler.startSampling", {
      samplingInterval,
      includeObjectsCollectedByMinorGC: true,
      includeObjectsCollectedByMajorGC: true,
    });
    await run(hits);
    const { profile } = await session.post("HeapProfiler.stopSampling");
    least = Math.min(least, bytesIn(profile.head) / hits);
  }
  return least;
}

function bytesIn({ selfSize, children }: Node): number {
  return children.reduce((sum, child) => sum + bytesIn(child), selfSize);
}

const session = new Session();
session.connect();
const hits = Number(Deno.args[0]);
const names = ids.map((n) => `user:${n}`);
const [byNumber, byString] = [waysOf(await filled(ids), ids), waysOf(await filled(names), names)];
const allocated: Record<string, Record<"number" | "string", number>> = {};
for (const way of Object.keys(byNumber) as ReadonlyArray<Way>) {
  allocated[way] = { number: await sampled(byNumber[way], hits), string: await sampled(byString[way], hits) };
}
session.disconnect();
if (kept === undefined) throw new Error("Cannot sample: expected something that was read");
console.log(JSON.stringify(allocated));
