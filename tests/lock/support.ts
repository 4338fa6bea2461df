import { assert } from "@std/assert";
import type { Option } from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { Lock, LockError } from "../../lib/lock/mod.ts";
import { lockFlags } from "../../lib/task/stand_in.ts";
import type { VirtualClock } from "../../lib/testing/virtual_clock.ts";
import { right } from "../support/results.ts";

/** Waits for something, and lets time pass meanwhile where time is ours. */
export type Until = <A>(promise: Promise<A>) => Promise<A>;

/** Time that passes by itself. */
export const realTime: Until = (promise) => promise;

/** Most milliseconds that a test lets pass for one thing: more than any deadline in it. */
const mostTime = 100_000;

/** Time that passes as it is needed. */
export function virtualTime(clock: VirtualClock): Until {
  return async (promise) => {
    let settled = false;
    promise.then(() => settled = true);
    const end = clock.now() + mostTime;
    for (await clock.advance(0); !settled; await clock.advance(1)) {
      if (clock.now() > end) throw new Error(`Expected an end within ${mostTime} ms`);
    }
    return await promise;
  };
}

/** Whether a lock could be taken; it is released at once. */
export async function isFree(lock: Lock): Promise<boolean> {
  const taken = await tryTake(lock.tryAcquire);
  return taken === undefined ? false : (right(await taken.release()), true);
}

/** What an attempt took; undefined for nothing. */
export async function tryTake<A>(attempt: TaskEither<LockError, Option<A>>): Promise<A | undefined> {
  const taken = right(await attempt());
  return taken._tag === "Some" ? taken.value : undefined;
}

/** What an attempt took; nothing fails the test. */
export async function mustTake<A>(attempt: TaskEither<LockError, Option<A>>): Promise<A> {
  const taken = await tryTake(attempt);
  assert(taken !== undefined, "expected the lock to be free");
  return taken;
}

/** Waits for something that is about to happen; fails loudly if it does not within ten seconds. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!await holds()) {
    if (performance.now() > end) throw new Error(`Expected ${what} within 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A party in a process or worker of its own. */
export interface Party {
  /** What it says next. */
  readonly said: () => Promise<string>;
  /** Ends it without a chance to let go of anything. */
  readonly kill: () => Promise<void>;
}

const script = new URL("party.ts", import.meta.url);

/** Starts party.ts as a process. */
export function startProcess(...args: ReadonlyArray<string>): Party {
  const lock = lockFlags();
  const flags = ["--no-check", "--allow-read", "--allow-write", ...(lock.length === 0 ? ["--no-lock"] : lock)];
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", ...flags, decodeURIComponent(script.pathname), ...args],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
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
    kill: async () => {
      try {
        process.kill("SIGKILL");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // it has ended already
      }
      await process.status;
      await reader.cancel();
    },
  };
}

/** Starts party.ts as a worker. */
export function startWorker(...args: ReadonlyArray<string>): Party {
  const worker = new Worker(script, { type: "module" });
  const heard: string[] = [];
  let wake: () => void = () => {};
  worker.onmessage = ({ data }) => {
    heard.push(data);
    wake();
  };
  worker.postMessage(args);
  return {
    said: async () => {
      while (heard.length === 0) await new Promise<void>((resolve) => wake = resolve);
      return heard.shift()!;
    },
    kill: () => Promise.resolve(worker.terminate()),
  };
}
