import { assertEquals } from "@std/assert";
import { workerLocks } from "../../lib/lock/mod.ts";
import { right } from "../support/results.ts";
import { lockContract, type Make } from "./contract.ts";
import { guardContract, type MakeGuards } from "./guard_contract.ts";
import { neverEmpty } from "./never_empty.ts";
import { inFolder } from "../support/folder.ts";
import { mustTake, type Party, realTime, startWorker } from "./support.ts";

const make: Make & MakeGuards = (options) => {
  const [locks, others] = [workerLocks(options), workerLocks(options)];
  const size = () => locks.size() + others.size();
  const crash = (name: string) => crashes("lock", name);
  return { locks, others, guards: locks, otherGuards: others, until: realTime, size, crash, crashIn: crashes };
};

async function crashes(what: string, name: string): Promise<void> {
  const party = startWorker("worker", what, "", name);
  assertEquals(await party.said(), "held");
  await party.kill();
}

lockContract("across workers", (name, run) => Deno.test(name, () => run(make)), "crashes");
guardContract("across workers", (name, run) => Deno.test(name, () => run(make)), "crashes");

Deno.test("D16 a lock across workers is not free while another worker has it", async () => {
  const { lock } = workerLocks();
  const party = startWorker("worker", "lock", "", "theirs");
  assertEquals(await party.said(), "held");
  assertEquals(right(await lock("theirs").tryAcquire())._tag, "None");
  const waiting = lock("theirs").acquire()();
  await party.kill();
  right(await right(await waiting).release());
});

Deno.test("workers that count in one file under one lock lose no update", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/counter`, "0");
    const parties: ReadonlyArray<Party> = [0, 1, 2].map(() => startWorker("worker", "count", folder));
    for (const party of parties) assertEquals(await party.said(), "counted");
    for (const party of parties) await party.kill();
    assertEquals(await Deno.readTextFile(`${folder}/counter`), "150");
  }));

Deno.test("D20 D21 readers in other workers never see what is empty inside the write section", () =>
  inFolder((folder) =>
    neverEmpty(folder, workerLocks().guard("resource"), (...args) => startWorker("worker", ...args))
  ));

Deno.test("a worker lock that was lost to somebody who stole it says so when it is released", async () => {
  const stolen = Promise.withResolvers<never>();
  const request = (_: string, __: unknown, callback: (lock: unknown) => unknown) => {
    callback({});
    return stolen.promise;
  };
  const held = await mustTake(workerLocks({ manager: { request } }).lock("a").tryAcquire);
  stolen.reject(new DOMException("stolen", "AbortError"));
  const released = await held.release();
  assertEquals(released._tag === "Left" && released.left._tag, "NotHeld");
});
