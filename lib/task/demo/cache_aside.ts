import type { City } from "./city.ts";
import { record } from "./histogram.ts";
import { answered, incident, type Statistics } from "./statistics.ts";
import { memoryCapacity, memoryTtl, sharedTtl, type Subject } from "./subject.ts";
import type { Truth } from "./truth_sqlite.ts";

/** Where an ordinary cache keeps what processes share: the same SQLite or Redis, without a protocol. */
export interface Medium extends AsyncDisposable {
  readonly get: (id: number) => Promise<City | undefined>;
  readonly set: (id: number, city: City, ttl: number) => Promise<void>;
  readonly delete: (id: number) => Promise<void>;
  /** What is held for the ids from 0 to below a count. */
  readonly held: (count: number) => Promise<ReadonlyArray<readonly [id: number, city: City]>>;
}

/** What a cache-aside is made of. */
export interface CacheAsideParts {
  readonly truth: Truth;
  readonly medium: Medium;
  readonly statistics: Statistics;
}

/** An entry of this process. */
interface Remembered {
  readonly city: City;
  readonly until: number;
}

/**
 * Cities behind an ordinary cache-aside of two tiers: a miss is loaded and set, a write is followed by a delete.
 *
 * What it lacks: a reader that loaded before a write may set after its delete.
 */
export function asideCities({ truth, medium, statistics }: CacheAsideParts): Subject {
  const memory = new Map<number, Remembered>();
  const peek = (id: number): City | undefined => {
    const known = memory.get(id);
    return known !== undefined && known.until > Date.now() ? known.city : undefined;
  };
  const remember = (id: number, city: City): void => {
    memory.delete(id);
    memory.set(id, { city, until: Date.now() + memoryTtl });
    if (memory.size > memoryCapacity) memory.delete(memory.keys().next().value!);
  };
  const find = async (id: number): Promise<readonly [City, "memory" | "shared" | "source"]> => {
    const near = peek(id);
    if (near !== undefined) return [near, "memory"];
    const far = await medium.get(id);
    const city = far ?? (await truth.load([id]))[0]!;
    if (far === undefined) await medium.set(id, city, sharedTtl);
    remember(id, city);
    return [city, far === undefined ? "source" : "shared"];
  };
  const rename = async (id: number, name: string): Promise<City> => {
    const city = await truth.rename(id, name);
    await medium.delete(id);
    memory.delete(id);
    return city;
  };
  return {
    peek,
    read: async (id) => {
      const begun = performance.now();
      const found = await orCount(statistics, "read failed", find(id));
      if (found === undefined) return undefined;
      answered(statistics, found[1], performance.now() - begun);
      return found[0];
    },
    rename: async (id, name) => {
      const begun = performance.now();
      const city = await orCount(statistics, "write failed", rename(id, name));
      record(statistics.writes, performance.now() - begun);
      return city;
    },
    [Symbol.asyncDispose]: async () => await medium[Symbol.asyncDispose](),
  };
}

async function orCount<A>(statistics: Statistics, name: string, promise: Promise<A>): Promise<A | undefined> {
  try {
    return await promise;
  } catch {
    incident(statistics, name);
    return undefined;
  }
}
