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
  readonly behind: { readonly times: Summary; readonly wanted: number | undefined } | undefined;
  /** Whether it is as was asked; undefined where nothing was. */
  readonly met: boolean | undefined;
}

/** A contender beside the quickest of the other libraries. */
export interface Ahead {
  readonly name: string;
  /** The quickest of them. */
  readonly peer: string;
  /** Its time in times of the contender's, in the same round. */
  readonly times: Summary;
  /** Whether it is not quicker. */
  readonly met: boolean;
}

/** What a comparison came to; the floor is the first. */
export interface Result {
  readonly title: string;
  readonly measured: ReadonlyArray<Measured>;
  readonly ahead: ReadonlyArray<Ahead>;
}

/**
 * How long one contender's turn lasts, in milliseconds, and how many it has in a round. Most turns that are not much
 * longer than what a scheduler gives at once are not interrupted, and a round is the median of its turns.
 */
const turn = 10;
const turns = 5;

/** A turn that is longer than this, since doing the thing once is, has no more rounds in it than these. */
const long = 40;
const longTurns = 3;

/** How long a contender runs before anything counts, in milliseconds: the compiler has to have seen what it compiles. */
const warmUp = 150;

/** What one contender did in one round, for doing it once. */
export interface Round {
  readonly time: number;
  readonly cpu: number;
}

/**
 * Measures in interleaved rounds: the contenders take turns, in an order that changes, so that whatever else the machine
 * does hits all of them. A ratio is one of two figures of the same round.
 */
export async function measure(comparison: Comparison, rounds: number): Promise<Result> {
  const all = [comparison.floor, ...comparison.contenders];
  const paces: Array<Pace> = [];
  for (const each of all) paces.push(await paceOf(each));
  const done: ReadonlyArray<Array<Round>> = all.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const figures = await runRound(all, paces, round);
    figures.forEach((figure, i) => done[i]!.push(figure));
  }
  return resultOf(comparison, done);
}

/** The rounds of each contender, the floor's first. */
type Done = ReadonlyArray<ReadonlyArray<Round>>;

/** What rounds come to, beside what was asked for. */
export function resultOf(comparison: Comparison, done: Done): Result {
  const { title, floor, contenders } = comparison;
  const all = [floor, ...contenders];
  return { title, measured: all.map((each, i) => measured(each, i, done)), ahead: aheadOf(comparison, done) };
}

function measured({ name, target, behind }: Contender, i: number, done: Done): Measured {
  const ratio = timesOf(done, i, 0);
  const beside = behind === undefined
    ? undefined
    : { times: timesOf(done, i, 1), wanted: behind === "shown" ? undefined : behind };
  const verdicts = [
    target === undefined ? undefined : ratio.median <= target,
    beside?.wanted === undefined ? undefined : beside.times.median >= beside.wanted,
  ].filter((each) => each !== undefined);
  return {
    name,
    time: summarize(done[i]!.map(({ time }) => time)),
    ratio,
    cpu: summarize(done[i]!.map(({ cpu }, round) => cpu / done[0]![round]!.cpu)),
    target,
    behind: beside,
    met: verdicts.length === 0 ? undefined : verdicts.every((each) => each),
  };
}

/** One contender's time in times of another's, round by round. */
function timesOf(done: Done, one: number, other: number): Summary {
  return summarize(done[one]!.map(({ time }, round) => time / done[other]![round]!.time));
}

function aheadOf({ floor, contenders, ahead = [] }: Comparison, done: Done): ReadonlyArray<Ahead> {
  const all = [floor, ...contenders];
  const medianAt = (i: number): number => medianOf(done[i]!.map(({ time }) => time));
  const peers = all.flatMap(({ behind }, i) => behind === undefined ? [] : [i]);
  if (peers.length === 0) return [];
  const quickest = peers.reduce((best, i) => medianAt(i) < medianAt(best) ? i : best);
  return ahead.map((name) => {
    const times = timesOf(done, quickest, all.findIndex((each) => each.name === name));
    return { name, peer: all[quickest]!.name, times, met: times.median >= 1 };
  });
}

async function runRound(
  all: ReadonlyArray<Contender>,
  paces: ReadonlyArray<Pace>,
  round: number,
): Promise<ReadonlyArray<Round>> {
  const times: Array<Array<number>> = all.map(() => []);
  const computed = all.map(() => 0);
  const passes = paces.some(({ time }) => time > long) ? longTurns : turns;
  for (let pass = 0; pass < passes; pass++) {
    for (let place = 0; place < all.length; place++) {
      const at = (place + pass + round) % all.length;
      const before = cpuUsage();
      times[at]!.push(await timeOf(all[at]!, paces[at]!.count));
      const { user, system } = cpuUsage(before);
      computed[at]! += user + system;
    }
  }
  return paces.map(({ count }, i) => ({
    time: medianOf(times[i]!) / count * 1e6,
    // Of all turns, because collecting garbage falls into some only.
    cpu: computed[i]! / passes / count * 1e3,
  }));
}

/** How many times fill a turn, and how long they last, in milliseconds. */
interface Pace {
  readonly count: number;
  readonly time: number;
}

/** Found while warming up. */
async function paceOf(contender: Contender): Promise<Pace> {
  const { least = 1 } = contender;
  let pace: Pace = { count: least, time: 0 };
  for (let warmed = 0; warmed < warmUp;) {
    const { count } = pace;
    const time = await timeOf(contender, count);
    warmed += time;
    const next = Math.max(least, Math.ceil(count * Math.min(8, turn / Math.max(time, turn / 8))));
    pace = { count: next, time: time * next / count };
  }
  return pace;
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
