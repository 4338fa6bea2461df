/**
 * Keeps many small values in memory in one way, and prints as JSON what each took: `entry_process.ts <kind> <count>`. It
 * prints to standard error, since V8 writes its trace of the collector to standard output, with buffers of its own.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import { memory, source } from "../../../mod.ts";

/** Where the values are kept. */
export type Kind = "lru-cache" | "memory";

/** What that took. */
export interface Kept {
  /** Bytes of heap and of typed arrays an entry, the value and its key's number included, before anybody awaited it. */
  readonly bytes: number;
  /** The same after each was read with a promise once. */
  readonly awaited: number;
  /** The longest stop of the event loop while it was filled, in milliseconds. */
  readonly stop: number;
}

/** How many values are put at once: between two such turns the event loop can be seen to stop. */
const atOnce = 1_000;

const collect = (globalThis as { readonly gc?: () => void }).gc;

/** A place for values: what puts many, and what reads one. */
interface Place {
  readonly put: (keys: ReadonlyArray<number>) => unknown;
  readonly read: (key: number) => unknown;
}

async function measure(count: number, make: () => Place): Promise<Kept> {
  const before = used();
  const place = make();
  let stop = 0;
  for (let at = 0; at < count; at += atOnce) {
    const begun = performance.now();
    await place.put(Array.from({ length: atOnce }, (_, i) => at + i));
    stop = Math.max(stop, performance.now() - begun);
  }
  const filled = used();
  for (let key = 0; key < count; key++) {
    if (await place.read(key) === undefined) throw new Error(`Cannot read the entry ${key}: expected a value`);
  }
  const read = used();
  // Until here it has to be there.
  await place.read(0);
  return { bytes: (filled - before) / count, awaited: (read - before) / count, stop };
}

/** What the heap holds, and what typed arrays hold beside it. */
function used(): number {
  collect?.();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

if (import.meta.main) {
  const [kind, number] = Deno.args;
  const count = Number(number);
  console.error(JSON.stringify(kind === "memory" ? await ofMemory(count) : await ofLru(count)));
}

function ofLru(count: number): Promise<Kept> {
  return measure(count, () => {
    const lru = new LRUCache<number, { n: number }>({ max: count, ttl: 3_600_000 });
    return { put: (keys) => keys.forEach((n) => lru.set(n, { n })), read: (key) => lru.get(key) };
  });
}

function ofMemory(count: number): Promise<Kept> {
  return measure(count, () => {
    const load = (keys: ReadonlyArray<number>) => Promise.resolve(keys.map((n) => ({ n })));
    const store = memory({ capacity: count, ttl: "1h" })(source({ load }));
    return {
      put: (keys) => store.getMany(keys)(),
      read: async (key) => {
        const found = await store.get(key)();
        return found._tag === "Right" && found.right._tag === "Some" ? found.right.value : undefined;
      },
    };
  });
}
