import { assert, assertEquals, assertThrows } from "@std/assert";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { denoKvBackend } from "../../lib/backend/deno_kv.ts";
import type { Backend } from "../../lib/backend/port.ts";
import { promises, shared, source } from "../../mod.ts";
import { ask, bytesOf, claim, fill, generationOf, lock, look, store, stored, unlock, usual } from "./redis/support.ts";

/** The most that a fill takes. */
const most = 720_000;

/** A payload of some length in which no two neighbouring pieces are alike. */
function payload(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + Math.floor(i / 60_000)) % 251);
}

function long(length: number): ReturnType<typeof stored> {
  return { ...stored(), payload: payload(length) };
}

async function withKv(use: (backend: Backend<Uint8Array>, kv: Deno.Kv) => Promise<void>): Promise<void> {
  using kv = await Deno.openKv(":memory:");
  await using backend = denoKvBackend({ kv });
  await use(backend, kv);
}

async function keysIn(kv: Deno.Kv): Promise<number> {
  return (await Array.fromAsync(kv.list({ prefix: [] }))).length;
}

Deno.test("S06 payloads come back as they were, empty and in pieces, and their pieces end with them", async () => {
  await withKv(async (backend, kv) => {
    for (const length of [0, 1, 60_000, 60_001, 65_536, 120_000, 500_001, most]) {
      assertEquals((await store(backend, "a", long(length)))._tag, "Filled", `${length}`);
      const hit = await ask(backend, "a", look);
      assert(hit._tag === "Hit");
      assertEquals(hit.found.payload, payload(length));
      assertEquals(await keysIn(kv), 1 + (length <= 60_000 ? 0 : Math.ceil(length / 60_000)));
      const locked = generationOf(await ask(backend, "a", lock("one")));
      assertEquals(await keysIn(kv), 1);
      assertEquals((await ask(backend, "a", unlock("one", locked, long(length))))._tag, "Published");
      assertEquals((await ask(backend, "a", unlock("stranger", -1)))._tag, "Lost");
      assertEquals(await keysIn(kv), 0);
    }
  });
});

Deno.test("a payload in pieces stays where it is while its entry is marked, and goes when it is renewed", async () => {
  await withKv(async (backend, kv) => {
    await store(backend, "a", long(150_000));
    const placed = async () => (await Array.fromAsync(kv.list({ prefix: [] }))).slice(1).map(({ key }) => key);
    const before = await placed();
    const mark = await ask(backend, "a", { _tag: "refresh", owner: "one", which: "any" });
    assert(mark._tag === "Mine");
    assertEquals(mark.found?.payload, payload(150_000));
    assertEquals(await placed(), before);
    assertEquals((await ask(backend, "a", fill("one", mark.generation, long(70_000))))._tag, "Filled");
    const after = await placed();
    assertEquals([after.length, after.some((key) => before.some((each) => `${each}` === `${key}`))], [2, false]);
    const hit = await ask(backend, "a", look);
    assertEquals(hit._tag === "Hit" && hit.found.payload, payload(70_000));
  });
});

Deno.test("an entry whose pieces were lost is absent, and can be filled again", async () => {
  await withKv(async (backend, kv) => {
    await store(backend, "a", long(150_000));
    const [, piece] = await Array.fromAsync(kv.list({ prefix: [] }));
    await kv.delete(piece!.key);
    assertEquals((await ask(backend, "a", look))._tag, "Vacant");
    assertEquals((await store(backend, "a", long(150_000)))._tag, "Filled");
    assertEquals((await ask(backend, "a", look))._tag, "Hit");
  });
});

Deno.test("S10 a value above the limit is refused with a message, and keeps nobody waiting", async () => {
  await withKv(async (backend, kv) => {
    const generation = generationOf(await ask(backend, "a", claim("one")));
    const reply = await ask(backend, "a", fill("one", generation, long(most + 1)));
    const message = `expected a value of at most ${most} bytes, all that Deno KV takes at once: received ${most + 1}`;
    assertEquals(reply, { _tag: "Unreachable", reason: message });
    assertEquals((await ask(backend, "a", claim("two")))._tag, "Pass");
    const locked = generationOf(await ask(backend, "a", lock("one")));
    assertEquals((await ask(backend, "a", unlock("one", locked, long(most + 1))))._tag, "Cleared");
    assertEquals(await keysIn(kv), 0);
    assertEquals((await ask(backend, "a", fill("one", generation, long(most + 1))))._tag, "Refused");
  });
});

