import { assertEquals } from "@std/assert";
import * as E from "fp-ts/lib/Either.js";
import { guard, leaseLocks, memoryLeases, mutex, readResource } from "../../../lib/lock/mod.ts";
import { virtualClock } from "../../../lib/testing/virtual_clock.ts";
import { right } from "../../support/results.ts";
import { turn } from "../../support/turn.ts";

// A file, or something else of one's own, is made by one at a time; the lock may be in the process, a file, or a lease.
Deno.test("a report is made by one of two processes, by a lease that both can see; the other one finds it made", async () => {
  const clock = virtualClock();
  const port = memoryLeases({ clock });
  let report: string | undefined;
  let made = 0;
  const reportOf = async (): Promise<string> => {
    const lock = leaseLocks({ port, lease: "10s", clock }).lock("report");
    const held = right(await lock.acquire()());
    if (report === undefined) {
      await new Promise<void>((resolve) => void clock.after(500, resolve));
      report = `report ${++made}`;
    }
    right(await held.release());
    return report;
  };
  const both = Promise.all([reportOf(), reportOf()]);
  await clock.advance(5_000);
  assertEquals([await both, made], [["report 1", "report 1"], 1]);
});

// The file is emptied, and filled two seconds later; readers wait while that is so, and only then.
Deno.test("readers never see a resource that is emptied for two seconds inside the write section", async () => {
  const clock = virtualClock();
  const sleep = (length: number) => new Promise<void>((resolve) => void clock.after(length, resolve));
  let rows: ReadonlyArray<string> = ["old"];
  let expired = true;
  const locks = { creating: mutex({ clock }), guard: guard({ clock }) };
  const seen: Array<number> = [];
  const read = readResource(locks, {
    condition: () => Promise.resolve(expired ? "expired" : "fresh"),
    make: () => sleep(1_000).then(() => E.right(["new"])),
    replace: (fresh: ReadonlyArray<string>) => async () => {
      rows = [];
      await sleep(2_000);
      rows = fresh;
      expired = false;
      return E.right(undefined);
    },
  });
  const readers = Array.from({ length: 8 }, async (_, i) => {
    await sleep(i * 400);
    right(await read(() => Promise.resolve(E.right(seen.push(rows.length))))());
  });
  await clock.advance(10_000);
  await Promise.all(readers);
  await turn();
  assertEquals([seen.length, seen.filter((rows) => rows === 0).length, rows], [8, 0, ["new"]]);
});
