import { assertEquals, assertMatch } from "@std/assert";
import { helpFor, parseArguments } from "../../lib/task/bench/arguments.ts";
import type { Contender } from "../../lib/task/bench/comparison.ts";
import { pausesIn } from "../../lib/task/bench/garbage.ts";
import { measure, resultOf } from "../../lib/task/bench/measure.ts";
import { differenceOf, summarize } from "../../lib/task/bench/statistics.ts";

const cases = ["memory", "redis-hit"];

function refusal(...args: ReadonlyArray<string>): string {
  const read = parseArguments(args, cases);
  return read._tag === "Left" ? read.left : "accepted";
}

Deno.test("flags are read, with a space or an equals sign before their value", () => {
  const read = parseArguments(["--only=memory,redis-hit", "--rounds", "3", "--json", "out.json"], cases);
  assertEquals(read, {
    _tag: "Right",
    right: { only: ["memory", "redis-hit"], rounds: 3, json: "out.json", readme: false, redis: undefined },
  });
});

Deno.test("unknown flags and bad values are refused with what was expected and received", () => {
  const start = "Cannot start the benchmark: expected ";
  assertEquals(
    refusal("--fast"),
    `${start}one of --only, --rounds, --json, --redis, --readme, --help: received "--fast"`,
  );
  assertEquals(refusal("--only", "all"), `${start}names out of memory, redis-hit after --only: received "all"`);
  assertEquals(refusal("--rounds", "0"), `${start}a whole number from 1 to 999 after --rounds: received "0"`);
  assertEquals(refusal("--rounds"), `${start}a whole number from 1 to 999 after --rounds: received nothing`);
  assertEquals(refusal("--rounds=1", "--rounds=2"), `${start}--rounds once: received "it again"`);
  assertEquals(refusal("--readme", "--only=memory"), `${start}--readme without --only: received "both"`);
  assertMatch(refusal("--redis", "http://me:secret@host"), /received "http:\/\/…@host"$/);
  assertEquals(parseArguments(["--help"], cases), { _tag: "Right", right: "help" });
  assertMatch(helpFor([{ name: "memory", about: "a hit" }]), /memory +a hit/);
});

Deno.test("a summary has the median, the range, and the range's share of the median", () => {
  assertEquals(summarize([3, 1, 2]), { median: 2, least: 1, most: 3, spread: 1 });
  assertEquals(summarize([1, 2, 3, 4]).median, 2.5);
});

Deno.test("contenders take turns, and all of them have as many rounds", async () => {
  const turns: Array<string> = [];
  const contender = (name: string): Contender => ({
    name,
    run: (count) => {
      if (turns.at(-1) !== name) turns.push(name);
      const end = performance.now() + 1;
      while (performance.now() < end);
      return count;
    },
  });
  const result = await measure({ title: "", floor: contender("floor"), contenders: [contender("ours")] }, 2);
  assertEquals(result.measured.map(({ name }) => name), ["floor", "ours"]);
  assertEquals(result.measured[0]!.ratio, { median: 1, least: 1, most: 1, spread: 0 });
  // Warmed up one after the other, then five turns each in two rounds; who begins changes.
  assertEquals(turns.length > 10, true);
});

Deno.test("what was asked for is judged by the median of ratios, each of one round", () => {
  const doing = (name: string, more: Partial<Contender> = {}): Contender => ({ name, run: (count) => count, ...more });
  const rounds = (...times: ReadonlyArray<number>) => times.map((time) => ({ time, cpu: time }));
  const comparison = {
    title: "hit",
    floor: doing("floor"),
    contenders: [
      doing("ours", { target: 1.5 }),
      doing("slow", { target: 1.5 }),
      doing("theirs", { behind: 2 }),
      doing("others", { behind: 1.5 }),
      doing("more", { behind: "shown" }),
    ],
    ahead: ["ours", "slow"],
  };
  const done = [
    rounds(10, 20, 40),
    rounds(15, 30, 80),
    rounds(30, 60, 120),
    rounds(30, 60, 120),
    rounds(21, 42, 130),
    rounds(90, 90, 90),
  ];
  const { measured, ahead } = resultOf(comparison, done);
  assertEquals(measured[1]!.ratio, { median: 1.5, least: 1.5, most: 2, spread: 1 / 3 });
  assertEquals(measured.map(({ met }) => met), [undefined, true, false, true, false, undefined]);
  assertEquals(measured.map(({ behind }) => behind?.times.median), [undefined, undefined, undefined, 2, 1.4, 3]);
  assertEquals(ahead.map(({ name, peer, times, met }) => [name, peer, times.median, met]), [
    ["ours", "others", 1.4, true],
    ["slow", "others", 0.7, false],
  ]);
});

Deno.test("a difference is that of the medians, and as noisy as what it is of", () => {
  const difference = differenceOf([30, 20, 50], [10, 12, 20]);
  assertEquals(difference, { median: 18, least: 8, most: 30, spread: 1 });
});

Deno.test("the pauses of the collector are read from V8's trace, but for those that were asked for", () => {
  const trace =
    `[7:0x5]       24 ms: Scavenge 4.0 (4.8) -> 3.5 (5.5) MB, pooled: 0.0 MB, 0.92 / 0.00 ms (average mu = 1.000) allocation failure;
{"bytes":1}
[7:0x5]      371 ms: Incremental Mark-Compact 79.6 (93.9) -> 68.0 (82.4) MB, 21.02 / 0.10 ms (+ 5.4 ms in 24 steps) finalize;
[7:0x5]      781 ms: Mark-Compact 175.6 (189.9) -> 128.3 (142.6) MB, pooled: 0.0 MB, 88.72 / 0.00 ms (average mu = 0.856) testing; GC in old space requested`;
  assertEquals(pausesIn(trace), [0.92, 21.02]);
});
