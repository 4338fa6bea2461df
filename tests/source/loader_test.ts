import { pipe } from "fp-ts/lib/function.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { assertEquals } from "@std/assert";
import type { CacheError, Store } from "../../mod.ts";
import { batch, memory, source } from "../../mod.ts";
import { withoutRejections } from "../support/rejections.ts";
import { allFound, found, left, right } from "../support/results.ts";

interface User {
  readonly id: number;
  readonly name: string;
}

const ada: User = { id: 1, name: "Ada" };
const bob: User = { id: 2, name: "Bob" };

function rowsOf(...rows: ReadonlyArray<unknown>): Store<number, User> {
  return source({
    rows: (_ids: ReadonlyArray<number>) => Promise.resolve(rows as ReadonlyArray<User>),
    keyOf: ({ id }) => id,
  });
}

function aligned(answer: unknown): Store<number, User> {
  return source({ load: (_ids: ReadonlyArray<number>) => Promise.resolve(answer as ReadonlyArray<User>) });
}

/** The store itself, and a tier that would remember what it loads. */
function withAndWithoutTier(store: Store<number, User>): ReadonlyArray<Store<number, User>> {
  return [store, memory({ capacity: 10, ttl: "1m" })(store)];
}

Deno.test("P03 results come in the order asked, duplicates included, whatever order the rows have", async () => {
  for (const store of [...withAndWithoutTier(rowsOf(bob, ada)), ...withAndWithoutTier(rowsOf(ada, bob))]) {
    assertEquals(allFound(await store.getMany([1, 2, 1])()), [ada, bob, ada]);
    assertEquals(allFound(await store.getMany([2, 1, 2, 2])()), [bob, ada, bob, bob]);
  }
});

Deno.test("P03 with rows and keyOf, keys that the source does not return are absent", async () => {
  for (const store of withAndWithoutTier(rowsOf(bob))) {
    assertEquals(allFound(await store.getMany([1, 2, 3])()), [undefined, bob, undefined]);
  }
});

Deno.test("P03 an aligned loader says absent with undefined, or with a hole", async () => {
  const holes = new Array<User>(2);
  holes[1] = bob;
  for (const answer of [[undefined, bob], holes]) {
    for (const store of withAndWithoutTier(aligned(answer))) {
      assertEquals(allFound(await store.getMany([1, 2])()), [undefined, bob]);
    }
  }
});

Deno.test("S33 a source is asked once for a key that is asked for twice, and not at all for no keys", async () => {
  const asked: Array<ReadonlyArray<number>> = [];
  const store = source({
    load: (keys: ReadonlyArray<number>) => (asked.push(keys), Promise.resolve(keys.map(String))),
  });
  assertEquals(allFound(await store.getMany([1, 2, 1])()), ["1", "2", "1"]);
  assertEquals(allFound(await store.getMany([])()), []);
  assertEquals(asked, [[1, 2]]);
});

Deno.test("P06 an aligned loader that returns another number of results is at fault, with the keys", async () => {
  for (const [answer, received] of [[[ada], "1"], [[ada, bob, ada], "3"], [[], "0"]] as const) {
    for (const store of withAndWithoutTier(aligned(answer))) {
      assertEquals(left(await store.getMany([1, 2])()), {
        _tag: "LoaderFault",
        reason: `expected 2 results, one for each key: received ${received}`,
        keys: [1, 2],
      });
      assertEquals(store.peek(1)._tag, "None");
    }
  }
});

Deno.test("P06 a loader that returns no array is at fault, with the keys", async () => {
  for (const answer of [undefined, null, "ab", { 0: ada, 1: bob, length: 2 }, new Map()]) {
    for (
      const store of [
        ...withAndWithoutTier(aligned(answer)),
        source({ rows: () => Promise.resolve(answer as never), keyOf: (user: User) => user.id }),
      ]
    ) {
      const error = left(await store.getMany([1, 2])());
      assertEquals([error._tag, (error as { keys: unknown }).keys], ["LoaderFault", [1, 2]]);
    }
  }
});

Deno.test("P06 a loader of rows that returns foreign or duplicate keys is at fault, with the keys", async () => {
  const cases: ReadonlyArray<[Store<number, User>, string]> = [
    [rowsOf(ada, bob), "expected rows of the keys asked for: received a row of another key"],
    [rowsOf(ada, { ...ada }), "expected one row a key: received two rows of one key"],
  ];
  for (const [store, reason] of cases) {
    for (const each of withAndWithoutTier(store)) {
      const error = left(await each.get(1)());
      assertEquals(error, { _tag: "LoaderFault", reason, keys: [reason.includes("another") ? 2 : 1] });
      assertEquals(each.peek(1)._tag, "None");
    }
  }
});

