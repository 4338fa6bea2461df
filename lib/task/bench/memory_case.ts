import type { Store } from "../../../mod.ts";
import { memory, source } from "../../../mod.ts";
import { seeded, shuffled } from "../demo/random.ts";
import { zipf } from "../demo/zipf.ts";
import type { Case, Comparison } from "./comparison.ts";
import type { Row } from "./memory_loops.ts";

type Loops = typeof import("./memory_loops.ts");

/** How many entries there are: more than the processor's nearest cache holds, as in a tier that is worth having. */
const size = 10_000;

/** A key and its row. */
type Pair<K> = readonly [K, Row];

/** In which order keys are asked for. */
type Order = "a few most of the time" | "all equally often";

const orders: ReadonlyArray<Order> = ["a few most of the time", "all equally often"];

/**
 * So many keys in an order. In neither is it the order of the entries in memory, which no reader has and which flatters
 * whoever keeps many objects. Readers of a cache want a few keys most of the time (Zipf); where all are wanted equally
 * often, what is measured is mostly how much of the processor's cache the entries take.
 */
function asked<K>(pairs: ReadonlyArray<Pair<K>>, order: Order): ReadonlyArray<K> {
  const chance = seeded(1);
  const places = [...shuffled(size, chance)];
  if (order === "all equally often") return places.map((at) => pairs[at]![0]);
  const draw = zipf(size, 1);
  return places.map(() => pairs[places[draw(chance)]!]![0]);
}

/** What a hit in this process costs, without a promise and with one. */
export const memoryCase: Case = {
  name: "memory",
  about: "a hit in this process: peek beside Map.get, get beside an awaited Map.get",
  needs: "nothing",
  open: async () => {
    const numbers = Array.from({ length: size }, (_, n): Pair<number> => [n, { n }]);
    const strings = numbers.map(([n, row]): Pair<string> => [`user:${n}`, row]);
    const byNumber = await filled(numbers);
    const byString = await filled(strings);
    return {
      counts: [],
      comparisons: [
        ...await each((order) => peeking("number keys", order, numbers, byNumber)),
        ...await each((order) => peeking("string keys", order, strings, byString)),
        ...await each((order) => getting("number keys", order, numbers, byNumber)),
        ...await each((order) => getting("string keys", order, strings, byString)),
      ],
      [Symbol.asyncDispose]: async () => {
        await byNumber.close();
        await byString.close();
      },
    };
  },
};

function each(make: (order: Order) => Promise<Comparison>): Promise<ReadonlyArray<Comparison>> {
  return Promise.all(orders.map(make));
}

async function filled<K>(pairs: ReadonlyArray<Pair<K>>): Promise<Store<K, Row>> {
  const rows = new Map(pairs);
  const store = memory({ capacity: size, ttl: "1h" })(
    source({ load: (keys: ReadonlyArray<K>) => Promise.resolve(keys.map((key) => rows.get(key))) }),
  );
  await store.getMany([...rows.keys()])();
  return store;
}

async function peeking<K>(
  kind: string,
  order: Order,
  pairs: ReadonlyArray<Pair<K>>,
  store: Store<K, Row>,
): Promise<Comparison> {
  const { mapGet, peek } = await freshLoops();
  const keys = asked(pairs, order);
  return {
    title: `memory hit without a promise, ${size} entries, ${kind}, ${order}`,
    floor: { name: "Map.get", run: mapGet(new Map(pairs), keys) },
    contenders: [{ name: "peek", target: 3, run: peek(store, keys) }],
  };
}

async function getting<K>(
  kind: string,
  order: Order,
  pairs: ReadonlyArray<Pair<K>>,
  store: Store<K, Row>,
): Promise<Comparison> {
  const { awaitMapGet, awaitGet } = await freshLoops();
  const keys = asked(pairs, order);
  return {
    title: `memory hit, awaited, ${size} entries, ${kind}, ${order}`,
    floor: { name: "await Promise.resolve(map.get(key))", run: awaitMapGet(new Map(pairs), keys) },
    contenders: [{ name: "await get(key)()", target: 2, run: awaitGet(store, keys) }],
  };
}

let loaded = 0;

/** The loops as code of their own. */
async function freshLoops(): Promise<Loops> {
  const url = new URL("./memory_loops.ts", import.meta.url);
  url.search = String(loaded++);
  return await import(url.href);
}
