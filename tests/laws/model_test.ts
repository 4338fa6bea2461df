import fc from "fast-check";
import { pipe } from "fp-ts/lib/function.js";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import { assertEquals } from "@std/assert";
import type { Store, Write } from "../../mod.ts";
import { batch } from "../../mod.ts";
import type { Fault } from "../support/faulty_backend.ts";
import { left, right } from "../support/results.ts";
import type { World } from "../support/stack.ts";
import { batchIn, memoryIn, sharedTexts, world } from "../support/stack.ts";

/** What a store has to be indistinguishable from. */
type Model = Map<number, string>;

interface Real {
  readonly here: World;
  readonly texts: Store<number, string>;
}

/** One command: does something to the store and to the model, and compares. */
class Command implements fc.AsyncCommand<Model, Real> {
  constructor(readonly name: string, readonly run: (model: Model, real: Real) => Promise<void>) {}
  check(): boolean {
    return true;
  }
  toString(): string {
    return this.name;
  }
}

const key = fc.integer({ min: 1, max: 4 });
const text = fc.string({ minLength: 1, maxLength: 2 });

const get = key.map((k) =>
  new Command(`get ${k}`, async (model, { texts }) => {
    assertEquals(right(await texts.get(k)()), O.fromNullable(model.get(k)));
  })
);

const getMany = fc.array(key, { maxLength: 6 }).map((keys) =>
  new Command(`getMany ${keys}`, async (model, { texts }) => {
    assertEquals(right(await texts.getMany(keys)()), keys.map((k) => O.fromNullable(model.get(k))));
  })
);

const force = key.map((k) =>
  new Command(`force ${k}`, async (model, { texts }) => {
    assertEquals(right(await texts.get(k, { force: true })()), O.fromNullable(model.get(k)));
  })
);

const peek = key.map((k) =>
  new Command(`peek ${k}`, (model, { texts }) => {
    const known = texts.peek(k);
    if (O.isSome(known)) assertEquals(known.value, O.fromNullable(model.get(k)));
    return Promise.resolve();
  })
);

/** A put or a remove: the model changes if it did not abort, and the source has to agree. */
const save = fc.tuple(key, fc.option(text, { nil: undefined })).map(([k, value]) =>
  new Command(value === undefined ? `remove ${k}` : `put ${k} ${value}`, async (model, { texts, here }) => {
    const done = await (value === undefined ? texts.remove(k) : texts.put(k, value))();
    if (E.isRight(done)) apply(model, [k], value);
    else assertEquals(done.left.outcome, "aborted");
    assertEquals(new Map(here.texts.rows), new Map(model));
  })
);

const invalidate = fc.tuple(fc.array(key), text).map(([keys, value]) =>
  new Command(`change ${keys} to ${value} behind the store, then invalidate them`, async (model, { texts, here }) => {
    for (const rows of [model, here.texts.rows]) apply(rows, keys, value);
    while (E.isLeft(await texts.invalidate(keys)()));
  })
);

type Ending =
  | "committed"
  | "committed, told"
  | "aborted"
  | "unknown, applied"
  | "unknown, never applied"
  | "unknown, applied later";
const endings: ReadonlyArray<Ending> = [
  "committed",
  "committed, told",
  "aborted",
  "unknown, applied",
  "unknown, never applied",
  "unknown, applied later",
];

const mutate = fc.tuple(
  fc.array(key, { minLength: 1, maxLength: 3 }),
  text,
  fc.constantFrom(...endings),
  fc.integer({ min: 0, max: 4_900 }),
)
  .map(([keys, value, ending, delay]) =>
    new Command(`mutate ${keys} to ${value}: ${ending}`, async (model, { texts, here }) => {
      let begun = false;
      const both = () => [model, here.texts.rows].forEach((rows) => apply(rows, keys, value));
      const write = (): Write<void, string> => () => {
        begun = true;
        if (ending === "unknown, applied later") here.clock.after(delay, both);
        else if (ending !== "aborted" && ending !== "unknown, never applied") both();
        return Promise.resolve(ending.startsWith("committed") ? E.right(undefined) : failed(ending));
      };
      const done = await texts.mutate(
        keys,
        write,
        ending === "committed, told" ? { written: () => keys.map(() => O.some(value)) } : {},
      )();
      if (!begun) assertEquals(left(done).outcome, "aborted");
      else assertEquals(E.isRight(done) ? "committed" : done.left.outcome, ending.split(",")[0]!);
    })
  );

function failed(ending: Ending): E.Either<{ outcome: "aborted" | "unknown"; error: string }, never> {
  return E.left({ outcome: ending === "aborted" ? "aborted" : "unknown", error: ending });
}

function apply(rows: Map<number, string>, keys: ReadonlyArray<number>, value: string | undefined): void {
  for (const k of keys) {
    if (value === undefined) rows.delete(k);
    else rows.set(k, value);
  }
}

const pass = fc.integer({ min: 1, max: 90_000 }).map((ms) =>
  new Command(`${ms} ms pass`, async (_model, { here }) => await here.clock.advance(ms))
);

const quiet = [get, getMany, force, peek, save, invalidate, mutate, pass];

const operations = ["look", "claim", "refresh", "fill", "release", "lock", "unlock"] as const;
const faults: ReadonlyArray<Fault> = [
  "not applied",
  "applied, reported failed",
  "applied late",
  "applied twice",
  "rejects",
  "throws",
  "short",
];

const fault = fc.tuple(
  fc.constantFrom(...operations),
  fc.constantFrom(...faults),
  fc.option(fc.integer({ min: 0, max: 9_000 })),
).map(
  ([operation, what, delay]) =>
    new Command(`the next ${operation}: ${what}`, (_model, { here }) => {
      const late = here.faulty.inject(operation, what);
      if (delay !== null) here.clock.after(delay, () => void late.deliver());
      return Promise.resolve();
    }),
);

const stacks: Readonly<Record<string, (here: World) => Store<number, string>>> = {
  "memory": (here) => memoryIn(here)(here.texts.store),
  "shared": (here) => sharedTexts(here, { shards: 2 }),
  "memory + shared + batch": (here) => pipe(sharedTexts(here), memoryIn(here), batch(batchIn(here, 3))),
  "small memory + shared": (here) => pipe(sharedTexts(here), memoryIn(here, { capacity: 2 })),
};

async function check(
  commands: ReadonlyArray<fc.Arbitrary<Command>>,
  build: (here: World) => Store<number, string>,
): Promise<void> {
  const law = fc.asyncProperty(fc.commands([...commands], { maxCommands: 40, size: "max" }), async (script) => {
    const here = world();
    await fc.asyncModelRun(() => ({ model: new Map(here.texts.rows), real: { here, texts: build(here) } }), script);
  });
  await fc.assert(law, { numRuns: 300 });
}

for (const [stack, build] of Object.entries(stacks)) {
  Deno.test(`I2 I4 used by one caller, ${stack} cannot be told from a map`, () => check(quiet, build));
}

for (const [stack, build] of Object.entries(stacks).filter(([stack]) => stack !== "memory")) {
  Deno.test(`I2 I4 nor can it when one command after another of its backend goes wrong: ${stack}`, () =>
    check([...quiet, fault], build));
}
