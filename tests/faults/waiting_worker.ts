/**
 * A process whose callers wait for each other's loads, and for those of other processes. It is told what to do by lines of
 * JSON on its standard input, and answers the same way.
 *
 * @module
 */
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { redisBackend } from "../../lib/backend/redis/mod.ts";
import type { Duration } from "../../lib/duration.ts";
import { shared } from "../../lib/layer/shared.ts";
import { source } from "../../lib/source/source.ts";
import type { Store } from "../../lib/store.ts";
import { TextLineStream } from "../../lib/task/faults/lines.ts";
import { sleep } from "../../lib/task/faults/patience.ts";
import { connectFloor, type Floor } from "./waiting_floor.ts";

/** What a worker is told when it is started. */
export interface WaitingSettings {
  readonly url: string;
  /** The tier's name. */
  readonly name: string;
  /** How long a claim lives, and how long a load takes, in milliseconds. */
  readonly lease: number;
  readonly load: number;
}

/** What a worker is to do: at a moment, so many callers each read some keys. */
export interface Stampede {
  readonly at: number;
  readonly callers: number;
  readonly keys: ReadonlyArray<string>;
  /** Whether they read the tier; or one of them in each process the server itself, to see what that costs at least. */
  readonly of?: "tier" | "server";
}

/** What came of it. Times are milliseconds of the machine's clock, which all its processes share. */
export interface Outcome {
  readonly _tag: "Outcome";
  /** The keys that were loaded, and when their loads began and were answered. */
  readonly loads: ReadonlyArray<{ readonly key: string; readonly began: number; readonly ended: number }>;
  /** When the own fills were confirmed. */
  readonly fills: ReadonlyArray<number>;
  /** When the waits for other processes ended. */
  readonly woken: ReadonlyArray<number>;
  /** When each caller had its answer. */
  readonly answered: ReadonlyArray<number>;
  /** How many callers got something other than the values. */
  readonly wrong: number;
}

/** What a worker says. */
export type Said = Outcome | { readonly _tag: "Ready" } | { readonly _tag: "Loading"; readonly at: number };

/** What the source has for a key. */
export function valueOf(key: string): string {
  return `value of ${key}`;
}

/** The time on a clock that all processes of the machine share. */
export function sharedNow(): number {
  return performance.timeOrigin + performance.now();
}

interface Noted {
  loads: Array<Outcome["loads"][number]>;
  fills: Array<number>;
  woken: Array<number>;
}

function say(said: Said): void {
  const bytes = new TextEncoder().encode(`${JSON.stringify(said)}\n`);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

async function main({ url, name, lease, load }: WaitingSettings): Promise<void> {
  const noted: Noted = { loads: [], fills: [], woken: [] };
  const backend = redisBackend({ url });
  const store: Store<string, string> = pipe(
    source({
      load: async (keys: ReadonlyArray<string>) => {
        const began = sharedNow();
        say({ _tag: "Loading", at: began });
        await sleep(load);
        noted.loads.push(...keys.map((key) => ({ key, began, ended: sharedNow() })));
        return keys.map(valueOf);
      },
      commit: "100ms",
    }),
    shared({
      backend,
      name,
      codec: t.string,
      ttl: "1h",
      lease: lease as Duration,
      observer: {
        transition: ({ reply, to }) => {
          if (to === "Filled") noted.fills.push(sharedNow());
          if (reply === "Woken") noted.woken.push(sharedNow());
        },
      },
    }),
  );
  // Connected, and compiled.
  await store.getMany(["warm", "up"])();
  await store.get("warm")();
  let floor: Floor | undefined;
  say({ _tag: "Ready" });
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of lines) {
    const stampede: Stampede = JSON.parse(line);
    Object.assign(noted, { loads: [], fills: [], woken: [] });
    if (stampede.of === "server") {
      floor ??= await connectFloor(url);
      await sleep(Math.max(0, stampede.at - sharedNow()));
      say({ _tag: "Outcome", ...await floor.run(`${name}:${stampede.keys[0]}`, load) });
    } else say({ _tag: "Outcome", ...noted, ...await run(store, stampede) });
  }
  floor?.close();
  await store.close();
  await backend.close();
}

async function run(
  store: Store<string, string>,
  { at, callers, keys }: Stampede,
): Promise<Pick<Outcome, "answered" | "wrong">> {
  await sleep(Math.max(0, at - sharedNow()));
  let wrong = 0;
  const answered = await Promise.all(Array.from({ length: callers }, async (_, caller) => {
    const [only] = keys;
    if (keys.length === 1) {
      const read = await store.get(only!)();
      if (read._tag === "Left" || read.right._tag === "None" || read.right.value !== valueOf(only!)) wrong++;
    } else {
      // Each begins with another key, so that batches overlap in every way.
      const turned = keys.map((_, i) => keys[(i + caller * 7) % keys.length]!);
      const read = await store.getMany(turned)();
      const isRight = read._tag === "Right" &&
        read.right.every((each, i) => each._tag === "Some" && each.value === valueOf(turned[i]!));
      if (!isRight) wrong++;
    }
    return sharedNow();
  }));
  return { answered, wrong };
}

if (import.meta.main) await main(JSON.parse(Deno.args[0]!));
