/**
 * What the tests of the SQLite backend run in processes of their own: `sqlite_process.ts <what> <path>`. It says "ready"
 * once the file is open, starts when its input ends or says something, and prints what came of it as JSON.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import type { Operation, Reply } from "../../lib/protocol/slot.ts";
import { sqliteBackend } from "../../lib/backend/sqlite.ts";

type Ask = (slot: string, operation: Operation<Uint8Array>) => Promise<Reply<Uint8Array>>;

const [what = "", path = ""] = Deno.args;
const pause = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 3));

function asking(): Ask {
  const backend = sqliteBackend({ path });
  const call = { within: 10_000, lease: 30_000, level: "pinned" } as const;
  return async (slot, operation) => (await backend.run([{ slot, operation }], call)())[0]!;
}

/** Adds one, many times, by compare-and-swap: the mark of a refresh is the claim to a value that is there. */
async function count(ask: Ask): Promise<number> {
  const owner = crypto.randomUUID();
  let added = 0;
  while (added < 150) {
    const mine = await ask("counter", { _tag: "refresh", owner, which: "any" });
    if (mine._tag !== "Mine") {
      await pause();
      continue;
    }
    const before = mine.found === undefined ? 0 : new DataView(mine.found.payload.buffer).getUint32(0);
    if (added % 10 === 0) await pause();
    const payload = new Uint8Array(4);
    new DataView(payload.buffer).setUint32(0, before + 1);
    const stored = { payload, age: 0, fresh: Infinity, until: Infinity };
    const filled = await ask("counter", { _tag: "fill", owner, generation: mine.generation, stored });
    if (filled._tag === "Filled") added++;
  }
  return added;
}

/** Locks and unlocks, with pauses in which others do the same; returns how often each reply came. */
async function lock(ask: Ask): Promise<Record<string, number>> {
  const replies: Record<string, number> = {};
  for (let round = 0; round < 100; round++) {
    const token = crypto.randomUUID();
    const locked = await ask("lock", { _tag: "lock", token });
    await pause();
    const generation = locked._tag === "Locked" ? locked.generation : -1;
    const unlocked = await ask("lock", { _tag: "unlock", token, generation, written: undefined });
    for (const { _tag } of [locked, unlocked]) replies[_tag] = (replies[_tag] ?? 0) + 1;
  }
  return replies;
}

/** Writes until it is killed, with one lock held all along. */
async function write(ask: Ask): Promise<never> {
  await ask("crashed", { _tag: "lock", token: "lost with its process" });
  const stored = { payload: new Uint8Array(5_000), age: 0, fresh: Infinity, until: Infinity };
  for (let round = 0;; round++) {
    const mine = await ask(`slot ${round % 500}`, { _tag: "refresh", owner: "Ann", which: "any" });
    if (mine._tag !== "Mine") continue;
    await ask(`slot ${round % 500}`, { _tag: "fill", owner: "Ann", generation: mine.generation, stored });
    if (round === 200) console.log("writing");
  }
}

/** Fills until the file may not grow any more; returns how that was said, and what a look is answered then. */
async function fill(ask: Ask): Promise<ReadonlyArray<string>> {
  const stored = { payload: new Uint8Array(20_000), age: 0, fresh: Infinity, until: Infinity };
  for (let round = 0; round < 1_000; round++) {
    const slot = `slot ${round}`;
    const mine = await ask(slot, { _tag: "claim", owner: "Ann" });
    const last = mine._tag !== "Mine"
      ? mine
      : await ask(slot, { _tag: "fill", owner: "Ann", generation: mine.generation, stored });
    if (last._tag !== "Filled") return [last._tag, (await ask("slot 0", { _tag: "look" }))._tag];
  }
  return [];
}

/** Makes many files that others make at the same time, and locks a slot in each; returns the replies. */
async function open(): Promise<ReadonlyArray<string>> {
  const replies = new Set<string>();
  for (let index = 0; index < 30; index++) {
    await using backend = sqliteBackend({ path: `${path}-${index}` });
    const lock = { slot: "a", operation: { _tag: "lock", token: crypto.randomUUID() } } as const;
    const [reply] = await backend.run([lock], { within: 10_000, lease: 30_000, level: "pinned" })();
    replies.add(String(reply?._tag));
  }
  return [...replies];
}

async function started(): Promise<void> {
  console.log("ready");
  await Deno.stdin.read(new Uint8Array(1));
}

if (what === "hold") {
  const database = new DatabaseSync(path);
  database.exec("BEGIN EXCLUSIVE");
  await started();
  database.exec("COMMIT");
  database.close();
} else if (what === "read") {
  const database = new DatabaseSync(path);
  database.exec("BEGIN");
  database.prepare("SELECT count(*) FROM sqlite_schema").get();
  await started();
  // Longer than SQLite itself waits at opening.
  setTimeout(() => database.exec("COMMIT"), 700);
} else if (what === "open") {
  await started();
  console.log(JSON.stringify(await open()));
  Deno.exit();
} else {
  const ask = asking();
  await started();
  const does = what === "count" ? count : what === "lock" ? lock : what === "write" ? write : fill;
  console.log(JSON.stringify(await does(ask)));
  Deno.exit();
}