Deno.test("S10 a tier returns what its Deno KV does not take", async () => {
  await withKv(async (backend) => {
    let loads = 0;
    const long = "x".repeat(2 * most);
    await using texts = promises(pipe(
      source({ load: async (keys: ReadonlyArray<string>) => (loads++, await Promise.resolve(keys.map(() => long))) }),
      shared({ backend, name: "text", codec: t.string, ttl: "10m", compress: "never", maxBytes: 8 * most }),
    ));
    assertEquals(await texts.get("a"), long);
    assertEquals([await texts.get("a"), loads], [long, 2]);
  });
});

Deno.test("one call takes more keys, and more bytes, than KV takes at once", async () => {
  await withKv(async (backend) => {
    const slots = Array.from({ length: 60 }, (_, i) => `slot ${i}`);
    const run = async (operationOf: (index: number) => Parameters<typeof ask>[2]) =>
      await backend.run(slots.map((slot, i) => ({ slot, operation: operationOf(i) })), usual)();
    const claims = await run(() => claim("one"));
    const fills = await run((i) => fill("one", generationOf(claims[i]!), long(i * 5_000)));
    assertEquals(new Set(fills.map(({ _tag }) => _tag)), new Set(["Filled"]));
    const hits = await run(() => look);
    assertEquals(hits.map((hit) => hit._tag === "Hit" && hit.found.payload.length), slots.map((_, i) => i * 5_000));
  });
});

Deno.test("a slot that cannot be is refused by itself: a name too long, somebody else's value", async () => {
  await withKv(async (backend, kv) => {
    await kv.set(["lamina", "foreign"], "theirs");
    const slots = ["a", "x".repeat(701), "foreign", "y".repeat(700), "\0".repeat(700)];
    const replies = await backend.run(slots.map((slot) => ({ slot, operation: lock("one") })), usual)();
    assertEquals(replies.map(({ _tag }) => _tag), ["Locked", "Unreachable", "Unreachable", "Locked", "Locked"]);
    assertEquals(replies.flatMap((reply) => reply._tag === "Unreachable" ? [reply.reason] : []), [
      "expected a slot's name of at most 700 bytes: received 701",
      "the key holds no slot",
    ]);
    assertEquals((await kv.get(["lamina", "foreign"])).value, "theirs");
  });
});

