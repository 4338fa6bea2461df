/** The laws of stores for every layer that ships, and for stacks of them. */
import { pipe } from "fp-ts/lib/function.js";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import * as t from "io-ts";
import { assertRejects } from "@std/assert";
import type { Clock, Key, SharedOptions, Store } from "../../mod.ts";
import {
  alias,
  batch,
  compose,
  contramapKey,
  fromVerbs,
  hooks,
  identity,
  lateRegions,
  mapValue,
  memory,
  memoryBackend,
  observe,
  scope,
  shared,
  source,
} from "../../mod.ts";
import type { ContractCase, LawsMaterial, MakeLayer, MakeStore } from "../../lib/testing/mod.ts";
import { monoidLaws, storeLaws } from "../../lib/testing/mod.ts";

type Texts = MakeStore<string, string>;

/** A shared tier on a backend of its own. */
function sharedOn(
  clock: Clock,
  options: Partial<SharedOptions<string>> = {},
): <K>(below: Store<K, string>) => Store<K, string> {
  const backend = memoryBackend<Uint8Array>({ capacity: 1_000, clock });
  return shared({ backend, name: "text", codec: t.string, ttl: "10m", clock, ...options });
}

const some = (value: O.Option<unknown>) => O.isSome(value) ? "20s" : "do not store";

/** Values that the source has with a mark, which readers do not see. */
const marking = hooks<string>({ beforeStore: (text) => E.right(`${text}.`), afterLoad: (text) => text.slice(0, -1) });

/** Marks what the source below has from the start as well, since the laws look into it without the hook. */
const unmarking = hooks<string>({ beforeStore: (text) => E.right(text.slice(0, -1)), afterLoad: (text) => `${text}.` });

/** A scope that ends with what it stands on, as the laws expect of a layer. */
const scoped: Texts = (below, clock) => {
  const mine = scope(below, { clock, capacity: 3, maxSize: 2 });
  const close = async () => (await mine.close(), await below.close());
  return { ...mine, close, [Symbol.asyncDispose]: close };
};

/** A store whose values are names of themselves. */
const named: Texts = (below, clock) => {
  const keys = memory({ capacity: 100, ttl: "60s", clock })(source({
    load: (names: ReadonlyArray<string>) => Promise.resolve(names),
    clock,
  }));
  return alias({ keys, namesOf: (text: string) => [text], clock })(below).byKey;
};

/** A region that was in use before it was configured. */
const late: Texts = (below, clock) => {
  const regions = lateRegions();
  const store = regions.layer("texts")(below);
  const made = regions.configure({ regions: { texts: { tiers: [{ memory: { capacity: 100, ttl: "60s" } }] } } }, {
    clock,
  });
  if (made._tag === "Left") throw new Error(JSON.stringify(made.left));
  return store;
};

