import DataLoader from "dataloader";
import { batch, scope, source, type Store } from "../../../mod.ts";
import type { Case, Comparison, Contender, Count } from "./comparison.ts";
import { inSequence } from "./lanes.ts";

/**
 * How many single reads a turn has. Every fifth of them is of a key that another one has asked for, who gets a copy of its
 * own from a batch, and the same object from dataloader.
 */
const widths: ReadonlyArray<number> = [10, 100, 1_000];

/** What is loaded. */
interface Row {
  readonly n: number;
}

/** What single reads of one turn cost that become one load. */
export const turnCase: Case = {
  name: "turn",
  about: "single reads of one turn that become one load, beside that load, and dataloader",
  needs: "nothing",
  open: async () => ({
    counts: await Promise.all(ways.map(countLoads)),
    comparisons: widths.map(comparing),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }),
};

type Load = (keys: ReadonlyArray<number>) => Promise<ReadonlyArray<Row>>;

const load: Load = (keys) => Promise.resolve(keys.map((n) => ({ n })));

function keysOf(width: number): ReadonlyArray<number> {
  return Array.from({ length: width }, (_, i) => i % 5 === 4 ? i - 4 : i);
}

/** A way of reading all keys of a turn, each by itself, and what was made of the rows. */
interface Way {
  readonly name: string;
  readonly open: (load: Load) => (keys: ReadonlyArray<number>) => Promise<number>;
  readonly behind?: Contender["behind"];
}

const ways: ReadonlyArray<Way> = [
  {
    name: "batch, one for all turns",
    open: (load) => {
      const store = batch({ maxSize: 10_000 })(source({ load }));
      return (keys) => sumOf(store, keys);
    },
  },
  ...(["shared", "isolated"] as const).map((values): Way => ({
    // Dataloader hands out the loaded object itself, which is `shared` here; by default each reader gets a frozen copy.
    name: `scope, ${values}, one a turn as one a request`,
    open: (load) => {
      const below = source({ load });
      return (keys) => sumOf(scope(below, { values }), keys);
    },
  })),
  {
    // "Batching" and "Caching Per-Request" of its README (https://github.com/graphql/dataloader): one a request.
    name: "dataloader, one a turn as one a request",
    behind: "shown",
    open: (load) => async (keys) => {
      const loader = new DataLoader<number, Row>(load);
      const rows = await Promise.all(keys.map((key) => loader.load(key)));
      return rows.reduce((sum, { n }) => sum + n, 0);
    },
  },
  {
    // Not single reads: what the layers below a batch take for all of them, so that it can be told from the batch's own.
    name: "getMany of the source, once",
    open: (load) => {
      const store = source({ load });
      return async (keys) => {
        const found = await store.getMany([...new Set(keys)])();
        return found._tag === "Left" ? NaN : found.right.length;
      };
    },
  },
];

async function sumOf(store: Store<number, Row>, keys: ReadonlyArray<number>): Promise<number> {
  const found = await Promise.all(keys.map((key) => store.get(key)()));
  return found.reduce(
    (sum, each) => sum + (each._tag === "Right" && each.right._tag === "Some" ? each.right.value.n : NaN),
    0,
  );
}

async function countLoads({ name, open }: Way): Promise<Count> {
  let loads = 0;
  const read = open((keys) => {
    loads++;
    return load(keys);
  });
  await read(keysOf(100));
  return { title: `loads of a turn of 100 reads: ${name}`, wanted: 1, received: loads, unit: "loads" };
}

function comparing(width: number): Comparison {
  const keys = keysOf(width);
  const different = [...new Set(keys)];
  return {
    title: `${width} reads of a turn`,
    floor: {
      name: "one load of all keys",
      run: (count) => inSequence(count, async () => (await load(different)).reduce((sum, { n }) => sum + n, 0)),
    },
    contenders: ways.map(({ name, open, behind }) => {
      const read = open(load);
      return { name, run: (count) => inSequence(count, () => read(keys)), ...(behind === undefined ? {} : { behind }) };
    }),
  };
}