Deno.test("handles on one file that meet at one slot all get their turn", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const handles = await Promise.all([1, 2, 3].map(() => Deno.openKv(`${folder}/kv`)));
    const backends = handles.map((kv) => denoKvBackend({ kv }));
    const many = Array.from({ length: 30 }, (_, i) => i);
    const on = (i: number) => backends[i % 3]!;
    const claims = await Promise.all(many.map((i) => ask(on(i), "a", claim(`owner ${i}`), { within: 20_000 })));
    assertEquals(claims.filter(({ _tag }) => _tag === "Mine").length, 1);
    assertEquals(claims.filter(({ _tag }) => _tag === "Busy").length, 29);
    const locks = await Promise.all(many.map((i) => ask(on(i), "a", lock(`token ${i}`), { within: 20_000 })));
    assertEquals(new Set(locks.map(({ _tag }) => _tag)), new Set(["Locked"]));
    const unlocks = await Promise.all(many.map((i) => {
      return ask(on(i), "a", unlock(`token ${i}`, generationOf(locks[i]!), stored(i)), { within: 20_000 });
    }));
    const ended = unlocks.map(({ _tag }) => _tag).sort();
    assertEquals(ended, ["Cleared", ...Array.from({ length: 29 }, () => "Shared")]);
    for (const each of backends) await each.close();
    for (const each of handles) each.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** A database of which some functions are others. */
function changed(kv: Deno.Kv, other: Partial<Pick<Deno.Kv, "atomic" | "getMany">>): Deno.Kv {
  return new Proxy(kv, {
    get: (_, name) => {
      const own = name === "atomic" || name === "getMany" ? other[name] : undefined;
      if (own !== undefined) return own;
      const value = Reflect.get(kv, name);
      return typeof value === "function" ? value.bind(kv) : value;
    },
  });
}

Deno.test("X13 attempts that always meet somebody else end with the caller's time, and X09 so does silence", async () => {
  using kv = await Deno.openKv(":memory:");
  let commits = 0;
  const beaten = changed(kv, {
    atomic: () => {
      commits++;
      return kv.atomic().check({ key: ["nobody"], versionstamp: "00000000000000010000" });
    },
  });
  await using first = denoKvBackend({ kv: beaten });
  const busy = await ask(first, "a", lock("one"), { within: 1_000 });
  assert(busy._tag === "Unreachable", busy._tag);
  assert(commits > 1 && commits < 1_000, `${commits}`);
  await using second = denoKvBackend({ kv: changed(kv, { getMany: () => new Promise(() => {}) }) });
  assertEquals(await ask(second, "a", look, { within: 20 }), {
    _tag: "Unreachable",
    reason: "no answer within 20 ms",
  });
  assertEquals(await keysIn(kv), 0);
});

Deno.test("X09 a database that fails, or was closed, is Unreachable", async () => {
  const kv = await Deno.openKv(":memory:");
  const failing = (): never => {
    throw new TypeError("disk I/O error");
  };
  await using first = denoKvBackend({ kv: changed(kv, { atomic: failing }) });
  const failed = await ask(first, "a", lock("one"));
  assert(failed._tag === "Unreachable" && failed.reason === "disk I/O error");
  await using second = denoKvBackend({ kv });
  kv.close();
  const closed = await ask(second, "a", look);
  assert(closed._tag === "Unreachable" && closed.reason.includes("Bad resource"), JSON.stringify(closed));
});

Deno.test("KV forgets an entry by itself an hour after it may be asked for, and one for ever never", async () => {
  using kv = await Deno.openKv(":memory:");
  const kept: Array<number | undefined> = [];
  const noting = changed(kv, {
    atomic: () => {
      const operation = kv.atomic();
      const set = operation.set.bind(operation);
      operation.set = (key, value, options) => (kept.push(options?.expireIn), set(key, value, options));
      return operation;
    },
  });
  await using backend = denoKvBackend({ kv: noting, clock: { now: () => 1_000 } });
  await store(backend, "a", stored(1));
  await store(backend, "b", { ...stored(1), until: Infinity });
  assertEquals(kept, [3_630_000, 7_200_000, 3_630_000, undefined]);
  assertEquals(bytesOf(await ask(backend, "b", look)), [1]);
});

Deno.test("two processes' tiers on one Deno KV share a load, and see each other's writes", async () => {
  const folder = await Deno.makeTempDir();
  try {
    using here = await Deno.openKv(`${folder}/kv`);
    using there = await Deno.openKv(`${folder}/kv`);
    const rows = new Map([["a", "old"]]);
    let loads = 0;
    const open = (kv: Deno.Kv) =>
      promises(pipe(
        source({
          load: async (keys: ReadonlyArray<string>) => {
            loads++;
            await new Promise((resolve) => setTimeout(resolve, 50));
            return keys.map((key) => rows.get(key));
          },
          save: async (changes) => {
            for (const { key, value } of changes) if (value._tag === "Some") rows.set(key, value.value);
            await Promise.resolve();
          },
        }),
        shared({ backend: denoKvBackend({ kv }), name: "text", codec: t.string, ttl: "10m", timeout: "5s" }),
      ));
    await using one = open(here);
    await using other = open(there);
    assertEquals(await Promise.all([one.get("a"), other.get("a"), one.get("a")]), ["old", "old", "old"]);
    assertEquals(loads, 1);
    await one.put("a", "new");
    assertEquals([await other.get("a"), loads], ["new", 1]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("options out of range are refused", async () => {
  using kv = await Deno.openKv(":memory:");
  for (const at of [[], ["x".repeat(300)]]) {
    assertThrows(() => denoKvBackend({ kv, at }), RangeError, "Cannot make a Deno KV backend: expected a key of");
  }
  await using backend = denoKvBackend({ kv, at: ["cache", 1n] });
  await ask(backend, "a", lock("one"));
  assertEquals((await Array.fromAsync(kv.list({ prefix: ["cache"] }))).map(({ key }) => key), [["cache", 1n, "a"]]);
});
