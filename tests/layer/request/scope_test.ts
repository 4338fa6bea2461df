import { pipe } from "fp-ts/lib/function.js";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import { assertEquals, assertThrows } from "@std/assert";
import type { CacheError, Duration, Scope, ScopeOptions } from "../../../mod.ts";
import { fromVerbs, scope, source, writing } from "../../../mod.ts";
import { heldWrite } from "../../support/held_write.ts";
import { withoutRejections } from "../../support/rejections.ts";
import { allFound, found, left, right } from "../../support/results.ts";
import type { World } from "../../support/stack.ts";
import { memoryIn, sharedTexts, world } from "../../support/stack.ts";
import { turn } from "../../support/turn.ts";

/** A request over everything there is in a world. */
function scopeIn(here: World, options: ScopeOptions = {}): Scope<number, string> {
  return scope(pipe(sharedTexts(here), memoryIn(here)), { clock: here.clock, ...options });
}

const keysOf = ({ texts }: World) => texts.loads.map(({ keys }) => keys);

Deno.test("P07 the same key is never fetched from the shared tier twice in one request, however it is read", async () => {
  const here = world();
  // No tier of this process in between, and a value that no tier keeps.
  const mine = scope(sharedTexts(here, { ttl: (value) => O.isNone(value) ? "do not store" : "10m" }));
  const held = mine.getMany([1, 9])();
  const joining = mine.get(1)();
  assertEquals([allFound(await held), found(await joining)], [["one", undefined], "one"]);
  const calls = here.faulty.calls.length;
  assertEquals(allFound(await mine.getMany([9, 1, 1])()), [undefined, "one", "one"]);
  assertEquals([found(await mine.get(9)()), found(await mine.get(1)())], [undefined, "one"]);
  assertEquals([here.faulty.calls.length, keysOf(here)], [calls, [[1, 9]]]);
});

Deno.test("P07 a read joins the one that is under way, in whatever turn it comes", async () => {
  const here = world();
  const mine = scopeIn(here);
  here.texts.hold("loads");
  const first = mine.get(1)();
  await turn();
  const calls = here.faulty.calls.length;
  const second = mine.getMany([1])();
  await turn();
  assertEquals([here.faulty.calls.length, keysOf(here)], [calls, [[1]]]);
  await here.texts.loads[0]!.release();
  assertEquals([found(await first), allFound(await second)], ["one", ["one"]]);
});

Deno.test("what a request has read stays so to its end, absent keys too", async () => {
  const here = world();
  const mine = scopeIn(here);
  assertEquals(allFound(await mine.getMany([1, 9])()), ["one", undefined]);
  const other = sharedTexts(here);
  right(await other.put(1, "uno")());
  right(await other.put(9, "nine")());
  await here.clock.advance(3_600_000);
  assertEquals(allFound(await mine.getMany([1, 9])()), ["one", undefined]);
  assertEquals(mine.peek(1), O.some(O.some("one")));
  const next = scopeIn(here);
  assertEquals(allFound(await next.getMany([1, 9])()), ["uno", "nine"]);
});

Deno.test("P08 force reads around the request and refreshes it", async () => {
  const here = world();
  const mine = scopeIn(here);
  assertEquals(found(await mine.get(1)()), "one");
  here.texts.rows.set(1, "changed behind");
  assertEquals(found(await mine.get(1)()), "one");
  assertEquals(allFound(await mine.getMany([1, 1], { force: true })()), ["changed behind", "changed behind"]);
  assertEquals(found(await mine.get(1)()), "changed behind");
  assertEquals(keysOf(here), [[1], [1]]);
});

Deno.test("P08 a forced read joins none that is under way, and who comes meanwhile joins it", async () => {
  const here = world();
  const mine = scope(here.texts.store, { clock: here.clock });
  here.texts.hold("loads");
  const plain = mine.get(1)();
  await turn();
  here.texts.rows.set(1, "changed behind");
  const forced = mine.get(1, { force: true })();
  const joining = mine.get(1)();
  await turn();
  assertEquals(keysOf(here), [[1], [1]]);
  await here.texts.loads[1]!.release();
  assertEquals([found(await forced), found(await joining)], ["changed behind", "changed behind"]);
  await here.texts.loads[0]!.release();
  assertEquals(found(await plain), "one");
});

