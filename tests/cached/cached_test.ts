import { assertEquals, assertRejects } from "@std/assert";
import * as TE from "fp-ts/lib/TaskEither.js";
import { batch, cached, CacheReadError, CacheWriteError, type CallKey, type Layer, memory } from "../../mod.ts";
import { withoutRejections } from "../support/rejections.ts";
import { turn } from "../support/turn.ts";
import { heldFunction, stacks, stand } from "./stand.ts";

/** Tries something on every stack, with a function that counts its calls. */
async function everywhere(
  attempt: (
    layer: ReadonlyArray<Layer<CallKey, string>>,
    calls: Array<unknown>,
    fn: (id: number) => Promise<string>,
    way: string,
  ) => Promise<void>,
): Promise<void> {
  for (const way of Object.keys(stacks(stand()))) {
    const layer = stacks(stand())[way]!;
    const calls: Array<unknown> = [];
    const fn = (id: number): Promise<string> => Promise.resolve(`user ${id}, call ${calls.push(id)}`);
    await attempt(layer, calls, fn, way);
  }
}

Deno.test("D23 a cached function offers get, set, invalidate, refresh and the original", async () => {
  await everywhere(async (layer, calls, fn, way) => {
    await using user = cached(fn, { layer });
    assertEquals([await user.get(1), calls], [undefined, []], way);
    assertEquals([await user(1), await user(1), await user.get(1)], Array(3).fill("user 1, call 1"), way);
    await user.set([1], "Ada");
    assertEquals([await user(1), await user.get(1), calls.length], ["Ada", "Ada", 1], way);
    assertEquals([await user.refresh(1), await user(1)], Array(2).fill("user 1, call 2"), way);
    await user.invalidate(1);
    assertEquals([await user.get(1), calls.length], [undefined, 2], way);
    assertEquals([await user(1), await user.original(2)], ["user 1, call 3", "user 2, call 4"], way);
    assertEquals(user.original, fn);
  });
});

Deno.test("D23 equal calls have equal keys whatever the order of fields; 1 and '1', null and 'null' differ", async () => {
  const { near, far } = stand();
  for (const layer of [near(), far()]) {
    let calls = 0;
    const fn = (...args: ReadonlyArray<unknown>): Promise<string> => Promise.resolve(`${args.length}: ${++calls}`);
    await using count = cached(fn, { layer });
    const first = await count({ page: 1, of: ["users", null] }, 2n);
    assertEquals(await count({ of: ["users", null], page: 1 }, 2n), first);
    assertEquals(await count({ of: ["users", null], page: 1, more: undefined }, 2n, undefined), first);
    assertEquals(calls, 1);
    const different = [[1], ["1"], [1n], [null], ["null"], [], [[]], [[1]], ["[1]"], [1, 1], [true], ["true"], [""]];
    const results = [];
    for (const args of different) results.push(await count(...args));
    assertEquals([new Set(results).size, calls], [different.length, different.length + 1]);
    for (const [i, args] of different.entries()) assertEquals(await count(...args), results[i]!);
  }
});

Deno.test("get does not call the function, claims nothing for good, and is no failure", async () => {
  await withoutRejections(async () => {
    const here = stand();
    for (const [way, layer] of Object.entries(stacks(here))) {
      const { fn, calls } = heldFunction<[number], string>();
      await using user = cached(fn, { layer, clock: here.clock });
      assertEquals([await user.get(1), calls.length], [undefined, 0], way);
      // Nobody waits for what the look claimed.
      const reading = user(1);
      await turn();
      assertEquals(calls.length, 1, way);
      await calls[0]!.release("Ada");
      assertEquals([await reading, await user.get(1), calls.length], ["Ada", "Ada", 1], way);
      await user.invalidate(1);
    }
  });
});

Deno.test("get begins no back-off, and a back-off is no reason for get to reject", async () => {
  const here = stand();
  const { fn, calls } = heldFunction<[number], string>();
  await using user = cached(fn, { layer: here.far({ backOff: "30s" }), clock: here.clock });
  assertEquals(await user.get(1), undefined);
  const reading = assertRejects(() => user(1), CacheReadError);
  await turn();
  await calls[0]!.fail(new Error("down"));
  assertEquals((await reading).message, "The source failed: down");
  assertEquals([await user.get(1), calls.length], [undefined, 1]);
});

