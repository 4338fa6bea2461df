import * as O from "fp-ts/lib/Option.js";
import { assertEquals } from "@std/assert";
import { collect, prefetch, relation, request, scope } from "../mod.ts";
import { allFound, found, left, right } from "./support/results.ts";
import type { World } from "./support/stack.ts";
import { world } from "./support/stack.ts";

interface Post {
  readonly author: number | undefined;
}

const keysOf = ({ texts }: World) => texts.loads.map(({ keys }) => keys);

Deno.test("P12 a lazy relation loads on first use, at most once, and not at all if unused", async () => {
  const here = world();
  for (const store of [here.texts.store, scope(here.texts.store)]) {
    here.texts.loads.length = 0;
    const authorOf = relation(store, (post: Post) => post.author);
    const [used, unused, nobody] = [authorOf({ author: 1 }), authorOf({ author: 2 }), authorOf({ author: undefined })];
    assertEquals([typeof unused, keysOf(here)], ["function", []]);
    const both = [used(), used()];
    for (const each of both) assertEquals(found(await each), "one");
    assertEquals(found(await used()), "one");
    assertEquals(found(await nobody()), undefined);
    assertEquals(keysOf(here), [[1]]);
  }
});

Deno.test("P12 over a request all objects of one key share one load, and see the request's own writes", async () => {
  const here = world();
  const mine = scope(here.texts.store);
  const authorOf = relation(mine, (post: Post) => post.author);
  assertEquals([found(await authorOf({ author: 1 })()), found(await authorOf({ author: 1 })())], ["one", "one"]);
  right(await mine.put(1, "uno")());
  assertEquals(found(await authorOf({ author: 1 })()), "uno");
  assertEquals(keysOf(here), [[1]]);
});

Deno.test("a relation that failed may be used again", async () => {
  const here = world();
  const authorOf = relation(here.texts.store, (post: Post) => post.author);
  const author = authorOf({ author: 1 });
  here.texts.hold("loads");
  const failing = author();
  await here.texts.loads[0]!.fail("down");
  assertEquals(left(await failing)._tag, "SourceFailed");
  here.texts.flow("loads");
  assertEquals(found(await author()), "one");
});

Deno.test("P13 relations of many objects are collected and loaded as one batch before use", async () => {
  const here = world();
  const mine = scope(here.texts.store);
  const authorOf = relation(mine, (post: Post) => post.author);
  const posts: ReadonlyArray<Post> = [{ author: 2 }, { author: undefined }, { author: 1 }, { author: 2 }, {
    author: 9,
  }];
  assertEquals(allFound(await collect(posts, authorOf)()), ["two", undefined, "one", "two", undefined]);
  const used = await Promise.all(posts.map((post) => authorOf(post)()));
  assertEquals(used.map(found), ["two", undefined, "one", "two", undefined]);
  assertEquals(keysOf(here), [[2, 1, 9]]);
});

Deno.test("P13 they are one batch also where nothing collects single reads, each key once", async () => {
  const here = world();
  const authorOf = relation(here.texts.store, (post: Post) => post.author);
  const posts = [2, 1, 2].map((author): Post => ({ author }));
  assertEquals(allFound(await collect(posts, authorOf)()), ["two", "one", "two"]);
  assertEquals(keysOf(here), [[2, 1]]);
});

Deno.test("P13 two relations that are collected in one turn are loaded together, and nothing of nothing is asked", async () => {
  const here = world();
  const mine = scope(here.texts.store);
  const authorOf = relation(mine, (post: Post) => post.author);
  const editorOf = relation(mine, ({ editor }: { readonly editor: number }) => editor);
  await Promise.all([collect([{ author: 1 }], authorOf)(), collect([{ editor: 2 }, { editor: 3 }], editorOf)()]);
  assertEquals(right(await collect([], authorOf)()), []);
  assertEquals(keysOf(here), [[1, 2, 3]]);
});

Deno.test("a function that throws instead of naming a key is an error of that read", async () => {
  const here = world();
  const broken = relation(here.texts.store, (_post: Post): number => {
    throw new Error("no author");
  });
  assertEquals(left(await broken({ author: 1 })())._tag, "KeyRefused");
  assertEquals(left(await collect([{ author: 1 }], broken)())._tag, "KeyRefused");
});

Deno.test("what was prefetched answers relations", async () => {
  const here = world();
  await using page = request();
  await prefetch(page, [here.texts.store, [1]])();
  const authorOf = relation(page.scope(here.texts.store), (post: Post) => post.author);
  assertEquals(right(await authorOf({ author: 1 })()), O.some("one"));
  assertEquals(keysOf(here), [[1]]);
});
