import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { assertEquals } from "@std/assert";
import type { Store, Write } from "../../mod.ts";
import { shared, source } from "../../mod.ts";
import { heldWrite } from "../support/held_write.ts";
import { allFound, found, left, right } from "../support/results.ts";
import type { World } from "../support/stack.ts";
import { memoryIn, sharedTexts, world } from "../support/stack.ts";
import { turn } from "../support/turn.ts";

const stacks: Readonly<Record<string, (here: World) => Store<number, string>>> = {
  "shared": (here) => sharedTexts(here),
  "memory": (here) => memoryIn(here)(here.texts.store),
  "memory over shared": (here) => memoryIn(here)(sharedTexts(here)),
  "two shards": (here) => sharedTexts(here, { shards: 2 }),
};

const reads: Readonly<Record<string, (texts: Store<number, string>) => Promise<string | undefined>>> = {
  "get": async (texts) => found(await texts.get(1)()),
  "getMany": async (texts) => allFound(await texts.getMany([2, 1])())[1],
  "refresh": async (texts) => found(await texts.get(1, { force: true })()),
};

const writes: Readonly<Record<string, (texts: Store<number, string>, here: World) => Promise<unknown>>> = {
  "put": async (texts) => right(await texts.put(1, "new")()),
  "remove": async (texts) => right(await texts.remove(1)()),
  "invalidate": async (texts, { texts: { rows } }) => (rows.set(1, "new"), right(await texts.invalidate([1])())),
  "mutate": async (texts, { texts: { rows } }) => {
    const write = (): Write<void> => () => (rows.set(1, "new"), Promise.resolve(E.right(undefined)));
    right(await texts.mutate([1], write)());
  },
};

Deno.test("X01 I1 a write during a running load: the old value is never cached afterwards", async () => {
  for (const [stack, build] of Object.entries(stacks)) {
    for (const [reading, read] of Object.entries(reads)) {
      for (const [writing, write] of Object.entries(writes)) {
        const here = world();
        const texts = build(here);
        // A refresh replaces an entry that is there.
        if (reading === "refresh") await read(texts);
        here.texts.hold("loads");
        const running = read(texts);
        await turn();
        await write(texts, here);
        here.texts.flow("loads");
        for (const load of here.texts.loads) await load.release();
        assertEquals(await running, "one");
        for (let i = 0; i < 4; i++) {
          assertEquals(found(await texts.get(1)()), here.texts.rows.get(1), `${stack}: ${writing} during ${reading}`);
        }
      }
    }
  }
});

Deno.test("X01 a write that begins before a load and ends during it, or after it, leaves nothing old either", async () => {
  for (const [stack, build] of Object.entries(stacks)) {
    for (const end of ["during", "after"] as const) {
      const here = world();
      const texts = build(here);
      const renaming = heldWrite(() => here.texts.rows.set(1, "new"));
      const writing = texts.mutate([1], renaming.write)();
      await turn();
      here.texts.hold("loads");
      const running = texts.get(1)();
      await turn();
      if (end === "during") await renaming.commit();
      await here.texts.loads[0]!.release();
      if (end === "after") await renaming.commit();
      right(await writing);
      assertEquals(found(await running), "one");
      here.texts.flow("loads");
      assertEquals([found(await texts.get(1)()), found(await texts.get(1)())], ["new", "new"], `${stack} ${end}`);
    }
  }
});

Deno.test("X04 I1 two nodes that write at once end with the source's value everywhere, in every order", async () => {
  const steps = ["commit first", "commit second"] as const;
  for (const order of [steps, steps.toReversed()]) {
    for (const reader of ["none", "between", "throughout"] as const) {
      const here = world();
      const nodes = [memoryIn(here)(sharedTexts(here)), memoryIn(here)(sharedTexts(here))] as const;
      const both = [
        heldWrite(() => here.texts.rows.set(1, "first")),
        heldWrite(() => here.texts.rows.set(1, "second")),
      ] as const;
      const writing = nodes.map((node, i) =>
        node.mutate([1], both[i]!.write, { written: () => [O.some(i === 0 ? "first" : "second")] })()
      );
      await turn();
      if (reader === "throughout") here.texts.hold("loads");
      const running = reader === "throughout" ? nodes.map((node) => node.get(1)()) : [];
      await turn();
      for (const step of order) {
        await both[step === "commit first" ? 0 : 1].commit();
        if (reader === "between") { for (const node of nodes) await node.get(1)(); }
      }
      (await Promise.all(writing)).forEach(right);
      here.texts.flow("loads");
      for (const load of here.texts.loads) await load.release();
      await Promise.all(running);
      await here.clock.advance(60_000);
      const truth = order[0] === "commit first" ? "second" : "first";
      assertEquals(here.texts.rows.get(1), truth);
      for (const node of nodes) assertEquals([found(await node.get(1)()), found(await node.get(1)())], [truth, truth]);
    }
  }
});

