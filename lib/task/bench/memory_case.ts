import type { Store } from "../../../mod.ts";
import { memory, source } from "../../../mod.ts";
import { seeded, shuffled } from "../demo/random.ts";
import { zipf } from "../demo/zipf.ts";
import type { Case, Comparison } from "./comparison.ts";

/** What is cached. */
interface Row {
  readonly n: number;
}

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
        ...orders.flatMap((order) => [
          peeking("number keys", order, numbers, byNumber),
          peeking("string keys", order, strings, byString),
        ]),
        ...orders.flatMap((order) => [
          getting("number keys", order, numbers, byNumber),
          getting("string keys", order, strings, byString),
        ]),
      ],
      [Symbol.asyncDispose]: async () => {
        await byNumber.close();
        await byString.close();
      },
    };
  },
};

async function filled<K>(pairs: ReadonlyArray<Pair<K>>): Promise<Store<K, Row>> {
  const rows = new Map(pairs);
  const store = memory({ capacity: size, ttl: "1h" })(
    source({ load: (keys: ReadonlyArray<K>) => Promise.resolve(keys.map((key) => rows.get(key))) }),
  );
  await store.getMany([...rows.keys()])();
  return store;
}

function peeking<K>(kind: string, order: Order, pairs: ReadonlyArray<Pair<K>>, store: Store<K, Row>): Comparison {
  const map = new Map(pairs);
  const keys = asked(pairs, order);
  return {
    title: `memory hit without a promise, ${size} entries, ${kind}, ${order}`,
    floor: {
      name: "Map.get",
      run: (count) => {
        let sum = 0;
        for (let i = 0, at = 0; i < count; i++) {
          sum += map.get(keys[at]!)!.n;
          if (++at === size) at = 0;
        }
        return sum;
      },
    },
    contenders: [{
      name: "peek",
      target: 3,
      run: (count) => {
        let sum = 0;
        for (let i = 0, at = 0; i < count; i++) {
          const found = store.peek(keys[at]!);
          if (found._tag === "Some" && found.value._tag === "Some") sum += found.value.value.n;
          else sum = NaN;
          if (++at === size) at = 0;
        }
        return sum;
      },
    }],
  };
}

function getting<K>(kind: string, order: Order, pairs: ReadonlyArray<Pair<K>>, store: Store<K, Row>): Comparison {
  const map = new Map(pairs);
  const keys = asked(pairs, order);
  return {
    title: `memory hit, awaited, ${size} entries, ${kind}, ${order}`,
    floor: {
      name: "await Promise.resolve(map.get(key))",
      run: async (count) => {
        let sum = 0;
        for (let i = 0, at = 0; i < count; i++) {
          sum += (await Promise.resolve(map.get(keys[at]!)))!.n;
          if (++at === size) at = 0;
        }
        return sum;
      },
    },
    contenders: [{
      name: "await get(key)()",
      target: 2,
      run: async (count) => {
        let sum = 0;
        for (let i = 0, at = 0; i < count; i++) {
          const found = await store.get(keys[at]!)();
          if (found._tag === "Right" && found.right._tag === "Some") sum += found.right.value.n;
          else sum = NaN;
          if (++at === size) at = 0;
        }
        return sum;
      },
    }],
  };
}
