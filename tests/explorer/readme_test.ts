import { assert, assertEquals, assertThrows } from "@std/assert";
import { rewrite } from "../../lib/task/prove/readme.ts";
import { runControl, runRow } from "../../lib/task/prove/result.ts";
import { doubles, levels, others, renewals, singles } from "../../lib/task/prove/rows.ts";
import { controls } from "./controls.ts";

const pinned = levels.slice(0, 1);
const proved = {
  levels: pinned,
  singles: singles.filter(({ variant }) => variant === pinned[0]!.name).map(runRow),
  others: [],
  controls: controls.slice(0, 1).map(runControl),
  doubles: [],
};

Deno.test("the guarantees are written between their markers, and the rest of the file stays", () => {
  const text = "before\n\n<!-- guarantees -->\n\noutdated\n\n<!-- /guarantees -->\n\nafter\n";
  const written = rewrite(text, proved);
  assert(written.startsWith("before\n\n<!-- guarantees -->\n\n| one fault") && !written.includes("outdated"));
  assert(written.endsWith("<!-- /guarantees -->\n\nafter\n"));
  assert(/^\| flush +\| not I3 \(9 steps\)/m.test(written), written);
  assert(/^\| cache-aside +\| no fault +\| breaks I1 in 6/m.test(written), written);
  assertEquals(rewrite(written, proved), written);
});

Deno.test("what was proved of two faults stays until they are explored again", () => {
  const text = "<!-- guarantees -->\n<!-- /guarantees -->\n";
  const full = rewrite(text, { ...proved, doubles: doubles.slice(0, 1).map(runRow) });
  assert(/^\| pinned \+ fence \|.*\| 1 +\| I1–I6 hold/m.test(full), full);
  assertEquals(rewrite(full, proved), full);
});

Deno.test("what readers may do besides stands in a table of its own, and not among the other worlds", () => {
  const small = others.map((row) => ({ ...row, world: { ...row.world, readers: 1, writers: 0 } }));
  const text = rewrite("<!-- guarantees -->\n<!-- /guarantees -->\n", { ...proved, others: small.map(runRow) });
  assert(
    /^\| waiting and renewal +\| waiting readers +\| expired entries, served +\| expired entries, awaited/m.test(text),
  );
  for (const { name } of renewals) assertEquals(text.split(`| ${name} `).length, 2, name);
  assert(/^\| renewal ahead +\| crash +\| I1–I6 hold/m.test(text), text);
});

Deno.test("a file without the markers is refused", () => {
  assertThrows(() => rewrite("nothing", proved), TypeError, "Cannot write the guarantees");
});
