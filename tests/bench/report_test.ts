import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { type Group, tallyOf } from "../../lib/task/bench/figures.ts";
import type { Measured } from "../../lib/task/bench/measure.ts";
import { compared, rewriteBench, versionsIn } from "../../lib/task/bench/readme.ts";
import type { Summary } from "../../lib/task/bench/statistics.ts";
import { showCount, showFinding, showResult, showTally } from "../../lib/task/bench/table.ts";

const steady: Summary = { median: 1, least: 1, most: 1, spread: 0 };

function measured(name: string, ratio: number, more: Partial<Measured> = {}): Measured {
  const median = { ...steady, median: ratio };
  return {
    name,
    time: { median: 1_500, least: 1_400, most: 1_600, spread: 0.1 },
    ratio: median,
    cpu: steady,
    target: undefined,
    behind: undefined,
    met: undefined,
    ...more,
  };
}

const group: Group = {
  name: "redis-hit",
  about: "hits on Redis",
  counts: [
    { title: "a hit", wanted: 1, received: 1, unit: "trips" },
    { title: "a put", wanted: 2, received: 3, unit: "trips" },
  ],
  findings: [{
    title: "an entry",
    rows: [
      { name: "bytes", value: { ...steady, median: 96 }, unit: "bytes", target: 100 },
      { name: "longest pause", value: { ...steady, median: 7.5, spread: 0.5 }, unit: "ms" },
    ],
  }],
  results: [{
    title: "hit",
    measured: [
      measured("floor", 1),
      measured("ours", 1.2, {
        ratio: { median: 1.2, least: 1.1, most: 1.6, spread: 0.42 },
        target: 1.1,
        met: false,
      }),
      measured("theirs", 5, { behind: { times: { ...steady, median: 4.17 }, wanted: 4 }, met: true }),
      measured("others", 2, { behind: { times: { ...steady, median: 1.67 }, wanted: undefined } }),
    ],
    ahead: [{ name: "ours", peer: "others", times: { ...steady, median: 1.67 }, met: true }],
  }],
};

Deno.test("the table says what was met, what was missed, and where the machine was too busy to tell", () => {
  const lines = showResult(group.results[0]!).split("\n");
  assertMatch(lines[1]!, /floor +1\.5 µs +1\.00 +1\.4 µs – 1\.6 µs/);
  assertMatch(lines[2]!, /ours +1\.5 µs +1\.20 +1\.10 – 1\.60 +1\.00 +≤ 1\.10 +MISSED, spread above 30 %$/);
  assertMatch(lines[3]!, /theirs .* 4\.17 +≥ 4\.00 +met$/);
  assertMatch(lines[4]!, /others .* 1\.67$/);
  assertMatch(lines[5]!, /ours: the quickest library is others .* 1\.67 +≥ 1\.00 +met$/);
  assertEquals(group.counts.map((each) => showCount(each).split(/ {2,}/).at(-1)), ["met", "MISSED"]);
  const found = showFinding(group.findings[0]!).split("\n");
  assertMatch(found[1]!, /bytes +96 bytes +1 – 1 +≤ 100 bytes +met$/);
  assertMatch(found[2]!, /longest pause +7\.50 ms .* spread above 30 %$/);
});

Deno.test("a run is summed up: what was asked for, what of it was missed, and how much the machine was too busy for", () => {
  assertEquals(tallyOf([group]), { met: 4, missed: ["a put", "hit: ours"], figures: 7, noisy: 2 });
  const lines = showTally([group]).split("\n");
  assertEquals(lines[0], "asked for: 6, met: 4, missed: 2");
  assertEquals(lines.slice(1, 3), ["  missed: a put", "  missed: hit: ours"]);
  assertEquals(lines[3], "a spread above 30 %: 2 of 7 figures");
});

Deno.test("the README gets a table a case between its markers, with what was missed, the machine and the versions", () => {
  const lock = { specifiers: { "npm:keyv@5": "5.6.0_x@1", "npm:keyv@^6.1.0": "6.1.0", "npm:keyvish@1": "9" } };
  const versions = versionsIn(JSON.stringify(lock), ["keyv", "absent"]);
  assertEquals(versions, ["keyv 5.6.0 and 6.1.0"]);
  const run = {
    system: "Deno",
    date: "2026-01-01",
    rounds: 3,
    versions,
    groups: [group],
    leftOut: [{ name: "stampede", because: "there is no server" }],
  };
  const text = rewriteBench("before <!-- bench --> old <!-- /bench --> after", run);
  assertMatch(
    text,
    /^before <!-- bench -->\n<!-- deno-fmt-ignore-start -->\n\nDeno, 2026-01-01; .* 3 .*\nkeyv 5\.6\.0 and 6\.1\.0\./,
  );
  assertMatch(text, /\| redis-hit \| 6 \| 4 \| 2 of 7 \|\n\| all \| 6 \| 4 \| 2 of 7 \|/);
  assertMatch(text, /\n\nLeft out: stampede, because there is no server\.\n/);
  assertMatch(text, /<summary>redis-hit: hits on Redis<\/summary>/);
  assertMatch(text, /\| a put \| 3 trips \| {2}\| 2 trips \| \*\*missed\*\* \|/);
  assertMatch(text, /\| bytes \| 96 bytes \| 1 – 1 \| ≤ 100 bytes \| met \|/);
  assertMatch(text, /\| \*\*hit\*\*, beside floor: 1\.5 µs \| 1\.00 \|/);
  assertMatch(text, /\| ours \| 1\.20 \| 1\.10 – 1\.60 \| {2}\| ≤ 1\.10 \| \*\*missed\*\*, spread above 30 % \|/);
  assertMatch(text, /\| theirs \| 5\.00 \| .* \| 4\.17 \| ≥ 4\.00 of ours \| met \|/);
  assertMatch(text, /\| ours, beside the quickest library: others \| {2}\| .* \| 1\.67 \| ≥ 1\.00 \| met \|/);
  assertMatch(text, /<!-- deno-fmt-ignore-end -->\n<!-- \/bench --> after$/);
  assertThrows(() => rewriteBench("no markers", run), TypeError, "Cannot write the figures");
});

Deno.test("the version of every library that is compared is known from the lock file", async () => {
  const versions = versionsIn(await Deno.readTextFile(new URL("../../deno.lock", import.meta.url)), compared);
  assertEquals(versions.map((each) => each.split(" ")[0]), [...compared]);
});
