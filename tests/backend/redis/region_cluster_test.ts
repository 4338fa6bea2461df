/** A region whose entries, and the two parts of its epoch, are on different nodes of a cluster. */
import { assert, assertEquals } from "@std/assert";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { keySlot } from "../../../lib/backend/redis/key_slot.ts";
import { redisBackend } from "../../../lib/backend/redis/mod.ts";
import { encodeKey, namespace, slotName } from "../../../lib/key.ts";
import { sleep } from "../../../lib/task/faults/patience.ts";
import type { DurationLike, Store } from "../../../mod.ts";
import { shared, source } from "../../../mod.ts";
import { redisServersTest } from "../../servers/redis.ts";
import { allFound, found, left, right } from "../../support/results.ts";
import { startCluster, type TestCluster } from "./cluster.ts";
import { eventually } from "./support.ts";

const keys = Array.from({ length: 30 }, (_, i) => `k${i}`);

/** Which of three nodes with equal shares a slot is on. */
function nodeOf(slot: string): number {
  return Math.floor(keySlot(slot) / Math.ceil(16_384 / 3));
}

/** A name of a region whose epoch has its two parts on these nodes: neighbours, since their names differ by little. */
function nameOn(hard: number, soft: number): string {
  for (let i = 0; i < 1_000; i++) {
    const { prefix } = namespace({ namespace: `region${i}` });
    if (nodeOf(`${prefix}epoch:hard`) === hard && nodeOf(`${prefix}epoch:soft`) === soft) return `region${i}`;
  }
  throw new Error(`Cannot find a region on the nodes ${hard} and ${soft}`);
}

/** Two processes as far as stores go, in front of one source. */
interface Two extends AsyncDisposable {
  readonly one: Store<string, string>;
  readonly other: Store<string, string>;
  /** What the source has for every key. */
  now: string;
  /** The next load answers when it is told to. */
  stop: Promise<void> | undefined;
  readonly loading: () => number;
}

function openTwo(cluster: TestCluster, name: string, epoch: "every read" | { readonly lease: DurationLike }): Two {
  const opened: Array<() => Promise<void>> = [];
  let loading = 0;
  const open = (): Store<string, string> => {
    const backend = redisBackend({
      cluster: { nodes: cluster.servers.map(({ url }) => url) },
      connectTimeout: "500ms",
    });
    const store = pipe(
      source({
        load: async (wanted: ReadonlyArray<string>) => {
          const read = wanted.map((key) => `${key} ${self.now}`);
          loading++;
          await self.stop;
          return read;
        },
        commit: "200ms",
      }),
      // Short, so that what is stored by servers that are younger is trusted soon.
      shared({ backend, name, codec: t.string, ttl: "1h", lease: "1s", grace: "1h", epoch }),
    );
    opened.push(() => store.close(), () => backend.close());
    return store;
  };
  const self: Two = {
    one: open(),
    other: open(),
    now: "first",
    stop: undefined,
    loading: () => loading,
    [Symbol.asyncDispose]: async () => {
      for (const close of opened) await close();
    },
  };
  return self;
}

async function readAll(store: Store<string, string>): Promise<ReadonlyArray<string | undefined>> {
  return allFound(await store.getMany(keys)());
}

function all(text: string): ReadonlyArray<string> {
  return keys.map((key) => `${key} ${text}`);
}

/** Both have read everything from the tier, which every node trusts by now. */
async function untilHits({ one, other }: Two): Promise<void> {
  for (const store of [one, other]) {
    await eventually("hits on every node", async () => {
      return (await store.entries(keys)()).every((entry) => right(entry).verdict._tag === "HitShared");
    }, 30);
  }
}

const places = [[0, 1], [2, 1]] as const;

redisServersTest("D26 in a cluster a region is invalidated across its nodes, hard and softly", async (start) => {
  await using cluster = await startCluster(start);
  for (const [hard, soft] of places) {
    const name = nameOn(hard, soft);
    const slotOf = slotName({ namespace: name });
    assertEquals(new Set(keys.map((key) => nodeOf(slotOf(right(encodeKey(key)), 0)))), new Set([0, 1, 2]));
    await using two = openTwo(cluster, name, "every read");
    await untilHits(two);
    two.now = "second";
    right(await two.one.invalidateAll()());
    assertEquals(await readAll(two.other), all("second"));
    await untilHits(two);
    two.now = "third";
    right(await two.other.invalidateAll({ mode: "soft" })());
    // What is there is served while one renews it.
    const entries = await two.one.entries(keys)();
    assert(entries.every((entry) => right(entry).verdict._tag === "Stale"));
    await untilHits(two);
    for (const store of [two.one, two.other]) assertEquals(await readAll(store), all("third"));
  }
});

redisServersTest("D26 X01 in a cluster an invalidation is not undone by a load under way", async (start) => {
  await using cluster = await startCluster(start);
  await using two = openTwo(cluster, nameOn(1, 2), "every read");
  await untilHits(two);
  two.now = "second";
  right(await two.other.invalidateAll()());
  const stopped = Promise.withResolvers<void>();
  two.stop = stopped.promise;
  const loads = two.loading();
  const before = readAll(two.one);
  await eventually("a load", () => two.loading() > loads);
  two.stop = undefined;
  two.now = "third";
  right(await two.other.invalidateAll()());
  stopped.resolve();
  assertEquals(await before, all("second"));
  for (const store of [two.other, two.one]) assertEquals(await readAll(store), all("third"));
});

redisServersTest(
  "D26 in a cluster an invalidation is acknowledged when nobody goes by the epoch it leased",
  async (start) => {
    await using cluster = await startCluster(start);
    const lease = 400;
    await using two = openTwo(cluster, nameOn(2, 1), { lease: `${lease}ms` });
    await untilHits(two);
    for (let round = 0; round < 3; round++) {
      two.now = `old ${round}`;
      right(await two.one.invalidateAll()());
      await untilHits(two);
      two.now = `new ${round}`;
      const begun = performance.now();
      let acknowledged = false;
      const clearing = two.one.invalidateAll()().then((done) => (acknowledged = true, done));
      const seen: Array<boolean> = [];
      while (!acknowledged) {
        const values = await readAll(two.other);
        // One epoch for all keys of a call: those of one world, or of the next.
        for (const old of ["old", "new"]) {
          assert(
            values.every((each) => each!.includes(old)) || !values[0]!.includes(old),
          );
        }
        seen.push(values[0]!.includes("new"));
        await sleep(20);
      }
      right(await clearing);
      assert(performance.now() - begun >= lease);
      for (const store of [two.other, two.one]) assertEquals(await readAll(store), all(`new ${round}`));
      assertEquals(seen, seen.toSorted());
    }
  },
);

redisServersTest("in a cluster nobody believes an old epoch while its node does not answer", async (start) => {
  await using cluster = await startCluster(start);
  const name = nameOn(0, 1);
  await using two = openTwo(cluster, name, "every read");
  await untilHits(two);
  const elsewhere = keys.find((key) => nodeOf(slotName({ namespace: name })(right(encodeKey(key)), 0)) === 2)!;
  two.now = "second";
  cluster.servers[0]!.signal("SIGSTOP");
  assertEquals(left(await two.one.invalidateAll()()).outcome, "aborted");
  assertEquals(found(await two.other.get(elsewhere)()), `${elsewhere} second`);
  cluster.servers[0]!.signal("SIGCONT");
  await eventually("an invalidation", async () => (await two.one.invalidateAll()())._tag === "Right");
  assertEquals(await readAll(two.other), all("second"));
});