Deno.test("P06 rows are matched by what keys mean, not by reference", async () => {
  const store = source({
    rows: (_days: ReadonlyArray<{ day: Date; of: string }>) =>
      Promise.resolve([{ of: "x", day: new Date(5), total: 3 }]),
    keyOf: ({ of, day }) => ({ of, day }),
  });
  assertEquals(found(await store.get({ day: new Date(5), of: "x" })())?.total, 3);
});

Deno.test("S08 whatever a loader does, its failure is a value, and each caller gets the cause", async () => {
  const cause = new Error("down");
  const failures: ReadonlyArray<() => never | Promise<never> | TE.TaskEither<unknown, never>> = [
    () => {
      throw cause;
    },
    () => Promise.reject(cause),
    () => TE.left(cause),
    () => () => Promise.reject(cause),
  ];
  await withoutRejections(async () => {
    for (const load of failures) {
      for (const store of withAndWithoutTier(source<number, User>({ load }))) {
        assertEquals(left(await store.get(1)()), { _tag: "SourceFailed", cause });
      }
      const rows = source({ rows: load as () => Promise<ReadonlyArray<User>>, keyOf: ({ id }) => id });
      assertEquals(left(await rows.get(1)()), { _tag: "SourceFailed", cause });
    }
  });
});

Deno.test("a loader may be a TaskEither, or answer without a promise", async () => {
  const task = source({ load: (keys: ReadonlyArray<number>) => TE.right<unknown, ReadonlyArray<number>>(keys) });
  const plain = source({ load: ((keys: ReadonlyArray<number>) => keys) as never });
  assertEquals([found(await task.get(1)()), found<CacheError, unknown>(await plain.get(1)())], [1, 1]);
});

Deno.test("a keyOf that throws is a failure of the source", async () => {
  const store = rowsOf(undefined);
  assertEquals(left(await store.get(1)())._tag, "SourceFailed");
  right(await rowsOf(ada).get(1)());
});

Deno.test("P02 a source that has a load of a single key uses it for one, and the other for several, and both fill the tiers", async () => {
  for (const kind of ["aligned", "rows"] as const) {
    const asked: Array<number | ReadonlyArray<number>> = [];
    const users = [ada, bob];
    const byId = (id: number) => users.find((user) => user.id === id);
    const loadOne = (id: number) => (asked.push(id), Promise.resolve(byId(id)));
    const keyOf = ({ id }: User) => id;
    const below = kind === "aligned"
      ? source({ load: (ids: ReadonlyArray<number>) => (asked.push(ids), Promise.resolve(ids.map(byId))), loadOne })
      : source({
        rows: (
          ids: ReadonlyArray<number>,
        ) => (asked.push(ids), Promise.resolve(users.filter(({ id }) => ids.includes(id)))),
        keyOf,
        loadOne,
      });
    const store = pipe(below, memory({ capacity: 10, ttl: "1m" }), batch({ maxSize: 10 }));
    assertEquals([found(await store.get(1)()), found(await store.get(7)())], [ada, undefined]);
    assertEquals(allFound(await store.getMany([1, 2, 7, 8])()), [ada, bob, undefined, undefined]);
    assertEquals([found(await store.get(2)()), found(await store.get(8)())], [bob, undefined]);
    // One that is asked for twice is a single one; single reads of one turn are several.
    await store.invalidate([1, 2])();
    await Promise.all([store.get(1)(), store.get(1)()]);
    await store.invalidate([1, 2])();
    await Promise.all([store.get(1)(), store.get(2)()]);
    assertEquals(asked, [1, 7, [2, 8], 1, [1, 2]]);
  }
});

Deno.test("P06 S08 whatever a load of a single key does wrong is a value, and a row of another key is a fault", async () => {
  const cause = new Error("down");
  const loads: ReadonlyArray<() => never> = [
    () => {
      throw cause;
    },
    () => Promise.reject(cause) as never,
    () => TE.left(cause) as never,
    () => Promise.resolve(cause) as never,
  ];
  const rows = () => Promise.resolve([]);
  const keyOf = ({ id }: User) => id;
  await withoutRejections(async () => {
    for (const loadOne of loads) {
      for (const store of withAndWithoutTier(source<number, User>({ rows, keyOf, loadOne }))) {
        assertEquals(left(await store.get(1)()), { _tag: "SourceFailed", cause });
      }
    }
  });
  for (const store of withAndWithoutTier(source<number, User>({ rows, keyOf, loadOne: () => Promise.resolve(bob) }))) {
    assertEquals(left(await store.get(1)()), {
      _tag: "LoaderFault",
      reason: "expected the row of the key asked for: received a row of another key",
      keys: [2],
    });
  }
  const broken = source<number, User>({ rows, keyOf, loadOne: () => Promise.resolve(null as never) });
  assertEquals(left(await broken.get(1)())._tag, "SourceFailed");
});
