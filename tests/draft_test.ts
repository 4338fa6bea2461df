import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { assertEquals } from "@std/assert";
import type { Draft, Scope, Unstored } from "../mod.ts";
import { draft, memory, memoryBackend, scope, shared, source } from "../mod.ts";
import { isSame } from "../lib/layer/request/same.ts";
import { found, left, right } from "./support/results.ts";
import type { World } from "./support/stack.ts";
import { memoryIn, sharedTexts, world } from "./support/stack.ts";
import { turn } from "./support/turn.ts";

const scoped = (
  here: World,
  onUnstored: (unstored: ReadonlyArray<Unstored>) => void = () => {},
): Scope<number, string> => scope(pipe(sharedTexts(here), memoryIn(here)), { clock: here.clock, onUnstored });

const savesOf = ({ texts }: World) =>
  texts.saves.map(({ changes }) => changes.map(({ key, value }) => [key, O.toUndefined(value)]));

const append = (more: string) => O.map((text: string) => text + more);

Deno.test("B07 a draft is stored at the end of the request, once, and only if it was changed", async () => {
  const here = world();
  {
    await using mine = scoped(here);
    const [one, two, three] = [1, 2, 3].map((key) => draft(mine, key)) as [Draft<string>, Draft<string>, Draft<string>];
    assertEquals(right(await one.modify(append("!"))()), O.some("one!"));
    // All drafts of a key are one.
    right(await draft(mine, 1).modify(append("!"))());
    right(await two.modify(append("!"))());
    right(two.set(O.some("two")));
    assertEquals(found(await three.get()), "three");
    right(await draft(mine, 4).modify(() => O.none)());
    assertEquals([one, two, three].map((each) => each.isDirty()), [true, false, false]);
    assertEquals(savesOf(here), []);
  }
  assertEquals(savesOf(here), [[[1, "one!!"]]]);
  assertEquals(found(await sharedTexts(here).get(1)()), "one!!");
});

Deno.test("B07 a store that fails leaves the draft dirty, and it may be stored again", async () => {
  const here = world();
  const reported: Array<Unstored> = [];
  const mine = scoped(here, (unstored) => reported.push(...unstored));
  const one = draft(mine, 1);
  right(await one.modify(append("!"))());
  here.texts.hold("saves");
  const flushing = mine.flush();
  const storing = one.store();
  await turn();
  await here.texts.saves[0]!.fail("disk full");
  const failure = { outcome: "unknown" as const, error: { _tag: "SourceFailed" as const, cause: "disk full" } };
  assertEquals(await flushing, [{ key: 1, failure }]);
  // Who stores while it is being stored gets the same answer.
  assertEquals(left(await storing), failure);
  assertEquals([one.isDirty(), here.texts.saves.length], [true, 1]);
  here.texts.flow("saves");
  assertEquals(await mine.flush(), []);
  assertEquals([one.isDirty(), here.texts.rows.get(1)], [false, "one!"]);
  await mine.close();
  assertEquals([here.texts.saves.length, reported], [2, []]);
});

Deno.test("B07 what could not be stored at the end is reported", async () => {
  const here = world();
  const reported: Array<Unstored> = [];
  const mine = scoped(here, (unstored) => reported.push(...unstored));
  right(draft(mine, 1).set(O.some("uno")));
  here.texts.hold("saves");
  const closing = mine.close();
  await turn();
  await here.texts.saves[0]!.fail("disk full");
  await closing;
  assertEquals(reported.map(({ key, failure }) => [key, failure.outcome]), [[1, "unknown"]]);
});

Deno.test("B07 what is changed while it is being stored is stored afterwards", async () => {
  const here = world();
  const mine = scoped(here);
  const one = draft(mine, 1);
  right(await one.modify(append("!"))());
  here.texts.hold("saves");
  const storing = one.store();
  await turn();
  right(one.set(O.some("later")));
  await here.texts.saves[0]!.commit();
  right(await storing);
  assertEquals([one.isDirty(), found(await one.get())], [true, "later"]);
  here.texts.flow("saves");
  await mine.close();
  assertEquals(savesOf(here), [[[1, "one!"]], [[1, "later"]]]);
});

