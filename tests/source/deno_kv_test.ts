import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { assertEquals } from "@std/assert";
import { denoKvSource } from "../../lib/source/deno_kv.ts";
import type { CacheError, Store, Transaction } from "../../mod.ts";
import { allFound, found, left, right } from "../support/results.ts";

type Counts = Transaction<string, number>;

async function withKv(use: (kv: Deno.Kv, counts: Store<string, number>) => Promise<void>): Promise<void> {
  using kv = await Deno.openKv(":memory:");
  await using counts = denoKvSource<string, number>({ kv, at: (name) => ["count", name] });
  await use(kv, counts);
}

/** Adds to a count, after something else. */
const add = (name: string, more: number, meanwhile: () => Promise<unknown> = () => Promise.resolve()) =>
(
  tx: Counts,
): TE.TaskEither<CacheError, void> =>
async () => {
  const before = await tx.get(name)();
  await meanwhile();
  return before._tag === "Left" ? before : await tx.put(name, O.getOrElse(() => 0)(before.right) + more)();
};

async function valueOf(kv: Deno.Kv, name: string): Promise<unknown> {
  return (await kv.get(["count", name])).value;
}

function causeOf(error: unknown): string {
  return String((error as { readonly cause?: unknown }).cause);
}

Deno.test("values are read, put and removed; what nobody put is absent", async () => {
  await withKv(async (kv, counts) => {
    right(await counts.put("a", 0)());
    assertEquals(allFound(await counts.getMany(["b", "a", "b"])()), [undefined, 0, undefined]);
    right(await counts.remove("a")());
    assertEquals([found(await counts.get("a")()), await valueOf(kv, "a")], [undefined, null]);
  });
});

Deno.test("more keys than KV reads at once are read in their order", async () => {
  for (const count of [1, 10, 11, 80, 81, 205]) {
    await withKv(async (kv, counts) => {
      const names = Array.from({ length: count }, (_, i) => `${i}`);
      for (const name of names) if (Number(name) % 3 !== 0) await kv.set(["count", name], Number(name));
      const expected = names.map((name) => Number(name) % 3 === 0 ? undefined : Number(name));
      assertEquals(allFound(await counts.getMany(names)()), expected);
    });
  }
});

Deno.test("a body reads what it wrote, and nothing is written before the commit", async () => {
  await withKv(async (kv, counts) => {
    await kv.set(["count", "a"], 1);
    await kv.set(["count", "b"], 2);
    const seen = right(
      await counts.transact((tx) => async () => {
        right(await tx.put("a", 7)());
        right(await tx.remove("b")());
        const here = [found(await tx.get("a")()), found(await tx.get("b")())];
        return E.right([...here, await valueOf(kv, "a"), await valueOf(kv, "b")]);
      })(),
    );
    assertEquals(seen, [7, undefined, 1, 2]);
    assertEquals([await valueOf(kv, "a"), await valueOf(kv, "b")], [7, null]);
  });
});

Deno.test("a body that fails writes nothing, and keeps its error", async () => {
  await withKv(async (kv, counts) => {
    const done = await counts.transact((tx) => TE.flatMap(() => TE.left("no"))(TE.mapError(String)(add("a", 1)(tx))))();
    assertEquals(left(done), { outcome: "aborted", error: "no" });
    assertEquals(await valueOf(kv, "a"), null);
  });
});

Deno.test("a conflict runs the body anew, with what is true by then", async () => {
  await withKv(async (kv, counts) => {
    let bodies = 0;
    const meanwhile = async () => {
      if (bodies++ < 2) await kv.set(["count", "a"], bodies * 10);
    };
    right(await counts.transact(add("a", 1, meanwhile))());
    assertEquals([bodies, await valueOf(kv, "a")], [3, 21]);
  });
});

Deno.test("what a body read and did not write is checked as well, an absent key too, and so is a body that only reads", async () => {
  await withKv(async (kv, counts) => {
    for (const write of [true, false]) {
      await kv.delete(["count", "a"]);
      let bodies = 0;
      const seen = await counts.transact((tx) => async () => {
        const before = found(await tx.get("a")());
        if (bodies++ === 0) await kv.set(["count", "a"], 5);
        if (write) right(await tx.put("copy", before ?? -1)());
        return E.right(before);
      })();
      assertEquals([bodies, right(seen)], [2, 5]);
      assertEquals(await valueOf(kv, "copy"), 5);
    }
  });
});

