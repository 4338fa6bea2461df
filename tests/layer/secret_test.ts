import { assert, assertEquals } from "@std/assert";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { redisBackend } from "../../lib/backend/redis/mod.ts";
import { sqliteBackend } from "../../lib/backend/sqlite.ts";
import { type Backend, type Observer, shared, source, type Store } from "../../mod.ts";
import { admin } from "../backend/redis/support.ts";
import { inFolder } from "../backend/sqlite_support.ts";
import { redisServersTest } from "../servers/redis.ts";
import { type Fault, faultyBackend } from "../support/faulty_backend.ts";
import { left, right } from "../support/results.ts";
import { virtualClock } from "../../lib/testing/virtual_clock.ts";

const secret = "correct-horse-battery-staple";

/** Nobody but its caller may see it. */
const key = "ada.lovelace@example.org";

/** A store of one kind of everything that puts names on a server: shards, an epoch, claims, locks, published values. */
function storeOn(backend: Backend<Uint8Array>, observer: Observer = {}): Store<string, string> {
  return pipe(
    source<string, string>({
      commit: "300ms",
      load: (keys) => Promise.resolve(keys.map((each) => `about ${each.length}`)),
      save: () => Promise.resolve(),
    }),
    shared({
      backend,
      name: "person",
      codec: t.string,
      ttl: "1h",
      lease: "1s",
      shards: 4,
      epoch: "every read",
      secret,
      observer,
    }),
  );
}

async function use(store: Store<string, string>): Promise<void> {
  for (let i = 0; i < 8; i++) right(await store.get(key)());
  right(await store.getMany([key, `${key} `])());
  right(await store.put(key, "new")());
  right(await store.invalidate([key])());
  for (let i = 0; i < 8; i++) right(await store.get(key)());
}

/** The key as it is, as it is encoded, and as bytes are shown. */
const tells = (text: string): boolean =>
  [key, btoa(key), key.slice(0, 12), "lovelace"].some((each) => text.includes(each));

redisServersTest("S14 under a secret no command that reaches Redis, and no key in it, tells a key", async (start) => {
  const { url } = await start("--slowlog-log-slower-than", "0", "--slowlog-max-len", "10000");
  await using node = await admin(url);
  await using backend = redisBackend({ url });
  await use(storeOn(backend));
  const names = (await node.send("KEYS", "*") as ReadonlyArray<unknown>).map(String);
  assert(names.some((name) => /^lamina:person:\d(\{\})?:\^[\w-]{43}$/.test(name)), names.join());
  // Everything that was ever sent, with its arguments, channels of notifications included.
  const sent = Deno.inspect(await node.send("SLOWLOG", "GET", "-1"), {
    depth: 9,
    iterableLimit: 1e6,
    strAbbreviateSize: 1e6,
  });
  assert(sent.includes("lamina:person:"));
  assertEquals([tells(names.join()), tells(sent)], [false, false]);
});

Deno.test("S14 under a secret nothing in a SQLite file tells a key, and without it the same check finds the key", async () => {
  await inFolder(async (path, folder) => {
    await using backend = sqliteBackend({ path });
    await use(storeOn(backend));
    const bytes = () =>
      [...Deno.readDirSync(folder)].map(({ name }) =>
        new TextDecoder("latin1").decode(Deno.readFileSync(`${folder}/${name}`))
      ).join();
    assertEquals([bytes().includes("lamina:person:"), tells(bytes())], [true, false]);
    const plain = shared({ backend, name: "plain", codec: t.string, ttl: "1h" });
    right(
      await plain(source({ load: (keys: ReadonlyArray<string>) => Promise.resolve(keys.map(() => "x")) })).get(key)(),
    );
    assertEquals(tells(bytes()), true);
  });
});

Deno.test("S14 under a secret no error, event or transition tells a key, whatever goes wrong", async () => {
  const clock = virtualClock();
  const faulty = faultyBackend(clock);
  const told: Array<unknown> = [];
  const note = (what: unknown): void => void told.push(what);
  const store = storeOn(faulty.backend, { event: note, transition: note });
  const faults: ReadonlyArray<Fault> = ["not applied", "rejects", "throws", "short", "nothing", "holes"];
  for (const fault of faults) {
    faulty.down(fault);
    right(await store.get(key)());
    note(left(await store.put(key, "x")()));
    note(await store.invalidateAll()());
  }
  faulty.down(undefined);
  const cyclic: Record<string, unknown> = { [key]: 1 };
  cyclic.self = cyclic;
  note((await storeOn(faulty.backend).get([key, NaN] as never)())._tag);
  note(await storeOn(faulty.backend).put(cyclic as never, "x")());
  const text = Deno.inspect(told, { depth: 12, iterableLimit: 1e6 });
  assert(text.includes("LockNotPlaced") && text.includes("KeyRefused") && text.includes("Unreachable"));
  assertEquals(tells(text), false);
});

Deno.test("S14 stores with one secret share entries; with another, or none, they never meet", async () => {
  const faulty = faultyBackend(virtualClock());
  const at = (of: { readonly secret?: string }, value: string) =>
    shared({ backend: faulty.backend, name: "person", codec: t.string, ttl: "1h", ...of })(
      source({ load: (keys: ReadonlyArray<string>) => Promise.resolve(keys.map(() => value)) }),
    );
  const read = async (store: Store<string, string>) => right(await store.get(key)());
  for (const [of, first] of [[{ secret }, "one"], [{ secret: `${secret}.` }, "two"], [{}, "three"]] as const) {
    assertEquals(await read(at(of, first)), { _tag: "Some", value: first });
    assertEquals(await read(at(of, "another")), { _tag: "Some", value: first });
  }
});
