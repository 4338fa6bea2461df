import { assertEquals } from "@std/assert";
import { milliseconds } from "../../lib/duration.ts";
import { guard, localLocks, mutex, workerLocks } from "../../lib/lock/mod.ts";
import { virtualClock } from "../../lib/testing/virtual_clock.ts";
import { left, right } from "../support/results.ts";
import { lockContract, type Make } from "./contract.ts";
import { guardContract, type MakeGuards } from "./guard_contract.ts";
import { isFree, mustTake, virtualTime } from "./support.ts";

const make: Make & MakeGuards = (options = {}) => {
  const clock = virtualClock();
  const locks = localLocks({ clock, ...options });
  return { locks, others: locks, guards: locks, otherGuards: locks, until: virtualTime(clock), size: locks.size };
};

lockContract("in-process", (name, run) => Deno.test(name, () => run(make)), "lives");
guardContract("in-process", (name, run) => Deno.test(name, () => run(make)), "lives");

Deno.test("a mutex and a guard without names leave no timer behind", async () => {
  const clock = virtualClock();
  const [lock, { read, write }] = [mutex({ clock }), guard({ clock })];
  const held = [await mustTake(lock.tryAcquire), await mustTake(read.tryAcquire)];
  const controller = new AbortController();
  const waits = [lock, write].flatMap((each) => [
    each.acquire()(),
    each.acquire({ deadline: milliseconds(10) })(),
    each.acquire({ signal: controller.signal })(),
  ]);
  await clock.advance(10);
  controller.abort();
  for (const each of held) right(await each.release());
  const results = await Promise.all(waits);
  const ends = results.map((each) => each._tag === "Left" ? each.left._tag : "held");
  assertEquals(ends, ["held", "TimedOut", "Cancelled", "held", "TimedOut", "Cancelled"]);
  assertEquals(clock.pending(), 0);
});

Deno.test("D17 a mutex that is held is not waited for by tryAcquire, and is let go of once", async () => {
  const lock = mutex({ clock: virtualClock() });
  const held = await mustTake(lock.tryAcquire);
  // Nobody moves the clock, and nobody lets go, before this is answered.
  assertEquals(await isFree(lock), false);
  right(await held.release());
  assertEquals(left(await held.release())._tag, "NotHeld");
  assertEquals(await isFree(lock), true);
});

Deno.test("a lock's own bound holds where a caller asks for more", async () => {
  const clock = virtualClock();
  const lock = mutex({ within: "20ms", clock });
  await mustTake(lock.tryAcquire);
  const waiting = lock.acquire({ deadline: milliseconds(1_000) })();
  await clock.advance(20);
  assertEquals(left(await waiting), { _tag: "TimedOut", waitingFor: "the lock mutex" });
});

Deno.test("with no time at all a free lock is taken, and a held one is late", async () => {
  const lock = mutex({ clock: virtualClock() });
  const held = right(await lock.acquire({ deadline: milliseconds(0) })());
  assertEquals(left(await lock.acquire({ deadline: milliseconds(0) })())._tag, "TimedOut");
  right(await held.release());
  assertEquals(await isFree(lock), true);
});

Deno.test("D19 a million distinct names leave nothing behind", async () => {
  const locks = localLocks();
  const { tryAcquire } = locks.lock("in use");
  const held = await mustTake(tryAcquire);
  for (let i = 0; i < 1_000_000; i++) {
    const taken = await locks.lock(`key ${i}`).tryAcquire();
    if (taken._tag === "Right" && taken.right._tag === "Some") await taken.right.value.release();
    if (i % 100_000 === 0) assertEquals(locks.size(), 1);
  }
  right(await held.release());
  assertEquals(locks.size(), 0);
});

Deno.test("where the platform has no locks of workers, every attempt says so", async () => {
  const request = () => Promise.reject(new TypeError("not here"));
  const lock = workerLocks({ manager: { request } }).lock("a");
  for (const failed of [left(await lock.acquire()()), left(await lock.tryAcquire())]) {
    assertEquals(failed, { _tag: "BackendFailed", backend: "navigator.locks", reason: "TypeError: not here" });
  }
});