Deno.test("get finds a stale result, and does not renew it", async () => {
  const here = stand();
  let calls = 0;
  for (const tier of [here.near, here.far]) {
    await using user = cached((id: number) => `user ${id}, call ${++calls}`, {
      layer: tier({ ttl: "1s", grace: "1m" }),
      clock: here.clock,
    });
    const found = await user(1);
    await here.clock.advance(2_000);
    const before = calls;
    assertEquals([await user.get(1), calls], [found, before]);
    await here.clock.advance(1);
    assertEquals([await user.get(1), calls], [found, before]);
    await user.invalidate(1);
  }
});

Deno.test("get waits for somebody else's call no longer than getWithin, and has its result if that is sooner", async () => {
  const here = stand();
  const { fn, calls } = heldFunction<[number], string>();
  await using user = cached(fn, { layer: here.near(), clock: here.clock, getWithin: "50ms" });
  const reading = user(1);
  const looks = [user.get(1), user.get(1)];
  await here.clock.advance(49);
  let late = 0;
  for (const look of looks) void look.then(() => late++);
  await here.clock.advance(1);
  assertEquals([await looks[0], await looks[1], late], [undefined, undefined, 2]);
  const soon = user.get(1);
  await turn();
  await calls[0]!.release("Ada");
  assertEquals([await soon, await reading, calls.length], ["Ada", "Ada", 1]);
});

Deno.test("a call that shares a batch's flight with a get still loads", async () => {
  const here = stand();
  for (const layers of [[batch({ maxSize: 10, clock: here.clock })], [here.far(), batch({ maxSize: 10 })]]) {
    let calls = 0;
    await using user = cached((id: number) => `user ${id}, call ${++calls}`, { layer: layers, clock: here.clock });
    const both = [user.get(1), user(1), user.get(1), user(1), user(2)];
    const found = await Promise.all(both);
    assertEquals([found[1], found[3], found[4] !== undefined], [found[1], found[1], true]);
    assertEquals(found[1]?.startsWith("user 1"), true);
    assertEquals(calls, 2);
    await user.invalidate(1);
  }
});

Deno.test("what the function throws or answers as a left is the cause, whatever it is", async () => {
  const { near } = stand();
  const refusal = { _tag: "NotTheOwner" };
  const fns: ReadonlyArray<() => string | Promise<string> | TE.TaskEither<unknown, string>> = [
    () => {
      throw refusal;
    },
    () => Promise.reject(refusal),
    () => TE.left(refusal),
  ];
  for (const fn of fns) {
    await using call = cached(fn, { layer: near() });
    const error = await assertRejects(() => call(), CacheReadError);
    assertEquals([error.cause, error.error._tag], [refusal, "SourceFailed"]);
    assertEquals(await call.get(), undefined);
  }
});

Deno.test("a plain value, a promise and a TaskEither are results alike, and undefined is one that is cached", async () => {
  const { near } = stand();
  const fns: ReadonlyArray<(text: string) => string | undefined | Promise<string> | TE.TaskEither<Error, string>> = [
    (text) => text,
    (text) => Promise.resolve(text),
    (text) => TE.right(text),
  ];
  for (const fn of fns) {
    await using same = cached(fn, { layer: near() });
    assertEquals(await same("Ada"), "Ada");
  }
  let calls = 0;
  await using none = cached((_id: number): string | undefined => void calls++, { layer: near() });
  assertEquals([await none(1), await none(1), calls], [undefined, undefined, 1]);
  await none.set([1], "Ada");
  assertEquals(await none(1), "Ada");
  await none.set([1], undefined);
  assertEquals([await none(1), calls], [undefined, 1]);
});

Deno.test("arguments that are no key are refused before the function is called, unless keyOf says what to go by", async () => {
  await withoutRejections(async () => {
    for (const layer of Object.values(stacks(stand()))) {
      let calls = 0;
      const fn = (..._args: ReadonlyArray<unknown>): string => `call ${++calls}`;
      await using call = cached(fn, { layer });
      for (const wrong of [() => 1, Symbol("s"), NaN, new URL("http://a.b")]) {
        for (
          const read of [
            () => call(1, wrong),
            () => call.get(wrong),
            () => call.entry(wrong),
            () => call.refresh(wrong),
          ]
        ) {
          assertEquals((await assertRejects(read, CacheReadError)).error._tag, "KeyRefused");
        }
        for (const write of [() => call.set([wrong], "x"), () => call.invalidate(wrong)]) {
          const { outcome, error } = await assertRejects(write, CacheWriteError);
          assertEquals([outcome, error._tag], ["aborted", "KeyRefused"]);
        }
      }
      assertEquals(calls, 0);
    }
  });
});