Deno.test("P08 a write or a delete through the stack is seen by the request at once, without a round trip", async () => {
  const here = world();
  const mine = scopeIn(here);
  assertEquals(allFound(await mine.getMany([1, 2])()), ["one", "two"]);
  right(await mine.put(1, "uno")());
  right(await mine.remove(2)());
  right(await mine.put(3, "tres")());
  const calls = here.faulty.calls.length;
  assertEquals(allFound(await mine.getMany([1, 2, 3])()), ["uno", undefined, "tres"]);
  assertEquals([here.faulty.calls.length, keysOf(here)], [calls, [[1, 2]]]);
});

Deno.test("a write that says nothing of its value, fails, or is of unknown outcome is followed by a read below", async () => {
  const here = world();
  const mine = scope(here.texts.store, { clock: here.clock });
  const rename = (text: string) => () => Promise.resolve(here.texts.rows.set(1, text)).then(() => {});
  assertEquals(found(await mine.get(1)()), "one");
  right(await mine.mutate([1], writing(rename("dos")))());
  assertEquals(found(await mine.get(1)()), "dos");
  for (const outcome of ["unknown", "aborted", "unconfirmed"] as const) {
    const renaming = heldWrite(() => here.texts.rows.set(1, outcome));
    const done = mine.mutate([1], renaming.write, { written: () => [O.some("never")] })();
    await turn();
    await renaming.lose(outcome);
    assertEquals(left(await done).outcome, outcome);
    assertEquals(found(await mine.get(1)()), outcome);
  }
});

Deno.test("what a transaction writes through the scope is read below afterwards, and inside it by nobody's memory", async () => {
  const here = world();
  const { rows } = here.texts;
  const inside: Array<string | undefined> = [];
  const below = fromVerbs<number, string>({
    ...here.texts.store,
    transact: (body) => async () => {
      const done = await body({
        get: (key) => () => Promise.resolve(E.right(O.fromNullable(rows.get(key)))),
        put: (key, value) => () => Promise.resolve(E.right(void rows.set(key, value))),
        remove: (key) => () => Promise.resolve(E.right(void rows.delete(key))),
      })();
      return done._tag === "Left" ? E.left({ outcome: "aborted", error: done.left }) : done;
    },
  });
  const mine = scope(below, { clock: here.clock });
  assertEquals(allFound(await mine.getMany([1, 2, 3])()), ["one", "two", "three"]);
  const done = mine.transact((tx) => async () => {
    await tx.put(1, "uno")();
    await tx.remove(2)();
    inside.push(found(await tx.get(1)()), found(await mine.get(1)()));
    return E.right("done");
  });
  assertEquals(right(await done()), "done");
  assertEquals(inside, ["uno", "uno"]);
  const loads = here.texts.loads.length;
  assertEquals(allFound(await mine.getMany([1, 2, 3])()), ["uno", undefined, "three"]);
  assertEquals(here.texts.loads.slice(loads).map(({ keys }) => keys), [[1, 2]]);
});

Deno.test("keys that a write names only afterwards are read again; all are, if it cannot name them", async () => {
  const here = world();
  const mine = scope(here.texts.store);
  assertEquals(allFound(await mine.getMany([1, 9])()), ["one", undefined]);
  const insert = (text: string) => writing(() => Promise.resolve(here.texts.rows.set(9, text)).then(() => {}));
  right(await mine.mutate([], insert("nine"), { alsoWritten: () => [9] })());
  assertEquals(allFound(await mine.getMany([1, 9])()), ["one", "nine"]);
  const unnamed = () => {
    throw new Error("nobody knows");
  };
  await mine.mutate([], insert("neuf"), { alsoWritten: unnamed })();
  assertEquals(allFound(await mine.getMany([1, 9])()), ["one", "neuf"]);
});

Deno.test("I2 what was being read when an own write began or ended is not kept, nor joined afterwards", async () => {
  for (const begun of ["before the write", "during the write"] as const) {
    const here = world();
    const mine = scopeIn(here);
    here.texts.hold("loads");
    const renaming = heldWrite(() => here.texts.rows.set(1, "uno"));
    const reading = begun === "before the write" ? mine.get(1)() : undefined;
    await turn();
    const writing = mine.mutate([1], renaming.write)();
    await turn();
    const inside = mine.get(1)();
    await turn();
    await renaming.commit();
    right(await writing);
    here.texts.flow("loads");
    const after = mine.get(1)();
    await turn();
    for (const load of here.texts.loads) await load.release();
    assertEquals(found(await after), "uno", begun);
    // It overlapped the write.
    assertEquals(["one", "uno"].includes(found(await inside)!), true);
    if (reading !== undefined) assertEquals(found(await reading), "one");
    assertEquals(found(await mine.get(1)()), "uno", begun);
  }
});

