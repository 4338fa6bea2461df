import fc from "fast-check";
import { pipe } from "fp-ts/lib/function.js";
import * as O from "fp-ts/lib/Option.js";
import { assertEquals } from "@std/assert";
import type { Layer, Store } from "../../mod.ts";
import { batch, compose, identity, observe } from "../../mod.ts";
import type { MakeStore } from "../../lib/testing/mod.ts";
import { storeLaws } from "../../lib/testing/mod.ts";
import { faultyBackend } from "../support/faulty_backend.ts";
import { right } from "../support/results.ts";
import type { World } from "../support/stack.ts";
import { batchIn, memoryIn, sharedTexts, world } from "../support/stack.ts";

type Build = (here: World) => Layer<number, string>;

/** The layers that users stack, each made anew for a world; two shared tiers of one name would be one. */
const builds: Readonly<Record<string, (name: string) => Build>> = {
  memory: () => (here) => memoryIn(here),
  "memory of one": () => (here) => memoryIn(here, { capacity: 1 }),
  shared: (name) => (here) => (below) => sharedTexts({ ...here, texts: { ...here.texts, store: below } }, { name }),
  "shared in 3": (name) => (here) => (below) =>
    sharedTexts({ ...here, texts: { ...here.texts, store: below } }, { name, shards: 3 }),
  "stores nothing": () => (here) => memoryIn(here, { ttl: () => "do not store" }),
  batch: () => (here) => batch(batchIn(here, 3)),
  observe: () => (here) => observe({}, here.clock),
  identity: () => () => identity,
};

const layer = fc.constantFrom(...Object.keys(builds)).chain((kind) =>
  fc.integer({ min: 0, max: 1e9 }).map((name) => ({ kind, build: builds[kind]!(`n${name}`) }))
);
const layers = fc.array(layer, { maxLength: 4 });

const key = fc.integer({ min: 0, max: 4 });
const step = fc.oneof(
  fc.record({ do: fc.constant("get" as const), key }),
  fc.record({ do: fc.constant("getMany" as const), keys: fc.array(key, { maxLength: 6 }) }),
  fc.record({ do: fc.constant("put" as const), key, text: fc.string({ maxLength: 3 }) }),
  fc.record({ do: fc.constant("remove" as const), key }),
  fc.record({ do: fc.constant("pass" as const), seconds: fc.integer({ min: 0, max: 100 }) }),
);
const script = fc.array(step, { maxLength: 12 });
type Step = typeof step extends fc.Arbitrary<infer A> ? A : never;

/** What a quiet system answers to a script, one answer a step. */
async function answers(build: Build, script: ReadonlyArray<Step>): Promise<ReadonlyArray<unknown>> {
  const here = world();
  const texts = build(here)(here.texts.store);
  const seen: Array<unknown> = [];
  for (const each of script) seen.push(await perform(each, texts, here));
  return seen;
}

async function perform(each: Step, texts: Store<number, string>, here: World): Promise<unknown> {
  switch (each.do) {
    case "get":
      return right(await texts.get(each.key)());
    case "getMany":
      return right(await texts.getMany(each.keys)());
    case "put":
      return right(await texts.put(each.key, each.text)());
    case "remove":
      return right(await texts.remove(each.key)());
    case "pass":
      return await here.clock.advance(each.seconds * 1_000);
  }
}

Deno.test("I2 the laws of stores hold for every stack of layers", async () => {
  const law = fc.asyncProperty(layers, fc.integer({ min: 1, max: 1e6 }), async (stack, seed) => {
    const make: MakeStore<number, string> = (below, clock) => {
      const here = { ...world(), clock, faulty: faultyBackend(clock) };
      return compose(...stack.map((each) => each.build(here)))(below);
    };
    const material = { keys: [1, 2, 3, 4], makeValue: (number: number) => number === 1 ? "" : `v${number}` };
    for (const { run } of storeLaws("a stack", make, { ...material, scripts: 1, seed })) await run();
  });
  await fc.assert(law, { numRuns: 150 });
});

Deno.test("I2 after a committed write every tier answers as the source does", async () => {
  const law = fc.asyncProperty(layers, script, fc.array(key, { minLength: 1 }), async (stack, before, keys) => {
    const here = world();
    const tiers: Array<Store<number, string>> = [here.texts.store];
    for (const each of stack) tiers.push(each.build(here)(tiers.at(-1)!));
    const top = tiers.at(-1)!;
    for (const each of before) await perform(each, top, here);
    const written = keys.map((each) => O.some(`written to ${each}`));
    const write = () => () => {
      keys.forEach((each) => here.texts.rows.set(each, `written to ${each}`));
      return Promise.resolve({ _tag: "Right", right: undefined } as const);
    };
    right(await top.mutate(keys, write, { written: () => written })());
    for (const tier of tiers) {
      for (const each of [0, 1, 2, 3, 4]) {
        const truth = O.fromNullable(here.texts.rows.get(each));
        const known = tier.peek(each);
        if (O.isSome(known)) assertEquals(known.value, truth);
        assertEquals(right(await tier.get(each)()), truth);
      }
    }
  });
  await fc.assert(law, { numRuns: 200 });
});

Deno.test("pipe and compose stack in the same order", async () => {
  const law = fc.asyncProperty(layer, layer, script, async (one, two, steps) => {
    const piped: Build = (here) => (below) => pipe(below, one.build(here), two.build(here));
    assertEquals(
      await answers(piped, steps),
      await answers((here) => compose(one.build(here), two.build(here)), steps),
    );
  });
  await fc.assert(law, { numRuns: 50 });
});
