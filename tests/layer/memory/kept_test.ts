import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import { makeIsolation } from "../../../lib/layer/memory/isolation.ts";
import { optionLens } from "../../../lib/layer/memory/kept.ts";
import type { Store } from "../../../mod.ts";
import { memory, source } from "../../../mod.ts";

const bare: ReadonlyArray<unknown> = [null, 0, -0, NaN, "", false, 1n, Symbol("v"), {}, [], O.none, O.some(1)];

Deno.test("a bare value is kept itself, and had back as it was", () => {
  const isolation = makeIsolation();
  const lens = optionLens<unknown>(isolation);
  for (const value of bare) {
    assertStrictEquals(lens.keep(O.some(value)), value);
    assertEquals(lens.take(lens.keep(O.some(value))), O.some(value));
  }
  assertEquals(isolation.plain, true);
});

Deno.test("no such key, and a value that is undefined, are told from each other and from nothing at all", () => {
  for (const entry of [O.none, O.some(undefined)]) {
    const isolation = makeIsolation();
    const lens = optionLens<undefined>(isolation);
    assertEquals([lens.keep(entry) === undefined, isolation.plain], [false, false]);
    assertEquals(lens.take(lens.keep(entry)), entry);
  }
});

/** A store of entries that a source cannot bring, beside those that it can. */
function holding(entries: ReadonlyMap<number, Option<unknown>>) {
  const asked: Array<number> = [];
  const origin = source<number, unknown>({ load: (keys) => Promise.resolve(keys.map(() => 0)) });
  const below: Store<number, unknown> = {
    ...origin,
    entries: (keys, options) => async () => {
      asked.push(...keys);
      const found = await origin.entries(keys, options)();
      return found.map((each, i) =>
        each._tag === "Right" ? { ...each, right: { ...each.right, value: entries.get(keys[i]!)! } } : each
      );
    },
  };
  return { asked, below };
}

Deno.test("every kind of entry is read again without asking below, beside every other kind", async () => {
  const entries = new Map<number, Option<unknown>>([
    [1, O.some({ plain: 1 })],
    [2, O.none],
    [3, O.some(undefined)],
    [4, O.some(null)],
    [5, O.some({ at: new Date(5) })],
    [6, O.some("text")],
  ]);
  const { asked, below } = holding(entries);
  const store = memory({ capacity: 10 })(below);
  const keys = [...entries.keys()];
  for (let round = 0; round < 3; round++) {
    for (const key of keys) {
      const found = await store.get(key)();
      assertEquals(found._tag === "Right" && found.right, entries.get(key));
      assertEquals(store.peek(key), O.some(entries.get(key)));
    }
  }
  assertEquals(asked, keys);
});