Deno.test("I2 of two own writes that overlap neither is remembered: nobody here knows which came last", async () => {
  const here = world();
  const mine = scope(here.texts.store, { clock: here.clock });
  const ends: Array<() => void> = [];
  const write = (text: string) => {
    const run = () =>
      new Promise<void>((resolve) => {
        here.texts.rows.set(1, text);
        ends.push(resolve);
      });
    return mine.mutate([1], writing(run), { written: () => [O.some(text)] })();
  };
  const writings = [write("first"), write("second")];
  await turn();
  for (const last of ends.reverse()) {
    last();
    await turn();
  }
  for (const done of await Promise.all(writings)) right(done);
  assertEquals([mine.peek(1), found(await mine.get(1)())], [O.none, "second"]);
});

Deno.test("reads inside an own write are those of the tiers, each anew, and so are they after it was aborted", async () => {
  const here = world();
  const mine = scopeIn(here);
  const inside: Array<string | undefined> = [found(await mine.get(1)())];
  const change = async (): Promise<void> => {
    for (const text of ["uno", "eins"]) {
      inside.push(found(await mine.get(1)()));
      here.texts.rows.set(1, text);
    }
    inside.push(found(await mine.get(1)()));
    throw new Error("a conflict");
  };
  assertEquals(left(await mine.mutate([1], writing(change, () => "aborted"))()).outcome, "aborted");
  assertEquals([...inside, found(await mine.get(1)())], ["one", "one", "uno", "eins", "eins"]);
});

Deno.test("I3 an answer that came by a way that was given up leaves nothing older to be read after it", async () => {
  for (const way of ["forgotten", "written"] as const) {
    const here = world();
    // A load that began earlier may be the one that reads later.
    const [first, second] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
    const answers = way === "forgotten" ? [first, second] : [first];
    const slow = source({
      load: () => answers.shift()?.promise.then((text) => [text]) ?? Promise.resolve(["newest"]),
      save: () => Promise.resolve(),
    });
    const mine = scope(slow, { clock: here.clock });
    const early = mine.get(1)();
    await turn();
    if (way === "forgotten") mine.forget([1]);
    const late = way === "forgotten" ? mine.get(1, { force: true })() : mine.put(1, "older")();
    await turn();
    second.resolve("older");
    await late;
    first.resolve("newer");
    assertEquals(found(await early), "newer", way);
    assertEquals(found(await mine.get(1)()), "newest", way);
  }
});

Deno.test("I3 a forced read that another one overtook does not leave what was read before both", async () => {
  const here = world();
  const mine = scope(here.texts.store, { clock: here.clock });
  assertEquals(found(await mine.get(1)()), "one");
  here.texts.hold("loads");
  here.texts.rows.set(1, "uno");
  const first = mine.get(1, { force: true })();
  await turn();
  const second = mine.get(1, { force: true })();
  await turn();
  await here.texts.loads[1]!.release();
  assertEquals(found(await first), "uno");
  const third = mine.get(1)();
  await turn();
  for (const load of here.texts.loads) await load.release();
  assertEquals([found(await second), found(await third)], ["uno", "uno"]);
});

Deno.test("a failure is shared by who waited for it, and not remembered unless asked for", async () => {
  const here = world();
  for (const failures of ["retry", "keep"] as const) {
    const mine = scope(here.texts.store, { failures, clock: here.clock });
    here.texts.hold("loads");
    const both = [mine.get(1)(), mine.get(1)()];
    await turn();
    await here.texts.loads.at(-1)!.fail("down");
    for (const read of both) assertEquals(left(await read), { _tag: "SourceFailed", cause: "down" });
    here.texts.flow("loads");
    const again = await mine.get(1)();
    if (failures === "retry") assertEquals(found(again), "one");
    else assertEquals(left(again), { _tag: "SourceFailed", cause: "down" });
    assertEquals(found(await mine.get(1, { force: true })()), "one");
    assertEquals(found(await mine.get(1)()), "one");
  }
});