Deno.test("a draft is compared with what the request knows last, and else with what it knew when it was changed", async () => {
  const here = world();
  await using mine = scoped(here);
  const one = draft(mine, 1);
  right(await one.modify(append("!"))());
  mine.forget([1]);
  right(one.set(O.some("one")));
  assertEquals(one.isDirty(), false);
  right(await mine.put(1, "uno")());
  right(one.set(O.some("one")));
  assertEquals(one.isDirty(), true);
  right(one.set(O.some("uno")));
  assertEquals(one.isDirty(), false);
});

Deno.test("B08 the end of a request stores what it changed, and never loads to find out", async () => {
  const here = world();
  {
    await using mine = scoped(here);
    const blind = draft(mine, 1);
    right(blind.set(O.some("one")));
    // It was not loaded, so nobody knows that it is the same.
    assertEquals(blind.isDirty(), true);
    right(draft(mine, 2).set(O.none));
    draft(mine, 3);
  }
  assertEquals([here.texts.loads.length, savesOf(here)], [0, [[[1, "one"]], [[2, undefined]]]]);
});

Deno.test("B24 reading a draft never makes it dirty, nor does changing the value that was given", async () => {
  const rows = source({
    load: (keys: ReadonlyArray<number>) => Promise.resolve(keys.map(() => ({ seen: new Set(["a"]), tags: ["x"] }))),
    save: () => Promise.reject(new Error("nothing is to be saved")),
  });
  const unstored: Array<Unstored> = [];
  const mine = scope(rows, { onUnstored: (each) => unstored.push(...each) });
  const row = draft(mine, 1);
  found(await row.get())!.seen.add("b");
  const same = await row.modify((value) => {
    O.toUndefined(value)!.seen.add("b");
    O.toUndefined(value)!.seen.delete("b");
    return value;
  })();
  assertEquals([E.isRight(same), row.isDirty(), [...found(await row.get())!.seen]], [true, false, ["a"]]);
  await mine.close();
  assertEquals(unstored, []);
});

Deno.test("B09 a value loaded as archived, or with storage disabled, is never written, to no tier either", async () => {
  interface Experiment {
    readonly name: string;
    readonly state: "live" | "archived" | "disabled";
  }
  const Experiment: t.Type<Experiment, unknown, unknown> = t.type({
    name: t.string,
    state: t.union([t.literal("live"), t.literal("archived"), t.literal("disabled")]),
  });
  const states = { old: "archived", off: "disabled", current: "live" } as const;
  const isStored = ({ state }: Experiment) => state === "live";
  const ttl = (value: O.Option<Experiment>) => O.isSome(value) && !isStored(value.value) ? "do not store" : "10m";
  const backend = memoryBackend<Uint8Array>({ capacity: 100 });
  const saves: Array<unknown> = [];
  const experiments = pipe(
    source({
      load: (names: ReadonlyArray<keyof typeof states>) =>
        Promise.resolve(names.map((name): Experiment => ({ name, state: states[name] }))),
      save: (changes) => Promise.resolve(void saves.push(changes.map(({ key }) => key))),
    }),
    shared({ backend, name: "experiment", codec: Experiment, ttl }),
    memory({ capacity: 100, ttl: (value) => ttl(value as O.Option<Experiment>) }),
  );
  const renamed = O.map((each: Experiment) => ({ ...each, name: "renamed" }));
  const refusal = { _tag: "ValueRefused" as const, tier: "the draft", reason: "its storage is disabled" };
  {
    await using mine = scope(experiments);
    const storage = (loaded: Experiment) => isStored(loaded) ? "enabled" as const : "disabled" as const;
    for (const name of ["old", "off"] as const) {
      const each = draft(mine, name, { storage });
      assertEquals(left(await each.modify(renamed)()), refusal);
      assertEquals(left(each.set(O.none)), refusal);
      assertEquals([each.isDirty(), found(await each.get())?.name], [false, name]);
    }
    assertEquals(left(draft(mine, "current", { storage: "disabled" }).set(O.none)), refusal);
    right(await draft(mine, "current", { storage }).modify(renamed)());
  }
  assertEquals(saves, [["current"]]);
  assertEquals([experiments.peek("old"), experiments.peek("off")], [O.none, O.none]);
  const held = backend.inspect().filter(([, slot]) => slot._tag === "Held").map(([name]) => name);
  assertEquals(held, ["lamina:experiment:0:'current"]);
});

