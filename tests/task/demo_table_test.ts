import { assertEquals } from "@std/assert";
import { makeScreen } from "../../lib/task/demo/screen.ts";
import { answered, emptyStatistics } from "../../lib/task/demo/statistics.ts";
import { layOut, showCount, showMilliseconds, tierLine, tierTable } from "../../lib/task/demo/table.ts";

Deno.test("counts are grouped by thousands, times have two digits that count", () => {
  assertEquals([0, 999, 1_000, 171_075, 1_234_567].map(showCount), ["0", "999", "1,000", "171,075", "1,234,567"]);
  const times = [0.001, 0.0123, 0.123, 1.23, 12.3, 1_234];
  assertEquals(times.map(showMilliseconds), ["0.001 ms", "0.012 ms", "0.12 ms", "1.2 ms", "12 ms", "1234 ms"]);
  assertEquals(showMilliseconds(undefined), "–");
});

Deno.test("columns are as wide as their widest cell, and lines end where their text does", () => {
  assertEquals(layOut([["a", "b"], ["long", "1"], ["c", "22", "3"], ["d", ""]]), [
    "a       b",
    "long    1",
    "c      22   3",
    "d",
  ]);
});

Deno.test("the table has a line for each tier, with hits, loads, writes, overtaken fills, p50 and p99", () => {
  const statistics = emptyStatistics();
  for (let i = 0; i < 3; i++) answered(statistics, "memory", 0.01);
  answered(statistics, "shared", 1);
  answered(statistics, "source", 20);
  statistics.shared.overtaken = 7;
  statistics.writes[100] = 2;
  const cells = tierTable(statistics).map((line) => line.trim().split(/\s{2,}/));
  assertEquals(cells, [
    ["tier", "hits", "hit rate", "loads", "writes", "overtaken", "p50", "p99"],
    ["memory", "3", "60.0 %", "2", "2", "0", "0.011 ms", "0.011 ms"],
    ["shared", "1", "50.0 %", "1", "2", "7", "1.1 ms", "1.1 ms"],
    ["source", "–", "–", "1", "2", "–", "20 ms", "20 ms"],
    ["renames", "14 ms", "14 ms"],
  ]);
  assertEquals(tierLine(statistics).includes("3 memory hits (0.011 ms, 0.011 ms)"), true);
});

Deno.test("the table of nothing has no rates and no times", () => {
  const cells = tierTable(emptyStatistics())[1]!.trim().split(/\s{2,}/);
  assertEquals(cells, ["memory", "0", "–", "0", "0", "0", "–", "–"]);
});

Deno.test("on a terminal a drawing takes the place of the one before, and no line wraps", () => {
  let written = "";
  const screen = makeScreen({ columns: () => 5, write: (text) => written += text, now: () => 0 });
  screen.draw(["long line", "b"], "unused");
  assertEquals(written, "long\nb\n");
  screen.draw(["c"], "unused");
  assertEquals(written, "long\nb\n\x1b[2A\x1b[Jc\n");
  screen.print(["stays"]);
  screen.draw(["d"], "unused");
  assertEquals(written, "long\nb\n\x1b[2A\x1b[Jc\n\x1b[1A\x1b[Jstays\nd\n");
});

Deno.test("elsewhere there is a line now and then, without control characters", () => {
  let written = "";
  let now = 0;
  const screen = makeScreen({ columns: () => undefined, write: (text) => written += text, now: () => now });
  for (now = 0; now <= 5_000; now += 250) screen.draw(["unused"], `at ${now}`);
  screen.print(["end"]);
  assertEquals(written, "at 2000\nat 4000\nend\n");
});
