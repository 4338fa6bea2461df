import { redisCounters, redisQueue } from "../../lib/backend/redis/mod.ts";
import { type CountersPort, memoryCounters, memoryQueue, type QueuePort } from "../../lib/aggregate/mod.ts";
import { sqliteCounters, sqliteQueue } from "../../lib/entry/sqlite.ts";
import { lockFlags } from "../../lib/task/stand_in.ts";
import { redisTest } from "../servers/redis.ts";
import { inFolder } from "../support/folder.ts";

/** Where a process finds what it shares with others. */
export type Place =
  | { readonly kind: "redis"; readonly url: string; readonly namespace: string }
  | { readonly kind: "sqlite"; readonly path: string };

/** Connects to counters that processes share. */
export function openCounters(place: Place): CountersPort {
  return place.kind === "redis" ? redisCounters(place) : sqliteCounters(place);
}

/** Connects to a queue that processes share. */
export function openQueue(place: Place): QueuePort {
  return place.kind === "redis" ? redisQueue(place) : sqliteQueue(place);
}

/** Registers a test for each place that processes can share. */
export function sharedTest(name: string, run: (place: Place, folder: string) => Promise<void>): void {
  redisTest(
    `${name}, on Redis`,
    (redis) => inFolder((folder) => run({ kind: "redis", url: redis.url, namespace: redis.prefix }, folder)),
  );
  Deno.test(`${name}, in SQLite`, () =>
    inFolder((folder) => run({ kind: "sqlite", path: `${folder}/aggregate.sqlite` }, folder)));
}

/** Registers a test for each port of counters. */
export function countersTest(name: string, run: (port: CountersPort) => Promise<void>): void {
  Deno.test(`${name}, in memory`, () => run(memoryCounters()));
  sharedTest(name, async (place) => {
    await using port = openCounters(place);
    await run(port);
  });
}

/** Registers a test for each port of a write-behind. */
export function queueTest(name: string, run: (port: QueuePort) => Promise<void>): void {
  Deno.test(`${name}, in memory`, () => run(memoryQueue()));
  sharedTest(name, async (place) => {
    await using port = openQueue(place);
    await run(port);
  });
}

/** A process that does one of the things in worker.ts. */
export interface Worker {
  /** What it says next. */
  readonly said: () => Promise<string>;
  /** Lets it go on from where it waits. */
  readonly go: () => Promise<void>;
  /** Ends it without a chance to finish anything, as a crash does. */
  readonly kill: () => Promise<void>;
  /** Waits for its own end. */
  readonly end: () => Promise<void>;
}

const script = decodeURIComponent(new URL("worker.ts", import.meta.url).pathname);

/** Starts worker.ts as a process. */
export function startWorker(what: string, ...args: ReadonlyArray<unknown>): Worker {
  const lock = lockFlags();
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-check", "--allow-all", ...(lock.length === 0 ? ["--no-lock"] : lock), script, what],
      ...args.map((arg) => JSON.stringify(arg)),
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const writer = process.stdin.getWriter();
  let text = "";
  const end = async (): Promise<void> => {
    await writer.close().catch(() => {});
    await process.status;
    await reader.cancel();
  };
  return {
    said: async () => {
      while (!text.includes("\n")) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`The process ended: received ${JSON.stringify(text)}`);
        text += value;
      }
      const [first = "", ...rest] = text.split("\n");
      text = rest.join("\n");
      return first;
    },
    go: () => writer.write(new Uint8Array([10])),
    kill: async () => {
      process.kill("SIGKILL");
      await end();
    },
    end,
  };
}

/** Starts as many workers, lets them go together, and answers with what each says when it has finished. */
export async function together(
  count: number,
  what: string,
  argumentsOf: (index: number) => ReadonlyArray<unknown>,
  meanwhile: (isOver: () => boolean) => Promise<void> = () => Promise.resolve(),
): Promise<ReadonlyArray<unknown>> {
  const workers = Array.from({ length: count }, (_, index) => startWorker(what, ...argumentsOf(index)));
  for (const worker of workers) if (await worker.said() !== "ready") throw new Error("The process did not start");
  let over = false;
  await Promise.all(workers.map(({ go }) => go()));
  const saying = Promise.all(workers.map(({ said }) => said())).finally(() => over = true);
  await meanwhile(() => over);
  const said = await saying;
  await Promise.all(workers.map(({ end }) => end()));
  return said.map((line) => JSON.parse(line));
}
