/**
 * One process of the stampedes through all libraries: it has a cache of each, and lets many callers read a key of one of
 * them at once when a line on its standard input says so.
 *
 * @module
 */
import { sleep } from "../faults/patience.ts";
import { openStampeded, type Stampeded } from "./stampede_peers.ts";
import { answerLines } from "./told_process.ts";

/** What a process is told when it is started. */
export interface StampedeSettings {
  readonly port: number;
  /** Begins the names of everything on the server. */
  readonly prefix: string;
  /** How long a load takes, in milliseconds. */
  readonly load: number;
}

/** One stampede. */
export interface StampedeTurn {
  /** Which library. */
  readonly library: string;
  readonly key: string;
  readonly callers: number;
  /** When it begins, on the machine's clock. */
  readonly at: number;
}

/** What it came to in this process. */
export interface StampedeOutcome {
  readonly loads: number;
  /** When the slowest caller had its answer, in milliseconds after the beginning. */
  readonly slowest: number;
  /** How many callers got something else, or an error. */
  readonly wrong: number;
}

/** The time on a clock that all processes of the machine share. */
export function sharedNow(): number {
  return performance.timeOrigin + performance.now();
}

async function main({ port, prefix, load }: StampedeSettings): Promise<void> {
  let loads = 0;
  const loading = async (key: string): Promise<string> => {
    loads++;
    await sleep(load);
    return `value of ${key}`;
  };
  const libraries = await openStampeded({ port, prefix, load: loading });
  await answerLines(async (line): Promise<StampedeOutcome> => {
    const { library, key, callers, at }: StampedeTurn = JSON.parse(line);
    loads = 0;
    await sleep(Math.max(0, at - sharedNow()));
    const get = libraries.find(({ name }) => name === library)!.get;
    const answers = await Promise.all(Array.from({ length: callers }, () => answerOf(get, key)));
    return {
      loads,
      slowest: Math.max(...answers.map((each) => each.at)) - at,
      wrong: answers.filter(({ value }) => value !== `value of ${key}`).length,
    };
  });
  await Promise.allSettled(libraries.map((each) => each[Symbol.asyncDispose]()));
}

async function answerOf(get: Stampeded["get"], key: string) {
  const value = await Promise.resolve(get(key)).catch(() => undefined);
  return { value, at: sharedNow() };
}

if (import.meta.main) {
  await main(JSON.parse(Deno.args[0]!));
  // Some libraries leave timers and connections.
  Deno.exit(0);
}