Deno.test("who leaves a read by deadline or signal takes neither the others nor the request with it", async () => {
  const here = world();
  const mine = scopeIn(here);
  here.texts.hold("loads");
  const controller = new AbortController();
  const hasty = mine.get(1, { deadline: 50 as Duration })();
  const leaving = mine.get(1, { signal: controller.signal })();
  await here.clock.advance(50);
  controller.abort();
  assertEquals([left(await hasty)._tag, left(await leaving)._tag], ["TimedOut", "Cancelled"]);
  const patient = mine.get(1)();
  await here.texts.loads[0]!.release();
  assertEquals([found(await patient), keysOf(here)], ["one", [[1]]]);
});

Deno.test("B05 a request begins empty, and after its end every operation answers closed, also when its body threw", async () => {
  await withoutRejections(async () => {
    const here = world();
    let escaped: Scope<number, string> | undefined;
    const body = async (): Promise<void> => {
      await using mine = scopeIn(here);
      escaped = mine;
      assertEquals(found(await mine.get(1)()), "one");
      throw new Error("the handler failed");
    };
    await body().catch(() => {});
    const mine = escaped!;
    const tags: ReadonlyArray<CacheError> = [
      left(await mine.get(1)()),
      left(await mine.getMany([1])()),
      left(await mine.get(1, { force: true })()),
      left(await mine.put(1, "x")()).error,
      left(await mine.remove(1)()).error,
      left(await mine.mutate([1], () => () => Promise.resolve(E.right(1)))()).error,
      left(await mine.invalidate([1])()).error,
      left(await mine.invalidateAll()()).error,
      left(await mine.transact(() => () => Promise.resolve(E.right(1)))()).error,
      left(await mine.draft(1).get()),
      left(mine.draft(1).set(O.none)),
      left(await mine.draft(1).store()).error,
    ];
    for (const each of tags) assertEquals(each, { _tag: "Closed", what: "the request" });
    assertEquals(mine.peek(1), O.none);
    mine.prime(1, O.some("primed"));
    assertEquals(mine.peek(1), O.none);
    // The next one finds nothing of it, and the store goes on.
    here.texts.rows.set(1, "changed behind");
    const fresh = scope(here.texts.store);
    assertEquals([fresh.peek(1), found(await fresh.get(1)())], [O.none, "changed behind"]);
  });
});

Deno.test("X19 the end of a request waits for what it began, and what lands afterwards is answered", async () => {
  const here = world();
  const mine = scopeIn(here);
  here.texts.hold("loads");
  const reading = mine.get(1)();
  const renaming = heldWrite(() => here.texts.rows.set(2, "dos"));
  const writing = mine.mutate([2], renaming.write)();
  await turn();
  let ended = false;
  const ending = mine.close().then(() => ended = true);
  await turn();
  assertEquals([ended, left(await mine.get(3)())._tag], [false, "Closed"]);
  await here.texts.loads[0]!.release();
  await renaming.commit();
  await ending;
  assertEquals(found(await reading), "one");
  right(await writing);
  assertEquals(mine.peek(1), O.none);
});

Deno.test("X13 the end of a request waits no longer than its bound for what never ends", async () => {
  const here = world({ 1: "one" }, { loadTimeout: "forever" });
  const mine = scopeIn(here);
  here.texts.hold("loads");
  void mine.get(1)();
  await turn();
  let ended = false;
  const ending = mine.close().then(() => ended = true);
  await here.clock.advance(4_999);
  assertEquals(ended, false);
  await here.clock.advance(1);
  await ending;
});

Deno.test("X08 what one reader of a request changes, no other reader sees", async () => {
  interface Row {
    tags: Array<string>;
    readonly at: Date;
    readonly seen: Set<string>;
  }
  const made: ReadonlyArray<Row> = [{ tags: ["a"], at: new Date(0), seen: new Set(["x"]) }];
  const mine = scope(source({ load: (ids: ReadonlyArray<number>) => Promise.resolve(ids.map(() => made[0])) }));
  const [first, second] = [found(await mine.get(1)())!, found(await mine.get(1)())!];
  assertThrows(() => first.tags.push("b"), TypeError);
  first.at.setTime(1);
  first.seen.add("y");
  made[0]!.tags.push("c");
  for (const row of [second, found(await mine.get(1)())!]) {
    assertEquals([row.tags, row.at.getTime(), [...row.seen]], [["a"], 0, ["x"]]);
  }
  const put: Row = { tags: ["p"], at: new Date(5), seen: new Set() };
  const writable = scope(fromVerbs<number, Row>({
    ...mine,
    save: O.some(() => () => Promise.resolve(E.right(undefined))),
    mutate: (_keys, write) => () =>
      write({ at: Infinity, signal: new AbortController().signal, left: () => 1e9 as Duration })(),
  }));
  right(await writable.put(2, put)());
  put.tags.push("later");
  put.at.setTime(9);
  const kept = found(await writable.get(2)())!;
  assertEquals([kept.tags, kept.at.getTime()], [["p"], 5]);
  const shared = scope(mine, { values: "shared" });
  assertEquals(found(await shared.get(1)()) === found(await shared.get(1)()), true);
});

