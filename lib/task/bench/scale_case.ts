import { memory, source, type Store } from "../../../mod.ts";
import type { Case, Comparison, Contender } from "./comparison.ts";
import { inLanes } from "./lanes.ts";

/** How many keys a tier holds, from few to many. */
const sizes: ReadonlyArray<number> = [1_000, 10_000, 100_000, 1_000_000];

/** How many readers there are at once. */
const widths: ReadonlyArray<number> = [1, 100, 10_000];

/** What an operation may cost at the far end, of what it costs at the near one. */
const flat = 1.3;

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
        ofSizes("a hit that stays in one place", stores, (store) => {
          // The same few keys: what is measured is the tier's own doing, not the processor's cache.
          return (index) => read(store, index % 500);
        }),
        ofSizes("a miss that evicts", stores, (store, size) => {
          let next = size;
          return () => read(store, next++);
        }),
        ...widths.map((lanes) => ofWidth(lanes, stores[1]!)),
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

async function read(store: Store<number, number>, key: number): Promise<number> {
  const found = await store.get(key)();
  return found._tag === "Right" && found.right._tag === "Some" ? found.right.value : NaN;
}

function ofSizes(
  title: string,
  stores: ReadonlyArray<Store<number, number>>,
  make: (store: Store<number, number>, size: number) => (index: number) => Promise<number>,
): Comparison {
  const [near, ...others] = stores.map((store, i): Contender => {
    const one = make(store, sizes[i]!);
    return { name: `${sizes[i]} keys`, run: (count) => inLanes(1, count, one) };
  });
  return { title, floor: near!, contenders: farthest(others) };
}

/** Beside an awaited Map.get by as many: that so many promises wait has its own price. */
function ofWidth(lanes: number, store: Store<number, number>): Comparison {
  const map = new Map(Array.from({ length: 500 }, (_, key) => [key, key]));
  const doing = (one: (index: number) => Promise<number>): Contender["run"] => async (count) => {
    // A pass has as many reads as there are readers at least, or they would not all be there.
    const reads = Math.max(count, lanes);
    return await inLanes(lanes, reads, one) * count / reads;
  };
  return {
    title: `a hit by ${lanes} readers at once`,
    floor: {
      name: "await Promise.resolve(map.get(key))",
      run: doing((index) => Promise.resolve(map.get(index % 500)!)),
    },
    contenders: [{ name: "await get(key)()", run: doing((index) => read(store, index % 500)) }],
  };
}

/** Only the last one is held to it: those between show the way. */
function farthest(contenders: ReadonlyArray<Contender>): ReadonlyArray<Contender> {
  return contenders.map((each, i) => i === contenders.length - 1 ? { ...each, target: flat } : each);
}
