import { LRUCache } from "lru-cache";
import type { Store } from "../../../mod.ts";
import { memory, source } from "../../../mod.ts";
import { seeded, shuffled } from "../demo/random.ts";
import { zipf } from "../demo/zipf.ts";
import type { Case, Comparison } from "./comparison.ts";
import type { Row } from "./memory_loops.ts";
import { behindOf, type MemoryPeer, openMemoryPeers } from "./memory_peers.ts";
import { filledTold } from "./memory_told.ts";

type Loops = typeof import("./memory_loops.ts");

/** How many entries the comparisons with libraries have: more than the processor's nearest cache holds. */
const usual = 10_000;

/** How many the others have: all in the nearest cache, in none, and in between. */
const sizes: ReadonlyArray<number> = [100, usual, 1_000_000];

/** How long entries live, in milliseconds: no measure lasts as long. */
const ttl = 3_600_000;

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
  const places = [...shuffled(pairs.length, chance)];
  if (order === "all equally often") return places.map((at) => pairs[at]![0]);
  const draw = zipf(pairs.length, 1);
  return places.map(() => pairs[places[draw(chance)]!]![0]);
}

/** What a hit in this process costs, without a promise and with one. */
export const memoryCase: Case = {
  name: "memory",
  about: "a hit in this process: peek beside lru-cache and Map.get, get beside an awaited Map.get and other libraries",
  needs: "nothing",
  open: () => ({ counts: [], comparisons: comparisons(), [Symbol.asyncDispose]: () => Promise.resolve() }),
};

/** One after the other: of what one is about, nothing is left in memory when the next begins. */
async function* comparisons(): AsyncGenerator<Comparison> {
  for (const size of sizes) {
    yield* ofKeys("number keys", pairsOf(size, (n) => n));
    yield* ofKeys("string keys", pairsOf(size, (n) => `user:${n}`));
  }
  yield await besideUntold(pairsOf(usual, (n) => `user:${n}`));
  yield* besidePeers(pairsOf(usual, (n) => `user:${n}`));
}

/** A hit of either kind in either order. Those without a promise go first: a promise is made for who first awaits it. */
async function* ofKeys<K extends number | string>(
  kind: string,
  pairs: ReadonlyArray<Pair<K>>,
): AsyncGenerator<Comparison> {
  const store = await filled(pairs);
  try {
    for (const order of orders) yield await besideLru(kind, order, pairs, store);
    if (pairs.length === usual) { for (const order of orders) yield await besideMap(kind, order, pairs, store); }
    for (const order of orders) yield await getting({ kind, order, pairs, store, peers: [] });
  } finally {
    await store.close();
  }
}

/** The awaited hit once more, with the libraries beside it, which all have strings as keys. */
async function* besidePeers(pairs: ReadonlyArray<Pair<string>>): AsyncGenerator<Comparison> {
  const store = await filled(pairs);
  const peers = await openMemoryPeers({ rows: new Map(pairs), ttl });
  try {
    for (const order of orders) yield await getting({ kind: "string keys", order, pairs, store, peers });
  } finally {
    await Promise.all([store.close(), ...peers.map(({ close }) => close())]);
  }
}

function pairsOf<K>(size: number, keyOf: (n: number) => K): ReadonlyArray<Pair<K>> {
  return Array.from({ length: size }, (_, n): Pair<K> => [keyOf(n), { n }]);
}

async function filled<K>(pairs: ReadonlyArray<Pair<K>>): Promise<Store<K, Row>> {
  const rows = new Map(pairs);
  const store = memory({ capacity: pairs.length, ttl: "1h" })(
    source({ load: (keys: ReadonlyArray<K>) => Promise.resolve(keys.map((key) => rows.get(key))) }),
  );
  const keys = [...rows.keys()];
  // A million at once may take longer than a claim lives.
  for (let at = 0; at < keys.length; at += usual) await store.getMany(keys.slice(at, at + usual))();
  return store;
}

/** The same keys and rows in lru-cache with a ttl. */
async function besideLru<K extends number | string>(
  kind: string,
  order: Order,
  pairs: ReadonlyArray<Pair<K>>,
  store: Store<K, Row>,
): Promise<Comparison> {
  const { lruGet, peek } = await freshLoops();
  const keys = asked(pairs, order);
  const lru = new LRUCache<K, Row>({ max: pairs.length, ttl });
  for (const [key, row] of pairs) lru.set(key, row);
  return {
    title: `memory hit without a promise, ${pairs.length} entries, ${kind}, ${order}`,
    floor: { name: "lru-cache get, with a ttl", run: lruGet(lru, keys) },
    contenders: [{ name: "peek", target: 1, run: peek(store, keys) }],
  };
}

/** A tier that is told of changes, beside one that is not: being told is to cost a hit nothing that can be measured. */
async function besideUntold(pairs: ReadonlyArray<Pair<string>>): Promise<Comparison> {
  const [beside, ours] = [await freshLoops(), await freshLoops()];
  const keys = asked(pairs, "a few most of the time");
  const { told, untold } = await filledTold(new Map(pairs));
  return {
    title: `memory hit without a promise, told of changes, ${pairs.length} entries, string keys, ${orders[0]}`,
    floor: { name: "peek of a tier that is not told", run: beside.peek(untold, keys) },
    contenders: [{ name: "peek", target: 1.1, run: ours.peek(told, keys) }],
  };
}

/** The same in a Map, which keeps no time and forgets nothing. */
async function besideMap<K>(
  kind: string,
  order: Order,
  pairs: ReadonlyArray<Pair<K>>,
  store: Store<K, Row>,
): Promise<Comparison> {
  const { mapGet, peek } = await freshLoops();
  const keys = asked(pairs, order);
  return {
    title: `memory hit without a promise, beside a Map, ${pairs.length} entries, ${kind}, ${order}`,
    floor: { name: "Map.get", run: mapGet(new Map(pairs), keys) },
    contenders: [{ name: "peek", target: 3, run: peek(store, keys) }],
  };
}

/** What is read with a promise, and by whom. */
interface Getting<K> {
  readonly kind: string;
  readonly order: Order;
  readonly pairs: ReadonlyArray<Pair<K>>;
  readonly store: Store<K, Row>;
  readonly peers: ReadonlyArray<MemoryPeer>;
}

async function getting<K>({ kind, order, pairs, store, peers }: Getting<K>): Promise<Comparison> {
  const { awaitMapGet, awaitGet } = await freshLoops();
  const keys = asked(pairs, order);
  const others = peers.map(async (peer) => {
    const { awaitPeer } = await freshLoops();
    return { name: peer.name, behind: behindOf(peer), run: awaitPeer(peer, keys.map(String)) };
  });
  return {
    title: `memory hit, awaited, ${
      peers.length > 0 ? "beside other libraries, " : ""
    }${pairs.length} entries, ${kind}, ${order}`,
    floor: { name: "await Promise.resolve(map.get(key))", run: awaitMapGet(new Map(pairs), keys) },
    contenders: [
      { name: "await get(key)()", target: 1.5, run: awaitGet(store, keys) },
      ...await Promise.all(others),
    ],
  };
}

let loaded = 0;

/** The loops as code of their own. */
async function freshLoops(): Promise<Loops> {
  const url = new URL("./memory_loops.ts", import.meta.url);
  url.search = String(loaded++);
  return await import(url.href);
}