Deno.test("a key that changed between two reads of one body is a conflict", async () => {
  await withKv(async (kv, counts) => {
    let bodies = 0;
    const seen = await counts.transact((tx) => async () => {
      const first = found(await tx.get("a")());
      if (bodies++ === 0) await kv.set(["count", "a"], 5);
      const second = await tx.get("a")();
      return E.right([first, second._tag === "Right" ? O.toUndefined(second.right) : second.left._tag]);
    })();
    assertEquals([bodies, right(seen)], [2, [5, 5]]);
  });
});

Deno.test("attempts end after as many as are allowed, aborted, with nothing written", async () => {
  await withKv(async (kv, _) => {
    await using counts = denoKvSource<string, number>({ kv, at: (name) => ["count", name], attempts: 3 });
    let bodies = 0;
    const meanwhile = () => kv.set(["count", "a"], ++bodies * 10);
    const { outcome, error } = left(await counts.transact(add("a", 1, meanwhile))());
    assertEquals([outcome, bodies, await valueOf(kv, "a")], ["aborted", 3, 30]);
    assertEquals(causeOf(error), "Error: Cannot commit the transaction: another one wrote what it read");
  });
});

Deno.test("transactions of two handles on one file lose no update", async () => {
  const folder = await Deno.makeTempDir();
  try {
    using one = await Deno.openKv(`${folder}/kv`);
    using two = await Deno.openKv(`${folder}/kv`);
    const patient = { attempts: 1_000, commit: "5m" } as const;
    const stores = [one, two].map((kv) => denoKvSource<string, number>({ kv, at: (name) => [name], ...patient }));
    const all = Array.from({ length: 40 }, (_, i) => stores[i % 2]!.transact(add("a", 1))());
    const committed = (await Promise.all(all)).filter(({ _tag }) => _tag === "Right").length;
    assertEquals([committed, (await one.get(["a"])).value], [40, 40]);
    await Promise.all(stores.map((store) => store.close()));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("what is beyond KV's limits is aborted before any effect, and says which limit", async () => {
  using kv = await Deno.openKv(":memory:");
  await using texts = denoKvSource<string, string>({ kv, at: (name) => ["text", name], maxKeys: 2_000 });
  const large = "x".repeat(65_536);
  const many = (
    count: number,
    each: (tx: Transaction<string, string>, name: string) => TE.TaskEither<CacheError, unknown>,
  ) => texts.transact((tx) => TE.sequenceSeqArray(Array.from({ length: count }, (_, i) => each(tx, `${i}`))));
  const cases: ReadonlyArray<[() => Promise<E.Either<{ outcome: string; error: unknown }, unknown>>, string]> = [
    [texts.put("a", large), "Value too large (max 65536 bytes)"],
    [texts.put("k".repeat(3_000), "b"), "Key too large for write (max 2048 bytes)"],
    [many(101, (tx, name) => tx.get(name)), "Too many checks (max 100)"],
    [many(1_001, (tx, name) => tx.remove(name)), "Too many mutations (max 1000)"],
    [many(15, (tx, name) => tx.put(name, large.slice(1_000))), "Total mutation size too large (max 819200 bytes)"],
    [many(1, (tx, name) => tx.put(name, (() => 1) as never)), "could not be cloned"],
  ];
  for (const [write, message] of cases) {
    const { outcome, error } = left(await write());
    assertEquals([outcome, causeOf(error).includes(message)], ["aborted", true], `${message}: ${causeOf(error)}`);
  }
  assertEquals(await Array.fromAsync(kv.list({ prefix: [] })), []);
  right(await many(100, (tx, name) => tx.get(name))());
});

Deno.test("what cannot be decoded fails that key, and the body that reads it", async () => {
  await withKv(async (kv, _) => {
    const decode = (found: unknown): number => {
      if (typeof found !== "number") throw new Error("no number");
      return found;
    };
    await using counts = denoKvSource({ kv, at: (name: string) => ["count", name], decode });
    await kv.set(["count", "a"], "one");
    await kv.set(["count", "b"], 2);
    const [a, b] = await counts.entries(["a", "b"])();
    assertEquals([causeOf(left(a!)), right(b!).value], ["Error: no number", O.some(2)]);
    assertEquals(left(await counts.transact((tx) => tx.get("a"))()).outcome, "aborted");
  });
});

Deno.test("a database that fails in the commit leaves it unknown, and before it aborted", async () => {
  const kv = await Deno.openKv(":memory:");
  await using counts = denoKvSource<string, number>({ kv, at: (name) => ["count", name] });
  const closing = (tx: Counts) => TE.map(() => kv.close())(tx.put("a", 1));
  assertEquals(left(await counts.transact(closing)()).outcome, "unknown");
  assertEquals(left(await counts.transact((tx) => tx.get("a"))()).outcome, "aborted");
  assertEquals(left(await counts.get("a")())._tag, "SourceFailed");
});