Deno.test("X12 a request remembers as many keys as it may, and forgets what it has known longest", async () => {
  const here = world();
  const mine = scope(here.texts.store, { capacity: 2, clock: here.clock });
  for (const key of [1, 2, 3]) await mine.get(key)();
  assertEquals([1, 2, 3].map((key) => O.isSome(mine.peek(key))), [false, true, true]);
  const many = scope(here.texts.store, { capacity: 1_000, clock: here.clock });
  for (let at = 0; at < 100_000; at += 1_000) {
    right(await many.getMany(Array.from({ length: 1_000 }, (_, i) => at + i))());
  }
  let known = 0;
  for (let key = 0; key < 100_000; key++) if (O.isSome(many.peek(key))) known++;
  assertEquals(known, 1_000);
});

Deno.test("P05 a read of more keys than one may ask for is split, a forced one too", async () => {
  const here = world();
  const mine = scope(here.texts.store, { maxSize: 2, clock: here.clock });
  assertEquals(allFound(await mine.getMany([1, 2, 3])()), ["one", "two", "three"]);
  assertEquals(allFound(await mine.getMany([1, 2, 3], { force: true })()), ["one", "two", "three"]);
  assertEquals(keysOf(here), [[1, 2], [3], [1, 2], [3]]);
});

Deno.test("B01 a key is looked for in the request, the instance tier, the shared tier and the source, in this order", async () => {
  const here = world();
  const reached: Array<string> = [];
  const passing = (name: string) => <K, V>(below: ReturnType<typeof fromVerbs<K, V>>) =>
    fromVerbs<K, V>({
      ...below,
      entries: (keys, options) => () => (reached.push(name), below.entries(keys, options)()),
    });
  const tiers = pipe(
    here.texts.store,
    passing("source"),
    (below) => sharedTexts({ ...here, texts: { ...here.texts, store: below } }),
    passing("shared"),
    memoryIn(here),
    passing("instance"),
  );
  const reach = async (read: () => Promise<unknown>): Promise<ReadonlyArray<string>> => {
    reached.length = 0;
    await read();
    return [...reached];
  };
  const first = scope(tiers);
  assertEquals(await reach(first.get(1)), ["instance", "shared", "source"]);
  assertEquals(await reach(first.get(1)), []);
  assertEquals(await reach(scope(tiers).get(1)), ["instance"]);
  await here.clock.advance(60_000);
  assertEquals(await reach(scope(tiers).get(1)), ["instance", "shared"]);
  // Data of one identity leaves the instance tier out by not being stacked on it.
  const own = pipe(
    here.texts.store,
    passing("source"),
    (below) => sharedTexts({ ...here, texts: { ...here.texts, store: below } }, { name: "own" }),
    passing("shared"),
  );
  assertEquals(await reach(scope(own).get(1)), ["shared", "source"]);
  assertEquals(await reach(scope(own).get(1)), ["shared"]);
});

Deno.test("what a scope remembers has the age and the rest that it would have below", async () => {
  const here = world();
  const mine = scopeIn(here);
  right((await mine.entries([1])())[0]!);
  await here.clock.advance(20_000);
  const { age, fresh, until, verdict } = right((await mine.entries([1])())[0]!);
  assertEquals<ReadonlyArray<number>>([age, fresh, until], [20_000, 40_000, 40_000]);
  assertEquals([verdict._tag, verdict.tier], ["HitMemory", "request"]);
  await here.clock.advance(3_600_000);
  assertEquals<number>(right((await mine.entries([1])())[0]!).until, 0);
});

Deno.test("options of a scope that are out of range are refused, and the message says what was received", () => {
  const { texts } = world();
  for (const wrong of [0, -1, 1.5, NaN, Infinity]) {
    const message = `expected a positive whole capacity: received ${wrong}`;
    assertThrows(() => scope(texts.store, { capacity: wrong }), RangeError, message);
    assertThrows(() => scope(texts.store, { maxSize: wrong }), RangeError, "maxSize");
  }
});
