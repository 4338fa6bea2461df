import fc from "fast-check";
import { flow, pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { assertEquals } from "@std/assert";
import type { Store } from "../../mod.ts";
import { contramapKey, mapValue } from "../../mod.ts";
import { right } from "../support/results.ts";
import { memoryIn, sharedTexts, world } from "../support/stack.ts";

/** An io-ts type of texts that adds a prefix when it encodes, and takes it off when it decodes. */
function prefixed(prefix: string): t.Type<string, string, unknown> {
  return new t.Type(
    `prefixed by ${prefix}`,
    t.string.is,
    (text, context) =>
      typeof text === "string" && text.startsWith(prefix)
        ? t.success(text.slice(prefix.length))
        : t.failure(text, context),
    (text) => prefix + text,
  );
}

const text = fc.string({ maxLength: 4 });
const key = fc.integer({ min: 0, max: 9 });

/** What a store shows of some keys, and what a write through it leaves in the source. */
async function shown<K>(
  store: Store<K, string>,
  keys: ReadonlyArray<K>,
  writes: ReadonlyArray<readonly [K, string]>,
  rows: ReadonlyMap<unknown, string>,
): Promise<unknown> {
  const before = await store.entries(keys)();
  for (const [each, value] of writes) right(await store.put(each, value)());
  const after = await store.entries(keys)();
  const values = [before, after].map((entries) =>
    entries.map((entry) => entry._tag === "Left" ? entry.left : entry.right.value)
  );
  return [values, keys.map((each) => store.peek(each)), [...rows]];
}

Deno.test("contramapKey is a contravariant functor: identity does nothing, and two maps are one", async () => {
  const f = (each: number): number => (each * 3) % 7;
  const g = (each: number): number => each + 1;
  const law = fc.asyncProperty(fc.array(key), fc.array(fc.tuple(key, text)), async (keys, writes) => {
    const run = async (map: (store: Store<number, string>) => Store<number, string>): Promise<unknown> => {
      const here = world();
      const store = map(memoryIn(here)(sharedTexts(here)));
      return await shown(store, keys, writes, here.texts.rows);
    };
    assertEquals(await run(contramapKey((each: number) => each)), await run((store) => store));
    assertEquals(
      await run(contramapKey(flow(g, f))),
      await run((store) => pipe(store, contramapKey(f), contramapKey(g))),
    );
  });
  await fc.assert(law, { numRuns: 100 });
});

Deno.test("mapValue is a functor of io-ts types: a type that changes nothing does nothing, and two maps are one", async () => {
  const [outer, inner] = [prefixed("a"), prefixed("b")];
  const both = new t.Type<string, string, unknown>(
    outer.name,
    t.string.is,
    (value, context) => {
      const first = inner.validate(value, context);
      return first._tag === "Left" ? first : outer.validate(first.right, context);
    },
    flow(outer.encode, inner.encode),
  );
  const row = fc.oneof(text, text.map((each) => `ba${each}`));
  const law = fc.asyncProperty(
    fc.array(fc.tuple(key, row)),
    fc.array(key),
    fc.array(fc.tuple(key, text)),
    async (rows, keys, writes) => {
      const run = async (map: (store: Store<number, string>) => Store<number, string>): Promise<unknown> => {
        const here = world(Object.fromEntries(rows));
        const store = map(memoryIn(here)(sharedTexts(here)));
        return JSON.stringify(await shown(store, keys, writes, here.texts.rows)).replaceAll(
          /expected prefixed by ./g,
          "",
        );
      };
      assertEquals(await run(mapValue(t.string)), await run((store) => store));
      assertEquals(await run(mapValue(both)), await run((store) => pipe(store, mapValue(inner), mapValue(outer))));
    },
  );
  await fc.assert(law, { numRuns: 100 });
});
