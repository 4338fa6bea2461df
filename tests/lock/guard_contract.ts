/**
 * What every reader/writer guard keeps, wherever it is kept.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { milliseconds } from "../../lib/duration.ts";
import type { Guards, LockOptions } from "../../lib/lock/mod.ts";
import { withoutRejections } from "../support/rejections.ts";
import { left, right } from "../support/results.ts";
import { isFree, mustTake, type Until } from "./support.ts";

/** Guards under test. */
export interface GuardSubject {
  readonly guards: Guards;
  /** The same guards as another party has them. */
  readonly otherGuards: Guards;
  readonly until: Until;
  readonly size: () => number;
  /** Lets a third party take one side of a guard and crash; afterwards it has to become free. */
  readonly crashIn?: (side: "read" | "write", name: string) => Promise<void>;
}

/** Makes guards for one test. */
export type MakeGuards = (options?: LockOptions) => GuardSubject | Promise<GuardSubject>;

/** Registers a test that makes its guards by `make`. */
export type RegisterGuards = (name: string, run: (make: MakeGuards) => Promise<void>) => void;

/** Registers the contract's tests for one kind of guards, and whether there can be a holder that crashes. */
export function guardContract(kind: string, register: RegisterGuards, crashes: "crashes" | "lives"): void {
  const guardTest: RegisterGuards = (name, run) => register(name, (make) => withoutRejections(() => run(make)));

  guardTest(`D20 D21 ${kind}: readers run together, and a writer alone`, async (make) => {
    const { guards, otherGuards, size } = await make();
    const [mine, other] = [guards.guard("a"), otherGuards.guard("a")];
    const readers = [await mustTake(mine.read.tryAcquire), right(await other.read.acquire()())];
    assertEquals([await isFree(mine.read), await isFree(other.write)], [true, false]);
    for (const each of readers) right(await each.release());
    const writer = right(await other.write.acquire()());
    const free = [await isFree(mine.read), await isFree(mine.write), await isFree(guards.guard("b").write)];
    assertEquals(free, [false, false, true]);
    right(await writer.release());
    assertEquals([await isFree(mine.read), await isFree(other.write), size()], [true, true, 0]);
  });

  guardTest(
    `D20 D21 ${kind}: a writer waits for readers to leave, and new readers wait for the writer`,
    async (make) => {
      const { guards, otherGuards, until, size } = await make();
      const [mine, other] = [guards.guard("a"), otherGuards.guard("a")];
      const order: string[] = [];
      const reader = await mustTake(mine.read.tryAcquire);
      const writing = other.write.acquire()();
      writing.then(() => order.push("writer"));
      await until(notFree(mine.read));
      const reading = [mine.read.acquire()(), other.read.acquire()()];
      for (const each of reading) each.then(() => order.push("reader"));
      assertEquals([await isFree(mine.write), order], [false, []]);

      right(await reader.release());
      const writer = right(await until(writing));
      assertEquals([await isFree(mine.read), order], [false, ["writer"]]);
      right(await writer.release());
      for (const each of await until(Promise.all(reading))) right(await right(each).release());
      assertEquals([order, size()], [["writer", "reader", "reader"], 0]);
    },
  );

  guardTest(`D20 D21 ${kind}: readers come in beside others when a writer gives up`, async (make) => {
    const { guards, otherGuards, until } = await make();
    const [mine, other] = [guards.guard("a"), otherGuards.guard("a")];
    const reader = await mustTake(mine.read.tryAcquire);
    const writing = other.write.acquire({ deadline: milliseconds(50) })();
    const reading = mine.read.acquire()();
    assertEquals(left(await until(writing))._tag, "TimedOut");
    const second = right(await until(reading));
    for (const each of [reader, second]) right(await each.release());
    assertEquals(await isFree(other.write), true);
  });

  guardTest(`D20 D21 ${kind}: readers who follow each other without a gap do not keep a writer out`, async (make) => {
    const { guards, otherGuards, until } = await make();
    const { read } = guards.guard("a");
    let written = false;
    const readOn = async (): Promise<void> => {
      let held = right(await read.acquire()());
      while (!written) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        // The next one asks before this one leaves.
        const next = read.acquire()();
        right(await held.release());
        held = right(await next);
      }
      right(await held.release());
    };
    const readers = Promise.all([readOn(), readOn(), readOn()]);
    const writer = right(await until(otherGuards.guard("a").write.acquire()()));
    written = true;
    right(await writer.release());
    await until(readers);
  });

  if (crashes === "lives") return;
  guardTest(`D20 D21 ${kind}: a guard becomes free when who is inside crashes`, async (make) => {
    const { guards, until, crashIn } = await make();
    for (const side of ["read", "write"] as const) {
      await crashIn!(side, "a");
      right(await right(await until(guards.guard("a").write.acquire()())).release());
      right(await right(await until(guards.guard("a").read.acquire()())).release());
    }
  });
}

/** Resolves when a lock could not be taken. */
async function notFree(lock: Parameters<typeof isFree>[0]): Promise<void> {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    if (!await isFree(lock)) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert(false, "expected the writer to keep readers out");
}
