import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { milliseconds } from "../../lib/duration.ts";
import { fileLocks, withAll, withLock } from "../../lib/lock/mod.ts";
import * as TE from "fp-ts/lib/TaskEither.js";
import { left, right } from "../support/results.ts";
import { lockContract, type Make } from "./contract.ts";
import { guardContract, type MakeGuards } from "./guard_contract.ts";
import { neverEmpty } from "./never_empty.ts";
import { inFolder } from "../support/folder.ts";
import { isFree, mustTake, realTime, startProcess } from "./support.ts";

function makeIn(folder: string): Make & MakeGuards {
  const directory = `${folder}/locks`;
  const crashes = async (what: string, name: string): Promise<void> => {
    const party = startProcess("file", what, folder, name);
    assertEquals(await party.said(), "held");
    await party.kill();
  };
  return (options) => {
    const [locks, others] = [fileLocks({ directory, ...options }), fileLocks({ directory, ...options })];
    const size = () => locks.size() + others.size();
    const crash = (name: string) => crashes("lock", name);
    return { locks, others, guards: locks, otherGuards: others, until: realTime, size, crash, crashIn: crashes };
  };
}

lockContract("file", (name, run) => Deno.test(name, () => inFolder((folder) => run(makeIn(folder)))), "crashes");
guardContract("file", (name, run) => Deno.test(name, () => inFolder((folder) => run(makeIn(folder)))), "crashes");

/** Two names of one file, and one of another. */
function namesOf(folder: string): readonly [string, string, string] {
  const locks = fileLocks({ directory: folder });
  const names = Array.from({ length: 2_000 }, (_, i) => `name ${i}`);
  const [first = ""] = names;
  const fileOf = (name: string) => locks.lock(name).name;
  const twin = names.find((each) => each !== first && fileOf(each) === fileOf(first)) ?? "";
  const other = names.find((each) => fileOf(each) !== fileOf(first)) ?? "";
  return [first, twin, other];
}

Deno.test("D16 a file lock is not free while another process has it, and is when that one was killed", () =>
  inFolder(async (folder) => {
    const { lock } = fileLocks({ directory: `${folder}/locks` });
    const party = startProcess("file", "lock", folder, "theirs");
    assertEquals(await party.said(), "held");
    assertEquals(await isFree(lock("theirs")), false);
    const waiting = lock("theirs").acquire()();
    await party.kill();
    right(await right(await waiting).release());
  }));

Deno.test("processes that count in one file under one lock lose no update", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/counter`, "0");
    const parties = [0, 1, 2].map(() => startProcess("file", "count", folder));
    for (const party of parties) assertEquals(await party.said(), "counted");
    for (const party of parties) await party.kill();
    assertEquals(await Deno.readTextFile(`${folder}/counter`), "150");
  }));

Deno.test("D20 D21 readers in other processes never see what is empty inside the write section", () =>
  inFolder((folder) => {
    const { guard } = fileLocks({ directory: `${folder}/locks` });
    return neverEmpty(folder, guard("resource"), (...args) => startProcess("file", ...args));
  }));

Deno.test("however many names there are, the lock files are of a fixed number", () =>
  inFolder(async (folder) => {
    const locks = fileLocks({ directory: folder });
    for (let i = 0; i < 3_000; i++) {
      right(await (await mustTake(locks.lock(`name ${i}`).tryAcquire)).release());
      right(await (await mustTake(locks.guard(`name ${i}`).read.tryAcquire)).release());
    }
    const files = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assertEquals([files.length, locks.size()], [3 * 256, 0]);
    for (const name of files) assertMatch(name, /^(lock|gate|room)-\d{3}$/);
  }));

Deno.test("two names of one file exclude each other, and a circle of them ends at its deadline", () =>
  inFolder(async (folder) => {
    const { lock, guard } = fileLocks({ directory: folder });
    const [first, twin, other] = namesOf(folder);
    assertEquals(lock(first).name, lock(twin).name);
    assertNotEquals(lock(first).name, lock(other).name);

    const nested = withLock(lock(first))(() => lock(twin).acquire({ deadline: milliseconds(30) }));
    assertEquals(left(await nested())._tag, "TimedOut");
    const held = await mustTake(lock(first).tryAcquire);
    assertEquals([await isFree(lock(twin)), await isFree(lock(other))], [false, true]);
    assertEquals(await isFree(guard(first).write), true, "A guard has other files");
    right(await held.release());
  }));

Deno.test("withAll takes two names of one file once", () =>
  inFolder(async (folder) => {
    const locks = fileLocks({ directory: folder });
    const names = namesOf(folder);
    const taken = right(await withAll(locks, names)((held) => TE.right(held.map(({ name }) => name)))());
    assertEquals(taken, [...new Set(names.map((name) => locks.lock(name).name))].sort());
    assertEquals(taken.length, 2);
  }));

Deno.test("where the directory cannot be made, every attempt says so", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    const { lock, guard, size } = fileLocks({ directory: `${folder}/file/locks` });
    for (const each of [lock("a"), guard("a").read, guard("a").write]) {
      const failed = [left(await each.acquire()()), left(await each.tryAcquire())];
      assertEquals(failed.map(({ _tag }) => _tag), ["BackendFailed", "BackendFailed"]);
    }
    assertEquals(size(), 0);
  }));
