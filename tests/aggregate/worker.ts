/** What the tests of counters and queues let processes of their own do: worker.ts <what> <arguments as JSON …>. */
import { fromNullable, some } from "fp-ts/lib/Option.js";
import * as t from "io-ts";
import { redisLeases } from "../../lib/backend/redis/mod.ts";
import {
  type AggregateEvent,
  type CounterSet,
  counterSet,
  foldCounts,
  getOrCreate,
  type Totals,
  writeBehind,
} from "../../lib/aggregate/mod.ts";
import { sqliteTotals } from "../../lib/entry/sqlite.ts";
import { fileLocks, leaseLocks } from "../../lib/lock/mod.ts";
import { openCounters, openQueue, type Place } from "./support.ts";
import { entitiesIn, filesIn, savesTo } from "./entities.ts";

const [what = "", ...words] = Deno.args;
const args = words.map((word) => JSON.parse(word));

/** Says where it is, and waits to be told to go on. */
async function stop(where: string): Promise<void> {
  console.log(where);
  await Deno.stdin.read(new Uint8Array(1));
}

/** Waits until whoever it races says, by a file, that they have met. */
async function untilMet(flag: string): Promise<void> {
  const end = performance.now() + 60_000;
  while (await Deno.stat(flag).then(() => false, () => true)) {
    if (performance.now() > end) throw new Error("Nobody came to race with within 60 s");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Increments so many times, by as many calls at once as a busy server has. */
async function increment(place: Place, times: number, flag: string): Promise<unknown> {
  await using port = openCounters(place);
  const counters = counterSet({ port, name: "votes" });
  await stop("ready");
  let counted = 0;
  await Promise.all(Array.from({ length: 8 }, async (_, lane) => {
    for (let i = lane; i < times; i += 8) {
      if (i >= times / 2) await untilMet(flag);
      if ((await counters.increment({ [`name ${i % 3}`]: 1 })())._tag === "Right") counted++;
    }
  }));
  return counted;
}

/** Folds, and stops before and after each step. */
async function fold(place: Place, path: string): Promise<unknown> {
  await using port = openCounters(place);
  await using stored = sqliteTotals({ database: path });
  const inner = counterSet({ port, name: "votes" });
  const around = <A>(step: string, run: () => Promise<A>) => async (): Promise<A> => {
    await stop(`before ${step}`);
    const answer = await run();
    await stop(`after ${step}`);
    return answer;
  };
  const counters: CounterSet = {
    ...inner,
    take: around("take", inner.take),
    acknowledge: (id) => around("acknowledge", inner.acknowledge(id)),
  };
  const totals: Totals = { ...stored, fold: (batch, within) => around("fold", () => stored.fold(batch, within))() };
  return await foldCounts({ counters, totals, commit: "1m" })();
}

/** Flushes under a lease, and stops while it saves. */
async function flush(place: Place, path: string, lease: `${number}ms`): Promise<unknown> {
  if (place.kind !== "redis") throw new Error("Leases are on Redis");
  await using leases = redisLeases(place);
  await using port = openQueue(place);
  const save = savesTo(path);
  await using queue = writeBehind<string, number>({
    port,
    name: "people",
    codec: t.number,
    locks: leaseLocks({ port: leases, lease, renewFor: "1m" }),
    save: async (changes) => {
      await stop("saving");
      save(changes);
    },
  });
  return await queue.flush();
}

/** Puts so many keys. */
async function put(place: Place, from: number, times: number, flag: string): Promise<unknown> {
  await using port = openQueue(place);
  const events: AggregateEvent[] = [];
  await using queue = writeBehind<string, number>({
    port,
    name: "people",
    codec: t.number,
    threshold: 1_000_000,
    save: () => Promise.reject(new Error("It only puts")),
    onEvent: (event) => events.push(event),
  });
  await stop("ready");
  let done = 0;
  for (let i = 0; i < times; i++) {
    if (i === times / 2) await untilMet(flag);
    if ((await queue.put(`key ${from + i}`, some(i))())._tag === "Right") done++;
  }
  return [done, events.length];
}

/** Creates the same entities as others do, at the same time. */
async function create(path: string, times: number, folder: string | null): Promise<unknown> {
  const locks = fromNullable(folder);
  const store = locks._tag === "Some" ? filesIn(path) : entitiesIn(path);
  const create = getOrCreate(store, locks._tag === "Some" ? { locks: fileLocks({ directory: locks.value }) } : {});
  const me = crypto.randomUUID();
  await stop("ready");
  const made: unknown[] = [];
  for (let i = 0; i < times; i++) made.push(await create(`entity ${i}`, () => `${me} ${i}`)());
  await store.close();
  return made;
}

const doing: Readonly<Record<string, (...args: ReadonlyArray<never>) => Promise<unknown>>> = {
  increment,
  fold,
  flush,
  put,
  create,
};
console.log(JSON.stringify(await doing[what]!(...args as never[])));
Deno.exit();
