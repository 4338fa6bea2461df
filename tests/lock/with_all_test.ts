import { assertEquals } from "@std/assert";
import * as E from "fp-ts/lib/Either.js";
import fc from "fast-check";
import * as TE from "fp-ts/lib/TaskEither.js";
import { milliseconds } from "../../lib/duration.ts";
import { leaseLocks, localLocks, type Locker, memoryLeases, withAll, withLock } from "../../lib/lock/mod.ts";
import { type VirtualClock, virtualClock } from "../../lib/testing/virtual_clock.ts";
import { left, right } from "../support/results.ts";
import { isFree, mustTake, virtualTime } from "./support.ts";

/** One caller: what it locks, when it comes, and for how long it holds it. */
interface Batch {
  readonly names: ReadonlyArray<string>;
  readonly after: number;
  readonly takes: number;
}

const batches = fc.array(
  fc.record({
    names: fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { minLength: 1, maxLength: 8 }),
    after: fc.integer({ min: 0, max: 5 }),
    takes: fc.integer({ min: 0, max: 5 }),
  }),
  { minLength: 2, maxLength: 8 },
);

function sleep(clock: VirtualClock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => clock.after(milliseconds, resolve));
}

/** Runs batches at once; each holds what it asked for alone, and all of them end. */
async function play(clock: VirtualClock, locker: Locker, all: ReadonlyArray<Batch>): Promise<void> {
  const holders = new Map<string, number>();
  const count = (names: ReadonlySet<string>, by: number): void => {
    for (const name of names) {
      holders.set(name, (holders.get(name) ?? 0) + by);
      assertEquals((holders.get(name) ?? 0) < 2, true, `two hold ${name}`);
    }
  };
  const run = async ({ names, after, takes }: Batch) => {
    await sleep(clock, after);
    return await withAll(locker, names)((held) => async () => {
      const distinct = new Set(names);
      assertEquals(held.map(({ name }) => name), [...distinct].sort());
      count(distinct, 1);
      await sleep(clock, takes);
      count(distinct, -1);
      return E.right(undefined);
    })();
  };
  for (const each of await virtualTime(clock)(Promise.all(all.map(run)))) right(each);
}

Deno.test("D22 overlapping batches of any subsets never deadlock, and take each lock once", async () => {
  await fc.assert(
    fc.asyncProperty(batches, async (all) => {
      const clock = virtualClock();
      const locks = localLocks({ clock });
      await play(clock, locks, all);
      assertEquals([clock.pending(), locks.size()], [0, 0]);
    }),
    { numRuns: 200 },
  );
});

Deno.test("D22 nor do batches of leases", async () => {
  await fc.assert(
    fc.asyncProperty(batches, async (all) => {
      const clock = virtualClock();
      const locks = leaseLocks({ port: memoryLeases({ clock }), clock });
      await play(clock, locks, all);
      assertEquals([clock.pending(), locks.size()], [0, 0]);
    }),
    { numRuns: 50 },
  );
});

Deno.test("locks taken in no order wait in a circle, which their deadline ends", async () => {
  const clock = virtualClock();
  const { lock } = localLocks({ clock, within: "1s" });
  const inTurn = (first: string, second: string) =>
    withLock(lock(first))(() => withLock(lock(second))(() => TE.right(clock.now())))();
  const both = await virtualTime(clock)(Promise.all([inTurn("a", "b"), inTurn("b", "a")]));
  assertEquals(both.map((each) => each._tag === "Left" ? each.left._tag : each.right), ["TimedOut", 1_000]);
});

Deno.test("a batch that cannot have all of its locks by its deadline has none of them", async () => {
  const clock = virtualClock();
  const { lock, guard: _, ...locks } = localLocks({ clock });
  const [first, last] = [await mustTake(lock("a").tryAcquire), await mustTake(lock("c").tryAcquire)];
  const deadline = milliseconds(100);
  const batch = withAll({ lock }, ["a", "b", "c"], { deadline, clock })(() => TE.right("never"))();
  await clock.advance(60);
  right(await first.release());
  await clock.advance(39);
  assertEquals([await isFree(lock("a")), await isFree(lock("b"))], [false, false]);
  await clock.advance(1);
  assertEquals(left(await batch)._tag, "TimedOut");
  assertEquals([await isFree(lock("a")), await isFree(lock("b"))], [true, true]);
  right(await last.release());
  assertEquals(locks.size(), 0);
});

Deno.test("a body that throws or rejects releases all, and its failure is a value", async () => {
  const locks = localLocks();
  const bodies = [
    () => {
      throw new Error("at once");
    },
    () => () => Promise.reject(new Error("later")),
  ];
  for (const body of bodies) {
    assertEquals(left(await withAll(locks, ["a", "b"])(body)())._tag, "SourceFailed");
    assertEquals(left(await withLock(locks.lock("a"))(body)())._tag, "SourceFailed");
    assertEquals(locks.size(), 0);
  }
});

Deno.test("a body's result is kept when its lock was lost meanwhile, and the loss is told", async () => {
  const clock = virtualClock();
  const { lock } = leaseLocks({ port: memoryLeases({ clock }), clock, lease: "1s" });
  const told: string[] = [];
  const onUnreleased = ({ _tag }: { readonly _tag: string }): void => {
    told.push(_tag);
    throw new Error("a listener's own failure");
  };
  const slow = withLock(lock("a"), { onUnreleased })(({ lost }) => async () => {
    await sleep(clock, 2_000);
    return E.right(lost.aborted);
  });
  assertEquals([right(await virtualTime(clock)(slow())), told], [true, ["NotHeld"]]);
});
