import { assert, assertEquals } from "@std/assert";
import { leaseLocks, type LeaseLocksOptions, type LeasePort, lockName, memoryLeases } from "../../lib/lock/mod.ts";
import { milliseconds } from "../../lib/duration.ts";
import { type VirtualClock, virtualClock } from "../../lib/testing/virtual_clock.ts";
import { withoutRejections } from "../support/rejections.ts";
import { left, right } from "../support/results.ts";
import { lockContract, type Make } from "./contract.ts";
import { isFree, mustTake, virtualTime } from "./support.ts";

const make: Make = (options) => {
  const clock = virtualClock();
  const port = memoryLeases({ clock });
  const [locks, others] = [1, 2].map(() => leaseLocks({ port, clock, ...options }));
  const crash = async (name: string): Promise<void> => {
    right(await port.acquire(right(lockName(name)), "crashed", 10_000)());
    assertEquals(await isFree(locks!.lock(name)), false);
  };
  const size = () => locks!.size() + others!.size();
  return { locks: locks!, others: others!, until: virtualTime(clock), size, crash };
};

lockContract("lease", (name, run) => Deno.test(name, () => run(make)), "crashes");

/** What a lease of 10 s is ours for, if its grant takes no time: less a hundredth and 2 ms. */
const certain = 9_898;

interface World {
  readonly clock: VirtualClock;
  readonly port: LeasePort;
  readonly locks: (options?: Partial<LeaseLocksOptions>) => ReturnType<typeof leaseLocks>;
}

function leaseTest(name: string, run: (world: World) => Promise<void>): void {
  Deno.test(name, () =>
    withoutRejections(async () => {
      const clock = virtualClock();
      const port = memoryLeases({ clock });
      await run({ clock, port, locks: (options) => leaseLocks({ port, clock, lease: "10s", ...options }) });
      assertEquals(clock.pending(), 0, "timers were left behind");
    }));
}

leaseTest(
  "D16 a lease ends, its holder hears it, and releasing it then harms no later holder",
  async ({ clock, locks }) => {
    const [mine, theirs] = [locks().lock("a"), locks().lock("a")];
    const first = await mustTake(mine.tryAcquire);
    assertEquals([first.left(), first.lost.aborted], [milliseconds(certain), false]);
    await clock.advance(certain);
    assertEquals([first.left(), first.lost.aborted, await isFree(theirs)], [milliseconds(0), true, false]);
    await clock.advance(10_000 - certain);
    const second = await mustTake(theirs.tryAcquire);
    assert(second.fence > first.fence);
    assertEquals(left(await first.release()), { _tag: "NotHeld", lock: "a", reason: "lost" });
    assertEquals([await isFree(mine), second.lost.aborted], [false, false]);
    right(await second.release());
    assertEquals(await isFree(mine), true);
  },
);

leaseTest("D16 a lease is renewed by its owner, for a whole lease from then on", async ({ clock, locks }) => {
  const held = await mustTake(locks().lock("a").tryAcquire);
  for (let round = 0; round < 5; round++) {
    await clock.advance(9_000);
    right(await held.renew());
    assertEquals([held.left(), await isFree(locks().lock("a"))], [milliseconds(certain), false]);
  }
  right(await held.release());
  assertEquals(left(await held.renew()), { _tag: "NotHeld", lock: "a", reason: "released" });
  assertEquals(await isFree(locks().lock("a")), true);
});

leaseTest("D16 a lease renews itself for as long as was said, and then runs out", async ({ clock, locks }) => {
  const held = await mustTake(locks({ renewFor: "1m" }).lock("a").tryAcquire);
  await clock.advance(59_000);
  assertEquals([held.lost.aborted, await isFree(locks().lock("a"))], [false, false]);
  await clock.advance(11_000);
  assertEquals([held.lost.aborted, await isFree(locks().lock("a"))], [true, true]);
});

leaseTest("D16 only the owner's token renews or releases", async ({ port, locks }) => {
  const held = await mustTake(locks().lock("a").tryAcquire);
  const place = right(lockName("a"));
  assertEquals(right(await port.release(place, "another")()), false);
  assertEquals(right(await port.renew(place, "another", 10_000)()), false);
  assertEquals(await isFree(locks().lock("a")), false);
  right(await held.release());
});

leaseTest("who waits in the process of a lost lease goes on", async ({ clock, locks }) => {
  const { lock, size } = locks();
  const lost = await mustTake(lock("a").tryAcquire);
  const waiting = lock("a").acquire()();
  await clock.advance(10_100);
  const next = right(await waiting);
  assertEquals([lost.lost.aborted, next.lost.aborted, size()], [true, false, 1]);
  right(await next.release());
  assertEquals(size(), 0);
});