Deno.test("I3 a reader never sees an older value than a finished read returned, with two writers at once", async () => {
  const here = world();
  const texts = memoryIn(here)(sharedTexts(here));
  const first = heldWrite(() => here.texts.rows.set(1, "first"));
  const second = heldWrite(() => here.texts.rows.set(1, "second"));
  const age = ["one", "first", "second"];
  const seen: Array<number> = [];
  const read = async (): Promise<void> => void seen.push(age.indexOf(found(await texts.get(1)())!));
  await read();
  const writing = [texts.mutate([1], first.write)(), texts.mutate([1], second.write)()];
  for (const step of [turn, read, first.commit, read, read, second.commit, read, read]) await step();
  await Promise.all(writing);
  await read();
  assertEquals(seen, seen.toSorted());
  assertEquals(seen.at(-1), 2);
});

Deno.test("X05 a load that ends after its claim has expired overwrites nothing newer", async () => {
  const here = world();
  const texts = memoryIn(here)(sharedTexts(here));
  here.texts.hold("loads");
  const slow = texts.get(1)();
  await here.clock.advance(10_000);
  here.texts.flow("loads");
  right(await texts.put(1, "new")());
  assertEquals(found(await texts.get(1)()), "new");
  await here.texts.loads[0]!.release();
  assertEquals(found(await slow), "one");
  assertEquals([found(await texts.get(1)()), texts.peek(1)], ["new", O.some(O.some("new"))]);
});

Deno.test("X16 two codec versions side by side: either sees the other's write, and never the other's shape", async () => {
  const here = world();
  const options = { backend: here.faulty.backend, name: "user", ttl: "10m", clock: here.clock } as const;
  const rows = new Map([[1, "Ada Lovelace"]]);
  const Old = t.type({ name: t.string });
  const New = t.type({ first: t.string, last: t.string });
  const before = pipe(
    users(here, rows, (row) => ({ name: row }), ({ name }) => name),
    shared({ ...options, codec: Old, version: 1 }),
  );
  const after = pipe(
    users(
      here,
      rows,
      (row) => ({ first: row.split(" ")[0]!, last: row.split(" ")[1]! }),
      ({ first, last }) => `${first} ${last}`,
    ),
    shared({ ...options, codec: New, version: 2 }),
  );
  for (let i = 0; i < 2; i++) {
    assertEquals(found(await before.get(1)()), { name: "Ada Lovelace" });
    assertEquals(found(await after.get(1)()), { first: "Ada", last: "Lovelace" });
  }
  right(await before.put(1, { name: "Ada Byron" })());
  assertEquals(found(await after.get(1)()), { first: "Ada", last: "Byron" });
  right(await after.put(1, { first: "Augusta", last: "Ada" })());
  assertEquals(found(await before.get(1)()), { name: "Augusta Ada" });
});

function users<U>(
  { clock }: World,
  rows: Map<number, string>,
  fromRow: (row: string) => U,
  toRow: (user: U) => string,
): Store<number, U> {
  return source<number, U>({
    clock,
    load: (ids) => Promise.resolve(ids.map((id) => rows.has(id) ? fromRow(rows.get(id)!) : undefined)),
    save: (changes) => {
      for (const { key, value } of changes) if (O.isSome(value)) rows.set(key, toRow(value.value));
      return Promise.resolve();
    },
  });
}

Deno.test("I4 a value is found only under the key that it was written to", async () => {
  const here = world({});
  const texts = memoryIn(here)(sharedTexts(here, { shards: 2 }));
  const keys = [0, -0, 1, -1, 1.5, 1e21, Infinity, 2 ** 53];
  for (const key of keys) right(await texts.put(key, `of ${key}`)());
  const all = allFound(await texts.getMany(keys)());
  assertEquals(all, keys.map((key) => `of ${key}`));
});

Deno.test("S16 a write whose lower tier refuses its lock leaves no lock in the upper tier", async () => {
  const here = world();
  const texts = memoryIn(here)(sharedTexts(here));
  here.faulty.inject("lock", "not applied");
  assertEquals(left(await texts.put(1, "new")()).outcome, "aborted");
  right(await texts.get(1)());
  assertEquals(texts.peek(1), O.some(O.some("one")));
});
