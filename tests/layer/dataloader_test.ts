/**
 * What dataloader documents and tests of itself, as behaviours of a scope (and of `batch` alone, where it is told not to
 * cache). Where ours differs, the test says so and why.
 */
import * as O from "fp-ts/lib/Option.js";
import { pipe } from "fp-ts/lib/function.js";
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Key, Scope, ScopeOptions, Store } from "../../mod.ts";
import { batch, contramapKey, promises, scope, source } from "../../mod.ts";
import { allFound, found, left, right } from "../support/results.ts";
import { turn } from "../support/turn.ts";

interface Loader<K, V> {
  readonly scope: Scope<K, V>;
  readonly store: Store<K, V>;
  /** The keys of each call of the load function. */
  readonly calls: Array<ReadonlyArray<K>>;
}

/** A scope over a load function that notes what it is asked. */
function loader<K extends Key, V>(load: (key: K) => V | Error, options: ScopeOptions = {}): Loader<K, V> {
  const calls: Array<ReadonlyArray<K>> = [];
  const store = source({
    load: (keys: ReadonlyArray<K>) => {
      calls.push(keys);
      return Promise.resolve(keys.map(load));
    },
  });
  return { scope: scope(store, options), store, calls };
}

const itself = (options?: ScopeOptions): Loader<string, string> => loader((key: string) => key, options);

const failing = (key: number): string | Error => key % 2 === 0 ? `even ${key}` : new Error(`odd ${key}`);

Deno.test("a load function of many keys answers single reads and reads of many", async () => {
  const { scope } = itself();
  assertEquals(found(await scope.get("a")()), "a");
  assertEquals(allFound(await scope.getMany(["b", "a"])()), ["b", "a"]);
  assertEquals(allFound(await scope.getMany([])()), []);
});

Deno.test("P04 single reads of a turn become one call", async () => {
  const { scope, calls } = itself();
  const [a, b] = await Promise.all([scope.get("a")(), scope.get("b")()]);
  assertEquals([found(a), found(b), calls], ["a", "b", [["a", "b"]]]);
});

Deno.test("P05 a call has no more keys than it may, duplicates counted once and known keys not at all", async () => {
  const { scope, calls } = itself({ maxSize: 3 });
  const keys = ["a", "b", "a", "c", "a", "d", "b"];
  assertEquals((await Promise.all(keys.map((key) => scope.get(key)()))).map(found), keys);
  assertEquals(calls, [["a", "b", "c"], ["d"]]);
  assertEquals(allFound(await scope.getMany(["a", "e", "b", "f", "g", "h"])()).join(""), "aebfgh");
  assertEquals(calls.slice(2), [["e", "f", "g"], ["h"]]);
});

Deno.test("equal reads of one turn are one, in calls of a limited size too", async () => {
  for (const maxSize of [1, 10]) {
    const { scope, calls } = itself({ maxSize });
    const reads = await Promise.all([scope.get("a")(), scope.get("b")(), scope.get("a")()]);
    assertEquals(reads.map(found), ["a", "b", "a"]);
    assertEquals(calls.flat(), ["a", "b"]);
  }
});

Deno.test("repeated reads are remembered, each key for itself", async () => {
  const { scope, calls } = itself();
  for (const keys of [["a", "b"], ["a", "c"], ["a", "b", "c"]]) {
    assertEquals(allFound(await scope.getMany(keys)()), keys);
  }
  assertEquals(calls, [["a", "b"], ["c"]]);
});

Deno.test("what is known does not wait for the call of what is not: dataloader keeps the order of a batch instead", async () => {
  const { scope } = itself();
  scope.prime("a", O.some("primed"));
  const order: Array<string> = [];
  await Promise.all([
    scope.get("b")().then(() => order.push("b")),
    scope.get("a")().then(() => order.push("a")),
  ]);
  assertEquals(order, ["a", "b"]);
});

Deno.test("one key can be forgotten, or all of them, and is then loaded again", async () => {
  const { scope, calls } = itself();
  await scope.getMany(["a", "b"])();
  scope.forget(["a"]);
  await scope.getMany(["a", "b"])();
  assertEquals(calls, [["a", "b"], ["a"]]);
  scope.forgetAll();
  await scope.getMany(["a", "b"])();
  assertEquals(calls.slice(2), [["a", "b"]]);
  scope.forget(["never known"]);
});

Deno.test("what is forgotten while it is being loaded is answered, and loaded again for the next reader", async () => {
  let version = 0;
  const { scope, calls } = loader((_key: string) => ++version);
  const first = scope.get("a")();
  await Promise.resolve();
  scope.forget(["a"]);
  assertEquals([found(await first), found(await scope.get("a")()), calls.length], [1, 2, 2]);
});