leaseTest("a renewal that finds the lease gone says so, and its holder hears it", async ({ port, locks }) => {
  const asked: string[] = [];
  const watched: LeasePort = {
    ...port,
    acquire: (place, token, ms) => (asked.push(token), port.acquire(place, token, ms)),
  };
  const held = await mustTake(locks({ port: watched }).lock("a").tryAcquire);
  right(await port.release(right(lockName("a")), asked[0]!)());
  assertEquals(left(await held.renew()), { _tag: "NotHeld", lock: "a", reason: "lost" });
  assertEquals(held.lost.aborted, true);
});

leaseTest("a lease counts from when it was asked for", async ({ clock, port, locks }) => {
  const slow: LeasePort = {
    ...port,
    acquire: (...args) => async () => {
      const granted = await port.acquire(...args)();
      await new Promise<void>((resolve) => clock.after(3_000, resolve));
      return granted;
    },
  };
  const taking = mustTake(locks({ port: slow }).lock("a").tryAcquire);
  await clock.advance(3_000);
  const held = await taking;
  assertEquals(held.left(), milliseconds(certain - 3_000));
  right(await held.release());
});

leaseTest("what was granted too late, or after its caller gave up, is given back", async ({ clock, port, locks }) => {
  const releases: string[] = [];
  const slow: LeasePort = {
    ...port,
    acquire: (...args) => async () => {
      const granted = await port.acquire(...args)();
      await new Promise<void>((resolve) => clock.after(9_950, resolve));
      return granted;
    },
    release: (place, token) => (releases.push(token), port.release(place, token)),
  };
  const late = locks({ port: slow }).lock("a").tryAcquire();
  await clock.advance(9_950);
  assertEquals(left(await late)._tag, "BackendFailed");
  assertEquals([releases.length, await isFree(locks().lock("a"))], [1, true]);

  const controller = new AbortController();
  const given = locks({ port: slow }).lock("b").acquire({ signal: controller.signal })();
  await clock.advance(1);
  controller.abort();
  await clock.advance(0);
  assertEquals([left(await given)._tag, releases.length], ["Cancelled", 2]);
  assertEquals(await isFree(locks().lock("b")), true);
  await clock.advance(10_000);
});

leaseTest("a port that never answers holds nobody up past a deadline, and what it did is undone", async (world) => {
  const { clock, port, locks } = world;
  const never = () => new Promise<never>(() => {});
  const applied: LeasePort = { ...port, acquire: (...args) => () => port.acquire(...args)().then(never) };
  const { lock, size } = locks({ port: applied });
  const acquiring = lock("a").acquire({ deadline: milliseconds(500) })();
  const trying = lock("b").tryAcquire();
  await clock.advance(500);
  assertEquals(left(await acquiring)._tag, "TimedOut");
  assertEquals(await isFree(locks().lock("a")), true);
  await clock.advance(9_500);
  assertEquals(left(await trying)._tag, "TimedOut");
  assertEquals([await isFree(locks().lock("b")), size()], [true, 0]);
});

leaseTest(
  "while renewals are not answered a lease is ours to its end, and no longer",
  async ({ clock, port, locks }) => {
    let broken = true;
    const flaky: LeasePort = {
      ...port,
      renew: (...args) => broken ? () => Promise.reject(new Error("cut off")) : port.renew(...args),
    };
    const lock = locks({ port: flaky, renewFor: "1h" }).lock("a");
    const survivor = await mustTake(lock.tryAcquire);
    assertEquals(left(await survivor.renew())._tag, "BackendFailed");
    await clock.advance(6_000);
    broken = false;
    await clock.advance(20_000);
    assertEquals(survivor.lost.aborted, false);
    broken = true;
    await clock.advance(9_900);
    assertEquals(survivor.lost.aborted, true);
  },
);

leaseTest("a release without an answer is an error, and ends with the lease", async ({ clock, port, locks }) => {
  const mute: LeasePort = { ...port, release: () => () => new Promise<never>(() => {}) };
  const { lock, size } = locks({ port: mute });
  const held = await mustTake(lock("a").tryAcquire);
  const releasing = held.release();
  await clock.advance(10_000);
  assertEquals(left(await releasing)._tag, "TimedOut");
  assertEquals([size(), await isFree(locks().lock("a"))], [0, true]);
});

leaseTest("leases in memory are bounded, and those that ended make room", async ({ clock }) => {
  const port = memoryLeases({ clock, maxLeases: 2 });
  for (const name of ["a", "b"]) assertEquals(right(await port.acquire(name, "mine", 100)())._tag, "Some");
  assertEquals(left(await port.acquire("c", "mine", 100)())._tag, "BackendFailed");
  assertEquals(right(await port.renew("b", "mine", 200)()), true);
  await clock.advance(100);
  assertEquals(right(await port.acquire("c", "mine", 100)())._tag, "Some");
  assertEquals([right(await port.release("a", "mine")()), right(await port.release("b", "mine")())], [false, true]);
});
