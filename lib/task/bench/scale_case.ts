import { memory, source, type Store } from "../../../mod.ts";
import type { Case, Comparison, Contender } from "./comparison.ts";
import { readInLanes, waves } from "./lanes.ts";

/** How many keys a tier holds, from few to many. */
const sizes: ReadonlyArray<number> = [1_000, 10_000, 100_000, 1_000_000];

/** How many readers there are at once. */
const widths: ReadonlyArray<number> = [1, 100, 10_000];

/** What an operation may cost at the far end, of what it costs at the near one. */
const flat = 1.3;

/** How many keys are read: what is measured is the tier's own doing, not the processor's cache. */
const few = 500;
const among = (index: number): number => index % few;

/** How many keys are put into a tier at once. */
const atOnce = 10_000;

/** Whether what an operation costs stays the same as keys and readers become many. */
export const scaleCase: Case = {
  name: "scale",
  about: "a hit and a miss with 1,000 to 1,000,000 keys, and hits by 1 to 10,000 readers at once",
  needs: "nothing",
  open: async () => {
    const stores = await Promise.all(sizes.map(filled));
    return {
      counts: [],
      comparisons: [
        ofSizes("a hit that stays in one place", stores, () => among),
        ofSizes("a miss that evicts", stores, (size) => {
          let next = size;
          return () => next++;
        }),
        ofWidths("a hit", ofStore(stores[1]!, among), "asked for"),
        ofWidths("an awaited Map.get", ofMap, "shown"),
        ...widths.map((lanes) => atWidth(lanes, ofStore(stores[1]!, among))),
      ],
      [Symbol.asyncDispose]: async () => void await Promise.all(stores.map((store) => store.close())),
    };
  },
};

async function filled(size: number): Promise<Store<number, number>> {
  const load = (keys: ReadonlyArray<number>) => Promise.resolve(keys.map((key) => key));
  const store = memory({ capacity: size, ttl: "1h" })(source({ load }));
  for (let at = 0; at < size; at += atOnce) {
    await store.getMany(Array.from({ length: Math.min(atOnce, size - at) }, (_, i) => at + i))();
  }
  return store;
}

/** What is read at each index, and the number that is made of it. */
interface Read<A> {
  readonly one: (index: number) => Promise<A>;
  readonly numberOf: (result: A) => number;
}

type Found = Awaited<ReturnType<ReturnType<Store<number, number>["get"]>>>;

function ofStore(store: Store<number, number>, keyOf: (index: number) => number): Read<Found> {
  return {
    one: (index) => store.get(keyOf(index))(),
    numberOf: (found) => found._tag === "Right" && found.right._tag === "Some" ? found.right.value : NaN,
  };
}

const map: ReadonlyMap<number, number> = new Map(Array.from({ length: few }, (_, key) => [key, key]));

const ofMap: Read<number> = { one: (index) => Promise.resolve(map.get(among(index))!), numberOf: (found) => found };

function ofSizes(
  title: string,
  stores: ReadonlyArray<Store<number, number>>,
  keysOf: (size: number) => (index: number) => number,
): Comparison {
  const [near, ...others] = stores.map((store, i): Contender => ({
    name: `${sizes[i]} keys`,
    ...byMany(1, ofStore(store, keysOf(sizes[i]!))),
  }));
  return { title, floor: near!, contenders: farthest(others) };
}

/**
 * One reader, beside many. Where nothing is asked of it, it shows what it costs by itself that so many promises wait at
 * once, which the reads of a tier do as well.
 */
function ofWidths<A>(what: string, read: Read<A>, asked: "asked for" | "shown"): Comparison {
  const [near, ...others] = widths.map((lanes): Contender => ({
    name: `${lanes} reader${lanes === 1 ? "" : "s"} at once`,
    ...byMany(lanes, read),
  }));
  const title = `${what}, as its readers become many`;
  return { title, floor: near!, contenders: asked === "shown" ? others : farthest(others) };
}

/** Beside an awaited Map.get by as many. */
function atWidth<A>(lanes: number, read: Read<A>): Comparison {
  return {
    title: `a hit by ${lanes} reader${lanes === 1 ? "" : "s"} at once`,
    floor: { name: "await Promise.resolve(map.get(key))", ...byMany(lanes, ofMap) },
    contenders: [{ name: "await get(key)()", ...byMany(lanes, read) }],
  };
}

function byMany<A>(lanes: number, { one, numberOf }: Read<A>): Pick<Contender, "run" | "least"> {
  return { run: (count) => readInLanes(lanes, count, one, numberOf), least: lanes * waves };
}

/** Only the last one is held to it: those between show the way. */
function farthest(contenders: ReadonlyArray<Contender>): ReadonlyArray<Contender> {
  return contenders.map((each, i) => i === contenders.length - 1 ? { ...each, target: flat } : each);
}
