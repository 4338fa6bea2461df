/**
 * What every lock keeps, wherever it is kept.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import * as E from "fp-ts/lib/Either.js";
import { milliseconds } from "../../lib/duration.ts";
import { type Locker, type LockOptions, withAll, withLock } from "../../lib/lock/mod.ts";
import { withoutRejections } from "../support/rejections.ts";
import { left, right } from "../support/results.ts";
import { isFree, mustTake, type Until } from "./support.ts";

/** Locks under test. */
export interface Subject {
  readonly locks: Locker;
  /** The same locks as another party has them: another connection, another opener of the files. */
  readonly others: Locker;
  readonly until: Until;
  /** How many names are in use by both parties. */
  readonly size: () => number;
  /** Lets a third party take a lock and crash; afterwards it has to become free. None where there is no third party. */
  readonly crash?: (name: string) => Promise<void>;
}

/** Makes locks for one test. */
export type Make = (options?: LockOptions) => Subject | Promise<Subject>;

/** Registers a test that makes its locks by `make`. */
export type Register = (name: string, run: (make: Make) => Promise<void>) => void;

/** Registers the contract's tests for one kind of locks, and whether there can be a holder that crashes. */
export function lockContract(kind: string, register: Register, crashes: "crashes" | "lives"): void {
  const lockTest: Register = (name, run) => register(name, (make) => withoutRejections(() => run(make)));

  lockTest(`D16 D17 ${kind}: tryAcquire takes a free lock, and leaves a held one without waiting`, async (make) => {
    const { locks, others, size } = await make();
    const held = await mustTake(locks.lock("a").tryAcquire);
    // Nobody lets go before these are answered, so they do not wait for it.
    assertEquals([await isFree(locks.lock("a")), await isFree(others.lock("a"))], [false, false]);
    assertEquals(await isFree(locks.lock("b")), true);
    right(await held.release());
    assertEquals([await isFree(others.lock("a")), size()], [true, 0]);
  });

  lockTest(`D17 D16 ${kind}: releasing what one does not hold is an error value, and harms no holder`, async (make) => {
    const { locks, others } = await make();
    const first = await mustTake(locks.lock("a").tryAcquire);
    right(await first.release());
    const second = await mustTake(others.lock("a").tryAcquire);
    assertEquals(left(await first.release()), { _tag: "NotHeld", lock: first.name, reason: "released" });
    assertEquals(await isFree(locks.lock("a")), false);
    right(await second.release());
    assertEquals([first.lost.aborted, second.lost.aborted], [false, false]);
  });

  lockTest(`D16 ${kind}: those who wait get the lock one after the other, in their order`, async (make) => {
    const { locks, until, size } = await make();
    const held = await mustTake(locks.lock("a").tryAcquire);
    const order: number[] = [];
    const waiting = [1, 2, 3].map((each) =>
      withLock(locks.lock("a"))(() => async () => {
        order.push(each);
        await Promise.resolve();
        return E.right(order.push(each));
      })()
    );
    right(await held.release());
    for (const each of await until(Promise.all(waiting))) right(each);
    assertEquals([order, size()], [[1, 1, 2, 2, 3, 3], 0]);
  });

  lockTest(`D16 ${kind}: two parties never hold one lock at once`, async (make) => {
    const { locks, others, until } = await make();
    let [inside, most, runs] = [0, 0, 0];
    const body = () => async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 0));
      inside--;
      return E.right(++runs);
    };
    const all = Array.from({ length: 20 }, (_, i) => withLock((i % 2 === 0 ? locks : others).lock("a"))(body)());
    for (const each of await until(Promise.all(all))) right(each);
    assertEquals([most, runs], [1, 20]);
  });

  lockTest(`D16 ${kind}: a wait ends at its deadline, and leaves nothing behind`, async (make) => {
    const { locks, others, until, size } = await make();
    const held = await mustTake(locks.lock("a").tryAcquire);
    const waits = [locks, others].map((each) => each.lock("a").acquire({ deadline: milliseconds(20) })());
    for (const each of await until(Promise.all(waits))) assertEquals(left(each)._tag, "TimedOut");
    right(await held.release());
    assertEquals([await isFree(locks.lock("a")), await isFree(others.lock("a")), size()], [true, true, 0]);
  });

  lockTest(`D16 ${kind}: a signal ends a wait, or keeps it from beginning`, async (make) => {
    const { locks, others, until, size } = await make();
    const early = await locks.lock("a").acquire({ signal: AbortSignal.abort() })();
    assertEquals(left(early), { _tag: "Cancelled" });
    const held = await mustTake(locks.lock("a").tryAcquire);
    const controller = new AbortController();
    const waits = [locks, others].map((each) => each.lock("a").acquire({ signal: controller.signal })());
    controller.abort();
    for (const each of await until(Promise.all(waits))) assertEquals(left(each), { _tag: "Cancelled" });
    right(await held.release());
    assertEquals([await isFree(locks.lock("a")), await isFree(others.lock("a")), size()], [true, true, 0]);
  });

  lockTest(`D16 ${kind}: one more than the queue holds is refused at once`, async (make) => {
    const { locks, until } = await make({ maxWaiting: 1 });
    const held = await mustTake(locks.lock("a").tryAcquire);
    const waiting = locks.lock("a").acquire()();
    const refused = left(await locks.lock("a").acquire()());
    assert(refused._tag === "Full");
    assertEquals(refused.limit, 1);
    right(await held.release());
    right(await right(await until(waiting)).release());
  });

  lockTest(`D16 ${kind}: await using releases at the end of the block`, async (make) => {
    const { locks, others } = await make();
    {
      await using held = right(await locks.lock("a").acquire()());
      assertEquals([held.lost.aborted, await isFree(others.lock("a"))], [false, false]);
    }
    assertEquals(await isFree(others.lock("a")), true);
  });

  lockTest(`D16 ${kind}: batches of two parties in opposite order all end`, async (make) => {
    const { locks, others, until, size } = await make();
    const batch = (locker: Locker, ...names: ReadonlyArray<string>) =>
      withAll(locker, names)(() => () => Promise.resolve(E.right(names.length)))();
    const all = Array.from({ length: 6 }, () => [batch(locks, "a", "b", "c"), batch(others, "c", "b", "a")]).flat();
    assertEquals((await until(Promise.all(all))).map(right), new Array(12).fill(3));
    assertEquals(size(), 0);
  });

  if (crashes === "lives") return;
  lockTest(`D16 ${kind}: a lock whose holder crashed becomes free`, async (make) => {
    const { locks, until, crash } = await make();
    await crash!("a");
    right(await right(await until(locks.lock("a").acquire()())).release());
  });
}