Deno.test("a failing request drops what it changed", async () => {
  const here = world();
  const mine = scoped(here);
  right(await draft(mine, 1).modify(append("!"))());
  mine.discard();
  assertEquals([draft(mine, 1).isDirty(), found(await draft(mine, 1).get())], [false, "one"]);
  await mine.close();
  assertEquals(savesOf(here), []);
});

Deno.test("X13 drafts are bounded: a change beyond the bound is refused, none is forgotten", async () => {
  const here = world();
  const mine = scope(here.texts.store, { capacity: 2, clock: here.clock });
  const sets = [1, 2, 3, 1].map((key) => draft(mine, key).set(O.some("x"))._tag);
  assertEquals(sets, ["Right", "Right", "Left", "Right"]);
  await mine.close();
  assertEquals(savesOf(here).length, 2);
});

Deno.test("misuse of a draft is an error of its own, and nothing is stored", async () => {
  const here = world();
  const mine = scoped(here);
  const throwing = () => {
    throw new Error("not today");
  };
  assertEquals(left(await draft(mine, 1).modify(throwing)())._tag, "ValueRefused");
  assertEquals(left(draft(mine, NaN).set(O.none))._tag, "KeyRefused");
  assertEquals(left(await draft(mine, NaN).get())._tag, "KeyRefused");
  const readOnly = scope(source({ load: (keys: ReadonlyArray<number>) => Promise.resolve(keys.map(String)) }));
  right(draft(readOnly, 1).set(O.some("x")));
  assertEquals((await readOnly.flush()).map(({ failure }) => failure.error._tag), ["Unsupported"]);
  await mine.close();
  assertEquals(savesOf(here), []);
});

Deno.test("values are the same by structure: plain data, dates, maps, sets and bytes", () => {
  const cycle: Record<string, unknown> = { a: 1 };
  cycle["self"] = cycle;
  const other: Record<string, unknown> = { a: 1 };
  other["self"] = other;
  const same: ReadonlyArray<readonly [unknown, unknown]> = [
    [NaN, NaN],
    [{ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 }],
    [new Date(5), new Date(5)],
    [new Map([["a", { b: 1 }]]), new Map([["a", { b: 1 }]])],
    [new Set([1, 2]), new Set([1, 2])],
    [new Uint8Array([1, 2]), new Uint8Array([0, 1, 2]).subarray(1)],
    [cycle, other],
  ];
  for (const [left, right] of same) assertEquals(isSame(left, right), true);
  const different: ReadonlyArray<readonly [unknown, unknown]> = [
    [0, -0],
    [1, "1"],
    [null, undefined],
    [{ a: undefined }, {}],
    [{ a: undefined }, { b: undefined }],
    [[1], { 0: 1 }],
    [[, 1], [5, 1]],
    [[1, 2], [1]],
    [new Date(5), new Date(6)],
    [new Map([["a", 1]]), new Map([["a", 2]])],
    [new Set([1]), new Set([2])],
    [new Uint8Array([1]), new Uint16Array([1])],
    [new Uint8Array([1]), new Uint8Array([2])],
    [() => 1, () => 1],
    [new URL("http://a/"), new URL("http://a/")],
  ];
  for (const [left, right] of different) assertEquals(isSame(left, right), false);
});

Deno.test("B07 two changes of a draft are stored one after the other; one that failed can be stored again", async () => {
  const here = world();
  const mine = scoped(here);
  const one = draft(mine, 1);
  here.texts.hold("saves");
  right(one.set(O.some("A")));
  const first = one.store();
  await turn();
  right(one.set(O.some("B")));
  const second = one.store();
  await turn();
  assertEquals(savesOf(here), [[[1, "A"]]]);
  await here.texts.saves[0]!.commit();
  right(await first);
  await turn();
  await here.texts.saves[1]!.fail("no");
  assertEquals((await second)._tag, "Left");
  assertEquals([here.texts.rows.get(1), one.isDirty()], ["A", true]);
  await here.clock.advance(10_000);
  const third = one.store();
  await turn();
  await here.texts.saves[2]!.commit();
  right(await third);
  assertEquals([here.texts.rows.get(1), one.isDirty()], ["B", false]);
});