Deno.test("a value can be told ahead; what is known or being loaded is not overruled, unless it is forgotten first", async () => {
  const { scope, calls } = itself();
  scope.prime("a", O.some("primed"));
  scope.prime("absent", O.none);
  assertEquals(allFound(await scope.getMany(["a", "absent", "b"])()), ["primed", undefined, "b"]);
  scope.prime("a", O.some("again"));
  scope.prime("b", O.some("again"));
  const loading = scope.get("c")();
  scope.prime("c", O.some("too late"));
  assertEquals([found(await loading), allFound(await scope.getMany(["a", "b", "c"])())], ["c", ["primed", "b", "c"]]);
  scope.forget(["a"]);
  scope.prime("a", O.some("again"));
  assertEquals([found(await scope.get("a")()), calls], ["again", [["b"], ["c"]]]);
});

Deno.test("an error in a value's place fails that key alone", async () => {
  const { scope } = loader(failing);
  const [odd, even] = await Promise.all([scope.get(1)(), scope.get(2)()]);
  assertEquals([(left(odd) as { cause: Error }).cause.message, found(even)], ["odd 1", "even 2"]);
  const entries = await scope.entries([1, 2, 3])();
  assertEquals(entries.map(({ _tag }) => _tag), ["Left", "Right", "Left"]);
  // One that fails fails all: who wants each for itself asks for the entries.
  assertEquals(left(await scope.getMany([2, 3])())._tag, "SourceFailed");
});

Deno.test("failures are remembered where that is asked for, and otherwise the next reader tries again", async () => {
  const kept = loader(failing, { failures: "keep" });
  const retried = loader(failing);
  for (const { scope } of [kept, retried]) {
    left(await scope.get(1)());
    left(await scope.get(1)());
  }
  // dataloader always remembers them. Here a failed load may be tried again by default, as everywhere in this library.
  assertEquals([kept.calls, retried.calls], [[[1]], [[1], [1]]]);
  kept.scope.forget([1]);
  left(await kept.scope.get(1)());
  assertEquals(kept.calls, [[1], [1]]);
});

Deno.test("a call that fails as a whole fails every read in it", async () => {
  const broken = scope(
    source({ load: (_keys: ReadonlyArray<number>): Promise<Array<string>> => Promise.reject("down") }),
  );
  const reads = await Promise.all([broken.get(1)(), broken.get(2)()]);
  assertEquals(reads.map(left), [{ _tag: "SourceFailed", cause: "down" }, { _tag: "SourceFailed", cause: "down" }]);
});

Deno.test("P09 keys are equal by value: dataloader takes objects by identity, or by a function of its user", async () => {
  const { scope, calls } = loader(({ id, at }: { readonly id: number; readonly at: ReadonlyArray<string> }) =>
    `${id}${at}`
  );
  const reads = [{ id: 1, at: ["x"] }, { at: ["x"], id: 1 }, { id: 1, at: ["y"] }];
  assertEquals((await Promise.all(reads.map((key) => scope.get(key)()))).map(found), ["1x", "1x", "1y"]);
  assertEquals(calls, [[reads[0]!, reads[2]!]]);
  scope.forget([{ at: ["x"], id: 1 }]);
  await scope.get(reads[0]!)();
  assertEquals(calls.length, 2);
});

Deno.test("keys that are told apart by a function of the user go through contramapKey", async () => {
  const { scope, calls } = itself();
  const inner = contramapKey(({ id }: { readonly id: string; readonly noise: unknown }) => id)(scope);
  const [one, two] = await Promise.all([inner.get({ id: "b", noise: () => 1 })(), inner.get({ id: "b", noise: 2 })()]);
  assertEquals([found(one), found(two), calls], ["b", "b", [["b"]]]);
});

Deno.test("batching can be switched off by a size of one, and remembering by batch alone", async () => {
  const alone = itself({ maxSize: 1 });
  await alone.scope.getMany(["a", "b", "a"])();
  assertEquals(alone.calls, [["a"], ["b"]]);
  const { store, calls } = itself();
  const batched = batch({ maxSize: 10 })(store);
  for (const _ of [1, 2]) await Promise.all([batched.get("a")(), batched.get("b")(), batched.get("a")()]);
  // Equal reads of a turn are one here; dataloader repeats their keys where it does not cache.
  assertEquals(calls, [["a", "b"], ["a", "b"]]);
});

Deno.test("P04 reads that begin in promises, however deep, meet in one call", async () => {
  const { scope, calls } = itself();
  const deep = async (key: string, steps: number): Promise<string | undefined> => {
    for (let i = 0; i < steps; i++) await Promise.resolve();
    return found(await scope.get(key)());
  };
  const nested = Promise.resolve().then(() => Promise.resolve().then(() => Promise.all([deep("c", 3), deep("d", 30)])));
  assertEquals([await Promise.all([deep("a", 0), deep("b", 7)]), await nested], [["a", "b"], ["c", "d"]]);
  assertEquals(calls.map((keys) => keys.toSorted()), [["a", "b", "c", "d"]]);
});