const layers: Readonly<Record<string, Texts>> = {
  identity,
  memory: (below, clock) => memory({ capacity: 100, ttl: "60s", clock })(below),
  "memory of one": (below, clock) => memory({ capacity: 1, ttl: "60s", clock })(below),
  "memory of shared values": (below, clock) => memory({ capacity: 100, ttl: "60s", values: "shared", clock })(below),
  "memory that keeps only what is there": (below, clock) => memory({ capacity: 100, ttl: some, clock })(below),
  shared: (below, clock) => sharedOn(clock)(below),
  "shared in three shards": (below, clock) => sharedOn(clock, { shards: 3 })(below),
  "shared in no shard": (below, clock) => sharedOn(clock, { shards: 0 })(below),
  "shared that looks first": (below, clock) => sharedOn(clock, { probe: "look" })(below),
  "shared on probation": (below, clock) => sharedOn(clock, { level: "probation" })(below),
  "strictly shared": (below, clock) => sharedOn(clock, { level: "strict" })(below),
  batch: (below, clock) => batch({ maxSize: 3, clock })(below),
  "batch with a window": (below, clock) => batch({ maxSize: 3, window: "10ms", clock })(below),
  observe: (below, clock) => observe({ read: () => {}, write: () => {} }, clock)(below),
  mapValue: mapValue(t.string),
  contramapKey: contramapKey((key: string) => key),
  hooks: (below) => pipe(below, unmarking, marking),
  "hooks above tiers": (below, clock) =>
    pipe(below, unmarking, sharedOn(clock), memory({ capacity: 2, ttl: "20s", clock }), marking),
  scope: scoped,
  "a scope above tiers, with hooks above it": (below, clock) =>
    pipe(
      below,
      unmarking,
      sharedOn(clock),
      memory({ capacity: 100, ttl: "60s", clock }),
      (tiers) => scoped(tiers, clock),
      marking,
    ),
  alias: named,
  "a region that was used before": late,
  "shared + memory + batch": (below, clock) =>
    pipe(below, sharedOn(clock), memory({ capacity: 100, ttl: "60s", clock }), batch({ maxSize: 3, clock })),
  "shared + batch + a small memory, observed": (below, clock) =>
    pipe(
      below,
      sharedOn(clock, { level: "probation" }),
      batch({ maxSize: 10, clock }),
      memory({ capacity: 2, ttl: "5s", clock }),
      observe({}, clock),
    ),
  "two of each": (below, clock) =>
    compose(
      sharedOn(clock),
      sharedOn(clock, { name: "upper", ttl: "30s" }),
      memory({ capacity: 100, ttl: "60s", clock }),
      memory({ capacity: 2, ttl: "10s", clock }),
      batch({ maxSize: 2, clock }),
      batch({ maxSize: 4, clock }),
    )(below),
};

for (const [name, make] of Object.entries(layers)) {
  for (const each of storeLaws(name, make, { scripts: 100 })) Deno.test(each.name, each.run);
}

const structured: LawsMaterial<Key, ReadonlyArray<number>> = {
  keys: [1, "1", { page: 1, of: "users" }, ["a", "b"], null],
  makeValue: (number) => number === 1 ? [] : [number, 0],
};

const numbers: MakeStore<Key, ReadonlyArray<number>> = (below, clock) =>
  pipe(
    below,
    shared({
      backend: memoryBackend({ capacity: 1_000, clock }),
      name: "numbers",
      codec: t.readonlyArray(t.number),
      ttl: "10m",
      clock,
    }),
    memory({ capacity: 100, ttl: "60s", clock }),
    batch({ maxSize: 3, clock }),
  );

for (const each of storeLaws("structured keys and values", numbers, { ...structured, scripts: 100 })) {
  Deno.test(each.name, each.run);
}

// The time of these is the system's.
const timeless: Texts = (below) => pipe(below, memory({ capacity: 100, ttl: "60s" }), batch({ maxSize: 3 }));

for (const each of storeLaws("a clock of its own", timeless, { passesTime: false, scripts: 50 })) {
  Deno.test(each.name, each.run);
}

const kinds: ReadonlyArray<MakeLayer> = [
  (clock) => sharedOn(clock, { ttl: "5s" }),
  (clock) => memory({ capacity: 100, ttl: "20s", clock }),
  (clock) => memory({ capacity: 1, ttl: "60s", clock }),
  (clock) => batch({ maxSize: 3, clock }),
  (clock) => observe({}, clock),
  () => (below) => pipe(below, unmarking, marking),
];

const triples = kinds.flatMap((one) => kinds.flatMap((two) => kinds.map((three) => [one, two, three] as const)));

Deno.test("layers are a monoid: nobody can see how they are grouped, and identity adds nothing", async () => {
  for (const [seed, triple] of triples.entries()) {
    for (const { run } of monoidLaws("three layers", triple, { scripts: 3, seed: 3 * seed + 1 })) await run();
  }
});

Deno.test("the laws of monoids catch a layer that changes its answers when it is made, and not when it is used", async () => {
  let made = 0;
  const numbered: MakeLayer = () => {
    const number = made++;
    return (below) => fromVerbs({ ...below, peek: () => O.none, entries: number % 4 === 0 ? none : below.entries });
  };
  const none: Store<string, string>["entries"] = () => () => Promise.resolve([]);
  const [{ run }] = monoidLaws("numbered", [numbered, kinds[4]!, kinds[4]!]) as [ContractCase];
  await assertRejects(run, Error, "The store differs");
});