Deno.test("with keyOf the function has all its arguments, and only the key tells calls apart", async () => {
  const { far, near } = stand();
  class Session {
    asked = 0;
    load(id: number): string {
      this.asked++;
      return `row ${id}`;
    }
  }
  const sessions = [new Session(), new Session()] as const;
  await using row = cached((session: Session, id: number) => session.load(id), {
    layer: [far(), near()],
    keyOf: (_session, id) => id,
  });
  assertEquals([await row(sessions[0], 1), await row(sessions[1], 1), await row(sessions[1], 2)], [
    "row 1",
    "row 1",
    "row 2",
  ]);
  assertEquals(sessions.map(({ asked }) => asked), [1, 1]);
  await row.invalidate(sessions[0], 2);
  assertEquals(await row.get(sessions[0], 2), undefined);

  const thrower = (_id: number): number => {
    throw new Error("keyOf");
  };
  await using broken = cached((id: number) => `${id}`, { layer: near(), keyOf: thrower });
  assertEquals((await assertRejects(() => broken(1), CacheReadError)).error._tag, "KeyRefused");
  assertEquals((await assertRejects(() => broken.invalidate(1), CacheWriteError)).outcome, "aborted");
});

Deno.test("what a caller does to its arguments afterwards changes nothing", async () => {
  await using sum = cached((numbers: Array<number>) => numbers.reduce((a, b) => a + b, 0), {
    layer: memory({ capacity: 10, ttl: "1m" }),
  });
  const numbers = [1, 2];
  const first = sum(numbers);
  assertEquals(await first, 3);
  numbers.push(3);
  assertEquals([await sum(numbers), await sum([1, 2])], [6, 3]);
});

Deno.test("X01 an invalidate, or a set, while the function runs is not undone by its result", async () => {
  for (const change of ["invalidate", "set"] as const) {
    const here = stand();
    for (const [way, layer] of Object.entries(stacks(here))) {
      const { fn, calls } = heldFunction<[number], string>();
      await using user = cached(fn, { layer, clock: here.clock });
      const reading = user(1);
      await turn();
      if (change === "set") await user.set([1], "new");
      else await user.invalidate(1);
      await calls[0]!.release("old");
      assertEquals(await reading, "old", way);
      assertEquals(await user.get(1), change === "set" ? "new" : undefined, way);
      await user.invalidate(1);
    }
  }
});

Deno.test("a value that the codec refuses is not set, and says so", async () => {
  const { far } = stand();
  await using user = cached((id: number) => `user ${id}`, { layer: far() });
  const { outcome, error } = await assertRejects(() => user.set([1], 5 as unknown as string), CacheWriteError);
  assertEquals([outcome, error._tag, await user.get(1)], ["aborted", "ValueRefused", undefined]);
});

Deno.test("D25 the age, the freshness and the tier that answered can be asked for with the result", async () => {
  const here = stand();
  await using user = cached((id: number) => `user ${id}`, {
    layer: [here.far({ ttl: "10s", grace: "20s" }), here.near({ ttl: "5s" })],
    clock: here.clock,
  });
  const loaded = await user.entry(1);
  assertEquals<ReadonlyArray<unknown>>([loaded.value, loaded.age, loaded.fresh, loaded.verdict._tag], [
    "user 1",
    0,
    5_000,
    "Filled",
  ]);
  await here.clock.advance(2_000);
  const near = await user.entry(1);
  assertEquals<ReadonlyArray<unknown>>([near.age, near.fresh, near.verdict._tag, near.verdict.tier], [
    2_000,
    3_000,
    "HitMemory",
    "memory",
  ]);
  await here.clock.advance(4_000);
  const far = await user.entry(1);
  assertEquals<ReadonlyArray<unknown>>([far.age, far.verdict._tag, far.verdict.tier], [6_000, "HitShared", "call"]);
  await here.clock.advance(6_000);
  const stale = await user.entry(1);
  assertEquals<ReadonlyArray<unknown>>([stale.age, stale.fresh, stale.verdict._tag], [12_000, 0, "Stale"]);
});

Deno.test("a closed function rejects, get as well, and closes once", async () => {
  const { near } = stand();
  const user = cached((id: number) => `user ${id}`, { layer: near() });
  await user(1);
  await user.close();
  for (const read of [() => user(1), () => user.get(1), () => user.refresh(1)]) {
    assertEquals((await assertRejects(read, CacheReadError)).error._tag, "Closed");
  }
  await user[Symbol.asyncDispose]();
});