Deno.test("a load function may read through another loader, whose reads meet as well", async () => {
  const deep = itself();
  const shallow = loader((key: string) => key);
  const through = scope(source({
    load: (keys: ReadonlyArray<string>) => promises(deep.scope).getMany(keys.map((key) => key.toUpperCase())),
  }));
  const reads = await Promise.all([
    through.get("a")(),
    shallow.scope.get("x")(),
    through.get("b")(),
    turn().then(() => shallow.scope.get("y")()),
  ]);
  assertEquals(reads.map(found), ["A", "x", "B", "y"]);
  assertEquals([deep.calls, shallow.calls], [[["A", "B"]], [["x"], ["y"]]]);
});

Deno.test("reads that begin when a call has been answered make the next call, together", async () => {
  const { scope, calls } = itself();
  const chain = async (key: string): Promise<string | undefined> => {
    const first = found(await scope.get(key)());
    return found(await scope.get(`${first}${first}`)());
  };
  assertEquals(await Promise.all([chain("a"), chain("b"), chain("a")]), ["aa", "bb", "aa"]);
  assertEquals(calls, [["a", "b"], ["aa", "bb"]]);
});

Deno.test("a load function that forgets everything remembers nothing, and equal reads of a turn are still one", async () => {
  const calls: Array<ReadonlyArray<string>> = [];
  const forgetful = scope(source({
    load: (keys: ReadonlyArray<string>) => {
      forgetful.forgetAll();
      calls.push(keys);
      return Promise.resolve(keys);
    },
  })) as Scope<string, string>;
  for (const _ of [1, 2]) {
    const reads = await Promise.all(["a", "b", "a"].map((key) => forgetful.get(key)()));
    assertEquals(reads.map(found), ["a", "b", "a"]);
  }
  assertEquals(calls, [["a", "b"], ["a", "b"]]);
});

Deno.test("P09 what is told ahead or forgotten under an equal key, its fields in another order, is that key's", async () => {
  const { scope, calls } = loader((key: { readonly id: number; readonly of: string }) => `${key.of} ${key.id}`);
  scope.prime({ id: 1, of: "user" }, O.some("told"));
  assertEquals(found(await scope.get({ of: "user", id: 1 })()), "told");
  scope.forget([{ of: "user", id: 1 }]);
  assertEquals([found(await scope.get({ id: 1, of: "user" })()), calls.length], ["user 1", 1]);
});

Deno.test("a load function that throws at once fails every read of its call, and no other call", async () => {
  const thrown = new Error("at once");
  const { scope, calls } = loader((key: number) => {
    if (key === 2) throw thrown;
    return `${key}`;
  }, { maxSize: 2 });
  const reads = await Promise.all([1, 2, 3, 4].map((key) => scope.get(key)()));
  assertEquals(reads.slice(0, 2).map(left), Array(2).fill({ _tag: "SourceFailed", cause: thrown }));
  assertEquals([reads.slice(2).map(found), calls], [["3", "4"], [[1, 2], [3, 4]]]);
});

Deno.test("when a call is made can be left to a window", async () => {
  const { store, calls } = itself();
  const slow = scope(pipe(store, batch({ maxSize: 10, window: "5ms" })));
  const first = slow.get("a")();
  await turn();
  const second = slow.get("b")();
  assertEquals([found(await first), found(await second), calls], ["a", "b", [["a", "b"]]]);
});

Deno.test("misuse is told apart: a load function that breaks its contract, a key that is none, a size out of range", async () => {
  const short = scope(source({ load: (_keys: ReadonlyArray<number>) => Promise.resolve(["one"]) }));
  const [one, two] = await Promise.all([short.get(1)(), short.get(2)()]);
  for (const each of [one, two]) {
    const fault = left(each!);
    assert(fault._tag === "LoaderFault");
    assertEquals(fault.reason, "expected 2 results, one for each key: received 1");
  }
  const none = scope(
    source({ load: (_keys: ReadonlyArray<number>) => Promise.resolve() as unknown as Promise<Array<string>> }),
  );
  assertEquals(left(await none.get(1)())._tag, "LoaderFault");
  assertEquals(left(await short.get(NaN)())._tag, "KeyRefused");
  for (const maxSize of [0, -1, 1.5]) assertThrows(() => itself({ maxSize }), RangeError, `received ${maxSize}`);
  // undefined and null are keys, and not the absence of one.
  const any = loader((key: null | undefined) => String(key));
  assertEquals(right(await any.scope.getMany([undefined, null])()), [O.some("undefined"), O.some("null")]);
});
