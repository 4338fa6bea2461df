import { cpuUsage } from "node:process";
import type { Comparison, Contender } from "./comparison.ts";
import type { Summary } from "./statistics.ts";
import { medianOf, summarize } from "./statistics.ts";

/** What a way of doing a thing cost. */
export interface Measured {
  readonly name: string;
  /** Nanoseconds for doing it once. */
  readonly time: Summary;
  /** The time in floors of the same round. */
  readonly ratio: Summary;
  /** What this process computed for it (waiting and other processes are not in it), in floors of the same round. */
  readonly cpu: Summary;
  readonly target: number | undefined;
  /** The time in times of the first contender, in the same round, where another library is measured. */
  readonly behind: { readonly times: Summary; readonly wanted: number } | undefined;
}

/** What a comparison came to; the floor is the first. */
export interface Result {
  readonly title: string;
  readonly measured: ReadonlyArray<Measured>;
}

/**
 * How long one contender's turn lasts, in milliseconds, and how many it has in a round. Most turns that are not much
 * longer than what a scheduler gives at once are not interrupted, and a round is the median of its turns.
 */
const turn = 10;
const turns = 7;

/** How long a contender runs before anything counts, in milliseconds: the compiler has to have seen what it compiles. */
const warmUp = 150;

/** What one contender did in one round, for doing it once. */
interface Round {
  readonly time: number;
  readonly cpu: number;
}

/**
 * Measures in interleaved rounds: the contenders take turns, in an order that changes, so that whatever else the machine
 * does hits all of them. A ratio is one of two figures of the same round.
 */
export async function measure({ title, floor, contenders }: Comparison, rounds: number): Promise<Result> {
  const all = [floor, ...contenders];
  const counts: Array<number> = [];
  for (const each of all) counts.push(await countFor(each));
  const done: ReadonlyArray<Array<Round>> = all.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const figures = await runRound(all, counts, round);
    figures.forEach((figure, i) => done[i]!.push(figure));
  }
  return {
    title,
    measured: all.map(({ name, target, behind }, i) => ({
      name,
      time: summarize(done[i]!.map(({ time }) => time)),
      ratio: summarize(done[i]!.map(({ time }, round) => time / done[0]![round]!.time)),
      cpu: summarize(done[i]!.map(({ cpu }, round) => cpu / done[0]![round]!.cpu)),
      target,
      behind: behind === undefined
        ? undefined
        : { times: summarize(done[i]!.map(({ time }, round) => time / done[1]![round]!.time)), wanted: behind },
    })),
  };
}

async function runRound(
  all: ReadonlyArray<Contender>,
  counts: ReadonlyArray<number>,
  round: number,
): Promise<ReadonlyArray<Round>> {
  const times: ReadonlyArray<Array<number>> = all.map(() => []);
  const computed = all.map(() => 0);
  for (let pass = 0; pass < turns; pass++) {
    for (let place = 0; place < all.length; place++) {
      const at = (place + pass + round) % all.length;
      const before = cpuUsage();
      times[at]!.push(await timeOf(all[at]!, counts[at]!));
      const { user, system } = cpuUsage(before);
      computed[at]! += user + system;
    }
  }
  return all.map((_, i) => ({
    time: medianOf(times[i]!) / counts[i]! * 1e6,
    // Of all turns, because collecting garbage falls into some only.
    cpu: computed[i]! / turns / counts[i]! * 1e3,
  }));
}

/** How many times fill a turn, found while warming up. */
async function countFor(contender: Contender): Promise<number> {
  let count = 1;
  for (let warmed = 0; warmed < warmUp;) {
    const time = await timeOf(contender, count);
    warmed += time;
    count = Math.max(1, Math.ceil(count * Math.min(8, turn / Math.max(time, turn / 8))));
  }
  return count;
}

let sink = 0;

async function timeOf(contender: Contender, count: number): Promise<number> {
  const begun = performance.now();
  const made = contender.run(count);
  // A floor without promises is not made to wait for one.
  sink += typeof made === "number" ? made : await made;
  const time = performance.now() - begun;
  if (Number.isNaN(sink)) throw new TypeError(`Cannot measure ${contender.name}: expected a number of its results`);
  return time;
}
