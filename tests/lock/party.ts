/**
 * What the tests of locks run in processes and workers of their own: `party.ts <kind> <what> <folder> <name>`, or the
 * same as a worker's first message. It says what it has done.
 *
 * @module
 */
import type { Guards, Locker } from "../../lib/lock/mod.ts";
import { fileLocks, workerLocks } from "../../lib/lock/mod.ts";
import { right } from "../support/results.ts";

type Say = (text: string) => void;

const pause = () => new Promise((resolve) => setTimeout(resolve, 1));

function locksOf(kind: string, folder: string): Locker & Guards {
  return kind === "worker" ? workerLocks() : fileLocks({ directory: `${folder}/locks` });
}

/** Takes something and never lets go. */
async function hold(locks: Locker & Guards, what: string, name: string, say: Say): Promise<void> {
  const guard = locks.guard(name);
  right(await (what === "write" ? guard.write : what === "read" ? guard.read : locks.lock(name)).acquire()());
  say("held");
  await new Promise(() => setInterval(() => {}, 60_000));
}

/** Adds one to the number in a file, many times, each time in two steps. */
async function count(locks: Locker & Guards, folder: string, say: Say): Promise<void> {
  const lock = locks.lock("counter");
  for (let round = 0; round < 50; round++) {
    const held = right(await lock.acquire()());
    const before = Number(await Deno.readTextFile(`${folder}/counter`));
    await pause();
    await Deno.writeTextFile(`${folder}/counter`, String(before + 1));
    right(await held.release());
  }
  say("counted");
}

/** Reads the resource for as long as it is there, under its guard or without, and says in a file how far it is. */
async function read(locks: Guards | undefined, folder: string, name: string, say: Say): Promise<void> {
  const guard = locks?.guard("resource");
  let [reads, empty] = [0, 0];
  const status = (text: string) => Deno.writeTextFileSync(`${folder}/status-${name}`, `${text} ${reads} ${empty}`);
  say("ready");
  for (;;) {
    status("waiting");
    const held = guard === undefined ? undefined : right(await guard.read.acquire()());
    const text = await Deno.readTextFile(`${folder}/resource`);
    await pause();
    if (text === "end") break;
    reads++;
    if (text === "") empty++;
    status("read");
    if (held !== undefined) right(await held.release());
  }
  say(JSON.stringify({ reads, empty }));
}

async function run([kind = "", what = "", folder = "", name = ""]: ReadonlyArray<string>, say: Say): Promise<void> {
  const locks = locksOf(kind, folder);
  if (what === "count") await count(locks, folder, say);
  else if (what === "guarded" || what === "unguarded") {
    await read(what === "guarded" ? locks : undefined, folder, name, say);
  } else await hold(locks, what, name, say);
}

// Type-checked with the tests, which are no worker and know no function of that name.
const post: unknown = Reflect.get(globalThis, "postMessage");

if (typeof post !== "function") await run(Deno.args, console.log);
else {
  addEventListener("message", (event) => {
    if (event instanceof MessageEvent) void run(event.data, (text) => post(text));
  });
}
