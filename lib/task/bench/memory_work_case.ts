import * as O from "fp-ts/lib/Option.js";
import { LRUCache } from "lru-cache";
import { memory, source } from "../../../mod.ts";
import { seeded } from "../demo/random.ts";
import { zipf } from "../demo/zipf.ts";
import type { Case } from "./comparison.ts";

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
    const doing = <R, W>({ read, numberOf, write, isWritten }: Work<R, W>) => {
      let next = 0;
      // What was read is awaited here, as a program does, and not in a function more for either of them.
      return async (count: number): Promise<number> => {
        let sum = 0;
        for (let i = 0; i < count; i++) {
          const id = asked[next++ % asked.length]!;
          if (next % betweenWrites === 0) sum += isWritten(await write(id)) ? 1 : NaN;
          else sum += numberOf(await read(id));
        }
        return sum;
      };
    };
    return {
      counts: [],
      comparisons: [{
        title: `reads and 5 % writes, ${keys} keys, room for ${capacity}`,
        floor: { name: "cache-aside on lru-cache", run: doing(aside) },
        contenders: [{
          name: "get and put",
          target: 1.5,
          run: doing({
            read: (id) => store.get(id)(),
            numberOf: (found) => found._tag === "Right" && found.right._tag === "Some" ? found.right.value.id : NaN,
            write: (id) => store.put(id, { id, version: 1 })(),
            isWritten: ({ _tag }) => _tag === "Right",
          }),
        }],
      }],
      [Symbol.asyncDispose]: () => store.close(),
    };
  },
};

/** How one row is read and written, and the number that is made of one that was read. */
interface Work<R, W> {
  readonly read: (id: number) => Promise<R>;
  readonly numberOf: (row: R) => number;
  readonly write: (id: number) => Promise<W>;
  readonly isWritten: (result: W) => boolean;
}

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
function cacheAside(): Work<Row, Row> {
  const save = saveAll(rowsOf());
  const lru = new LRUCache<number, Row>({ max: capacity, ttl });
  return {
    read: async (id) => {
      const known = await Promise.resolve(lru.get(id));
      if (known !== undefined) return known;
      const [loaded] = await loadAll([id]);
      lru.set(id, loaded!);
      return loaded!;
    },
    numberOf: ({ id }) => id,
    write: async (id) => {
      const row = { id, version: 1 };
      await save([{ key: id, value: O.some(row) }]);
      lru.delete(id);
      return row;
    },
    isWritten: () => true,
  };
}
