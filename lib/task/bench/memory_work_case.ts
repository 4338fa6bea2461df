import { LRUCache } from "lru-cache";
import { memory, source } from "../../../mod.ts";
import { seeded } from "../demo/random.ts";
import { zipf } from "../demo/zipf.ts";
import type { Case } from "./comparison.ts";
import { inSequence } from "./lanes.ts";

/** How many keys there are, and how many of them are kept. */
const keys = 10_000;
const capacity = 2_000;

/** Every so manieth operation is a write. */
const betweenWrites = 20;

const ttl = 3_600_000;

/** What is cached. */
interface Row {
  readonly id: number;
  readonly version: number;
}

/** What reads and writes of a tier that is too small for its keys cost. */
export const memoryWorkCase: Case = {
  name: "memory-work",
  about: "reads with 5 % writes of more keys than there is room for, beside a cache-aside on lru-cache",
  needs: "nothing",
  open: () => {
    const draw = zipf(keys, 1);
    const chance = seeded(1);
    const asked = Array.from({ length: 50_000 }, () => draw(chance));
    const store = memory({ capacity, ttl: "1h" })(source({ load: loadAll, save: saveAll(rowsOf()) }));
    const aside = cacheAside();
    // The first is no write, so that counting begins the same for both.
    const doing = (read: (id: number) => Promise<number>, write: (id: number) => Promise<number>) => {
      let next = 0;
      return (count: number): Promise<number> =>
        inSequence(count, () => {
          const id = asked[next++ % asked.length]!;
          return next % betweenWrites === 0 ? write(id) : read(id);
        });
    };
    return {
      counts: [],
      comparisons: [{
        title: `reads and 5 % writes, ${keys} keys, room for ${capacity}`,
        floor: { name: "cache-aside on lru-cache", run: doing(aside.read, aside.write) },
        contenders: [{
          name: "get and put",
          target: 1.5,
          run: doing(
            async (id) => {
              const found = await store.get(id)();
              return found._tag === "Right" && found.right._tag === "Some" ? found.right.value.id : NaN;
            },
            async (id) => (await store.put(id, { id, version: 1 })())._tag === "Right" ? 1 : NaN,
          ),
        }],
      }],
      [Symbol.asyncDispose]: () => store.close(),
    };
  },
};

type Rows = Map<number, Row>;

function rowsOf(): Rows {
  return new Map(Array.from({ length: keys }, (_, id) => [id, { id, version: 0 }]));
}

function loadAll(ids: ReadonlyArray<number>): Promise<ReadonlyArray<Row>> {
  return Promise.resolve(ids.map((id) => ({ id, version: 0 })));
}

function saveAll(rows: Rows) {
  return (
    changes: ReadonlyArray<{ readonly key: number; readonly value: { readonly _tag: string } }>,
  ): Promise<void> => {
    for (const { key } of changes) rows.set(key, { id: key, version: 1 });
    return Promise.resolve();
  };
}

/** What most programs have: a miss is loaded and set, a write is followed by a delete. */
function cacheAside() {
  const rows = rowsOf();
  const lru = new LRUCache<number, Row>({ max: capacity, ttl });
  return {
    read: async (id: number): Promise<number> => {
      const known = await Promise.resolve(lru.get(id));
      if (known !== undefined) return known.id;
      const [loaded] = await loadAll([id]);
      lru.set(id, loaded!);
      return loaded!.id;
    },
    write: async (id: number): Promise<number> => {
      rows.set(id, await Promise.resolve({ id, version: 1 }));
      lru.delete(id);
      return 1;
    },
  };
}
