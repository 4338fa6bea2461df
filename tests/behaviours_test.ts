import { assertEquals } from "@std/assert";
import { type DeclaredTest, readTests } from "./lint/test_names.ts";

/** What one test, wherever it stands, says about a behaviour. */
type Shown = ReadonlyMap<string, ReadonlyArray<DeclaredTest>>;

const number = /\b[SDBPX]\d{2}\b/g;

/** What is wrong between a list of behaviours and the tests that name them. */
function compare(list: string, tests: ReadonlyArray<DeclaredTest>): ReadonlyArray<string> {
  const ticked = [...list.matchAll(/^- \[x\] ([SDBPX]\d{2}) /gm)].map((match) => match[1] ?? "");
  const known = [...list.matchAll(/^- \[[ x]\] ([SDBPX]\d{2}) /gm)].map((match) => match[1] ?? "");
  const shown = byNumber(tests);
  return [
    ...known.filter((id, index) => known.indexOf(id) !== index).map((id) => `${id} stands twice in the list`),
    ...ticked.filter((id) => !shown.has(id)).map((id) => `${id} is ticked, but no test names it`),
    ...[...shown.keys()].filter((id) => !ticked.includes(id)).map((id) => `${id} is named by a test, but not ticked`),
    ...[...shown].filter(([, named]) => named.some(({ ignored }) => ignored)).map(([id]) =>
      `the test of ${id} is ignored`
    ),
  ];
}

function byNumber(tests: ReadonlyArray<DeclaredTest>): Shown {
  const shown = new Map<string, DeclaredTest[]>();
  for (const test of tests) {
    for (const [id] of test.name.matchAll(number)) shown.set(id, [...(shown.get(id) ?? []), test]);
  }
  return shown;
}

function* sources(folder: URL): Generator<URL> {
  for (const entry of Deno.readDirSync(folder)) {
    const url = new URL(entry.isDirectory ? `${entry.name}/` : entry.name, folder);
    if (entry.isDirectory) yield* sources(url);
    else if (entry.name.endsWith(".ts") && url.href !== import.meta.url) yield url;
  }
}

const read = (source: string) => readTests("a_test.ts", source);

Deno.test("the list of behaviours and the tests that name them agree", () => {
  const list = Deno.readTextFileSync(new URL("BEHAVIOURS.md", import.meta.url));
  const folders = [new URL("./", import.meta.url), new URL("../lib/testing/", import.meta.url)];
  const tests = folders.flatMap((folder) => [...sources(folder)])
    .flatMap((url) => readTests(decodeURIComponent(url.pathname), Deno.readTextFileSync(url)));
  assertEquals(compare(list, tests), []);
});

Deno.test("a ticked number that no test names is a fault", () => {
  assertEquals(compare("- [x] S01 It.\n- [ ] S02 Is.\n", read(`Deno.test("S01 it is", f)`)), []);
  assertEquals(compare("- [x] S01 It.\n", read(`other("S01 it is", f)`)), ["S01 is ticked, but no test names it"]);
});

Deno.test("a number that is named but not ticked is a fault", () => {
  const fault = ["S02 is named by a test, but not ticked"];
  for (const call of [`redisTest("S02 a", f)`, `Deno.test({ name: "I1 S02 a", fn })`, "test(`S02 ${a}`, {}, f)"]) {
    assertEquals(compare("- [x] S01 It.\n- [ ] S02 Is.\n", [...read(call), ...read(`Deno.test("S01", f)`)]), fault);
  }
});

Deno.test("a behaviour whose test is ignored is not shown, but for want of a server", () => {
  const list = "- [x] S01 It.\n";
  const always = `ignore: ${true}`;
  for (
    const call of [
      `Deno.test.ignore("S01 a", f)`,
      `Deno.test("S01 a", { ${always} }, f)`,
      `test({ name: "S01", ${always} })`,
    ]
  ) {
    assertEquals(compare(list, read(call)), ["the test of S01 is ignored"], call);
  }
  assertEquals(compare(list, read(`Deno.test({ name: "S01 a", ignore: !redisAvailable, fn })`)), []);
});

Deno.test("a number that stands twice in the list is a fault", () => {
  assertEquals(compare("- [ ] S01 It.\n- [ ] S01 Is.\n", []), ["S01 stands twice in the list"]);
});
