import { assert, assertEquals } from "@std/assert";
import * as t from "io-ts";
import { denoKvBackend } from "../../lib/backend/deno_kv.ts";
import { redisBackend } from "../../lib/backend/redis/mod.ts";
import { sqliteBackend } from "../../lib/backend/sqlite.ts";
import { type Backend, memory, shared, source } from "../../mod.ts";
import { admin, eventually } from "../backend/redis/support.ts";
import { inFolder } from "../backend/sqlite_support.ts";
import { redisServersTest } from "../servers/redis.ts";
import { found, right } from "../support/results.ts";
import { memoryIn, sharedTexts, world } from "../support/stack.ts";

const passing = (key: unknown): "cached" | "passed" => key === 1 ? "passed" : "cached";

Deno.test("S11 a key may pass the tier: it is never asked for it, its writes lock all the same", async () => {
  const here = world();
  const texts = sharedTexts(here, { keys: passing, shards: 2 });
  const others = sharedTexts(here, { shards: 2 });
  assertEquals(right(await texts.getMany([1, 2])()).length, 2);
  const asked = here.faulty.calls.flat().map(({ slot }) => slot);
  assertEquals(asked.filter((slot) => slot.endsWith(":1")), []);
  assert(asked.some((slot) => slot.endsWith(":2")));
  for (let i = 0; i < 20; i++) await others.get(1)();
  right(await texts.put(1, "uno")());
  // Nor does its writer cache it.
  assertEquals(here.faulty.slots().filter(([name, slot]) => name.endsWith(":1") && slot._tag === "Held"), []);
  for (let i = 0; i < 20; i++) assertEquals(found(await others.get(1)()), "uno");
  const loads = here.texts.loads.length;
  for (let i = 0; i < 2; i++) assertEquals(found(await texts.get(1)()), "uno");
  assertEquals(here.texts.loads.length, loads + 2);
});

Deno.test("S11 a key may pass the tier of this process as well, and one whose control throws does", async () => {
  const here = world();
  const texts = memoryIn(here, {
    keys: (key) => {
      if (key === 2) throw new Error("no idea");
      return passing(key);
    },
  })(here.texts.store);
  for (let i = 0; i < 2; i++) await texts.getMany([1, 2, 3])();
  right(await texts.put(1, "uno")());
  assertEquals([1, 2, 3].map((key) => texts.peek(key)._tag), ["None", "None", "Some"]);
  assertEquals(here.texts.loads.map(({ keys }) => keys.length), [3, 2]);
  assertEquals(found(await texts.get(1)()), "uno");
});

Deno.test("S11 the ttl may go by the key, also one that says not to store", async () => {
  const here = world();
  const ttl = (_value: unknown, key: unknown) => key === 1 ? "do not store" : key === 2 ? "1s" : "forever";
  const texts = sharedTexts(here, { ttl });
  const verdicts = async (): Promise<ReadonlyArray<string>> =>
    (await texts.entries([1, 2, 3])()).map((entry) => right(entry).verdict._tag);
  assertEquals(await verdicts(), ["Withheld", "Filled", "Filled"]);
  assertEquals(await verdicts(), ["Bypassed", "HitShared", "HitShared"]);
  await here.clock.advance(1_000);
  assertEquals(await verdicts(), ["Bypassed", "Filled", "HitShared"]);
});

/** A store whose key 1 is cached for ever and 2 for an hour, and how often it loaded. */
function forever(backend: Backend<Uint8Array>) {
  let loads = 0;
  const below = source({
    commit: "300ms",
    load: (keys: ReadonlyArray<number>) => (loads += keys.length, Promise.resolve(keys.map(String))),
  });
  const ttl = (_value: unknown, key: unknown) => key === 1 ? "forever" : "1h";
  const store = shared({ backend, name: "for-ever", codec: t.string, ttl, lease: "1s" })(below);
  return { store, loads: () => loads };
}

async function assertForever({ store, loads }: ReturnType<typeof forever>): Promise<void> {
  right(await store.getMany([1, 2])());
  const entries = (await store.entries([1, 2])()).map(right);
  assertEquals(entries.map(({ verdict }) => verdict._tag), ["HitShared", "HitShared"]);
  assertEquals(entries.map(({ fresh, until }) => [fresh === Infinity, until === Infinity]), [[true, true], [
    false,
    false,
  ]]);
  assertEquals(loads(), 2);
}

Deno.test("S11 forever is without an end in memory, however much time passes", async () => {
  const here = world();
  const texts = memory({ capacity: 10, ttl: "forever", clock: here.clock })(sharedTexts(here, { ttl: "forever" }));
  await texts.getMany([1, 2])();
  await here.clock.advance(1e15);
  assertEquals(texts.peek(1), { _tag: "Some", value: { _tag: "Some", value: "one" } });
  assertEquals(right((await sharedTexts(here).entries([1])())[0]!).until, Infinity);
  await texts.getMany([1, 2])();
  assertEquals(here.texts.loads.length, 1);
});

Deno.test("S11 forever is without an end in a SQLite file, also for who opens it later", async () => {
  await inFolder(async (path) => {
    {
      await using backend = sqliteBackend({ path });
      await assertForever(forever(backend));
    }
    await using backend = sqliteBackend({ path });
    const later = forever(backend);
    const [entry] = await later.store.entries([1])();
    assertEquals([right(entry!).until, right(entry!).verdict._tag, later.loads()], [Infinity, "HitShared", 0]);
  });
});

Deno.test("S11 forever is without an end in a Deno KV, also for who opens it later", async () => {
  await inFolder(async (path) => {
    {
      using kv = await Deno.openKv(path);
      await using backend = denoKvBackend({ kv, at: ["cache"] });
      await assertForever(forever(backend));
    }
    using kv = await Deno.openKv(path);
    await using backend = denoKvBackend({ kv, at: ["cache"] });
    const later = forever(backend);
    const [entry] = await later.store.entries([1])();
    assertEquals([right(entry!).until, right(entry!).verdict._tag, later.loads()], [Infinity, "HitShared", 0]);
  });
});

for (const policy of ["noeviction", "volatile-lru", "allkeys-lru"]) {
  redisServersTest(`S11 forever is an entry without an expiry on Redis under ${policy}`, async (start) => {
    const { url } = await start("--maxmemory-policy", policy, "--maxmemory", "100mb");
    await using node = await admin(url);
    await using backend = redisBackend({ url });
    const { store, loads } = forever(backend);
    const ttlOf = async (key: number): Promise<number> => Number(await node.send("PTTL", `lamina:for-ever:0:${key}`));
    // What a server stores that is younger than a lease, or may have evicted a lock, ends with that lease: till then.
    await eventually("an entry off probation", async () => {
      right(await store.getMany([1, 2])());
      return right((await store.entries([1])())[0]!).until === Infinity;
    });
    assertEquals(await ttlOf(1), -1);
    assert(await ttlOf(2) > 3_000_000);
    const before = loads();
    assertEquals(right((await store.entries([1])())[0]!).verdict._tag, "HitShared");
    assertEquals(loads(), before);
  });
}
