import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { helpFor, parseArguments } from "../../lib/task/bench/arguments.ts";
import type { Contender } from "../../lib/task/bench/comparison.ts";
import { measure } from "../../lib/task/bench/measure.ts";
import { rewriteBench, versionsIn } from "../../lib/task/bench/readme.ts";
import { summarize } from "../../lib/task/bench/statistics.ts";
import { showCount, showResult } from "../../lib/task/bench/table.ts";

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
  // Warmed up one after the other, then seven turns each in two rounds.
  assertEquals(turns.length > 10, true);
});

Deno.test("the table says what was met, what was missed, and where the machine was too busy to tell", () => {
  const steady = { median: 1, least: 1, most: 1, spread: 0 };
  const measured = (name: string, ratio: number, spread: number, target?: number) => ({
    name,
    time: { ...steady, median: 1_500 },
    ratio: { ...steady, median: ratio, spread },
    cpu: steady,
    target,
    behind: name === "theirs" ? { times: { ...steady, median: ratio }, wanted: 4 } : undefined,
  });
  const all = [measured("floor", 1, 0), measured("ours", 1.2, 0.4, 1.1), measured("theirs", 5, 0)];
  const lines = showResult({ title: "hit", measured: all }).split("\n");
  assertMatch(lines[3]!, /theirs .* 5\.00 of ours, at least 4\.00: met$/);
  assertMatch(showResult({ title: "", measured: [measured("", 1, 0), measured("theirs", 3, 0)] }), /4\.00: MISSED$/);
  assertMatch(lines[1]!, /floor +1\.5 µs +1\.00/);
  assertMatch(lines[2]!, /ours +1\.5 µs +1\.20 .* 1\.10 +MISSED, spread above 30 %$/);
  assertMatch(showCount({ title: "a hit", wanted: 1, received: 1, unit: "trips" }), /1 trips +1 trips +met$/);
  assertMatch(showCount({ title: "a hit", wanted: 1, received: 2, unit: "trips" }), /MISSED$/);
});

Deno.test("the README's table is written between its markers, with what was missed, the machine and the versions", () => {
  const steady = { median: 1, least: 1, most: 1, spread: 0 };
  const measured = (name: string, ratio: number, target?: number) => ({
    name,
    time: steady,
    ratio: { ...steady, median: ratio },
    cpu: steady,
    target,
    behind: undefined,
  });
  const versions = versionsIn('{"specifiers":{"npm:keyv@^5.6.0":"5.6.0_x@1","npm:keyvish@1":"9"}}', ["keyv", "absent"]);
  assertEquals(versions, ["keyv 5.6.0"]);
  const run = {
    system: "Deno",
    date: "2026-01-01",
    rounds: 3,
    versions,
    counts: [{ title: "a hit", wanted: 1, received: 2, unit: "trips" }],
    results: [{ title: "hit", measured: [measured("floor", 1), measured("ours", 1.2, 1.1), measured("also", 1, 1.1)] }],
  };
  const text = rewriteBench("before <!-- bench --> old <!-- /bench --> after", run);
  assertMatch(text, /^before <!-- bench -->\n\nDeno, 2026-01-01; .* 3 .*\nkeyv 5\.6\.0\./);
  assertMatch(text, /\| a hit \| {2}\| 2 trips \| 1 trips \| \*\*missed\*\* \|/);
  assertMatch(text, /\| {2}\| ours \| 1\.20 \| 1\.10 \| \*\*missed\*\* \|\n\| {2}\| also \| 1\.00 \| 1\.10 \| {2}\|/);
  assertMatch(text, /<!-- \/bench --> after$/);
  assertThrows(() => rewriteBench("no markers", run), TypeError, "Cannot write the figures");
});
