import { assertEquals } from "@std/assert";
import { firstExample } from "../../lib/task/check_consumer.ts";
import { foreignSpecifiers } from "../../lib/task/check_package.ts";
import { pathOf } from "../../lib/task/stand_in.ts";
import { chooseSuites, readSummary } from "../../lib/task/test.ts";

Deno.test("the summary of deno test is read with and without steps, ignored and filtered tests", () => {
  assertEquals(readSummary("ok | 2 passed | 0 failed (268ms)"), { passed: 2, failed: 0, skipped: 0 });
  const full = "FAILED | 1 passed (3 steps) | 2 failed (1 step) | 4 ignored (2 steps) | 5 filtered out (1s)";
  assertEquals(readSummary(`\n${full}\n\nerror: Test failed\n`), { passed: 1, failed: 2, skipped: 4 });
  assertEquals(readSummary("ok | 1 passed | 0 failed (1ms)\nok | 7 passed | 0 failed (1ms)")?.passed, 7);
});

Deno.test("a run that died without a summary has none", () => {
  assertEquals(readSummary("error: Type checking failed."), undefined);
});

Deno.test("named paths replace what is run, tests and examples each with their permissions", () => {
  const paths = chooseSuites(["tests/lint", "README.md", "lib/duration.ts"]).map((suite) => suite.paths);
  assertEquals(paths, [["tests/lint"], ["README.md", "lib/duration.ts"]]);
});

Deno.test("the tasks are never run as if they were examples", () => {
  const paths = chooseSuites([]).flatMap((suite) => suite.paths);
  assertEquals(paths.filter((path) => path === "lib" || path.startsWith("lib/task")), []);
});

Deno.test("the first TypeScript example of a page is found", () => {
  const page = "# a\n\n```sh\ndeno\n```\n\n```ts\nconst a = 1;\n\nf(a);\n```\n\n```ts\nlater();\n```\n";
  assertEquals(firstExample(page), "const a = 1;\n\nf(a);\n");
  assertEquals(firstExample("```sh\ndeno\n```\n"), undefined);
});

Deno.test("modules of other packages are told from one's own and from the platform's", () => {
  const source = `import a from "./a.ts";\nexport * from "fp-ts/lib/Either.js";\nimport("redis");\nimport "node:fs";`;
  assertEquals(foreignSpecifiers(source), ["fp-ts/lib/Either.js", "redis"]);
});

Deno.test("the lock file vouches for nothing of JSR, which another registry may have served when it was made", () => {
  const { jsr, specifiers } = JSON.parse(Deno.readTextFileSync(pathOf("deno.lock")));
  assertEquals([jsr, Object.keys(specifiers).filter((each) => each.startsWith("jsr:"))], [undefined, []]);
});

Deno.test("on another registry the lock file is a copy that pins npm packages and nothing of JSR", async () => {
  const script = `console.log(Deno.env.get("JSR_URL"), await Deno.readTextFile(Deno.env.get("LAMINA_LOCK")))`;
  const url = "file:///nowhere/";
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-lock", "--allow-all", pathOf("lib/task/stand_in.ts"), "eval", script],
    env: { ...withoutChoice(), JSR_URL: url },
    clearEnv: true,
  }).output();
  const output = new TextDecoder().decode(stdout);
  const copy = JSON.parse(output.slice(url.length));
  assertEquals(output.startsWith(url), true);
  assertEquals(copy.npm, JSON.parse(Deno.readTextFileSync(pathOf("deno.lock"))).npm);
  assertEquals([copy.jsr, JSON.stringify(copy.specifiers).includes("jsr:")], [undefined, false]);
});

// This test runs inside of a task, which has made its choice; the one that it starts has to make its own.
function withoutChoice(): Record<string, string> {
  return Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([name]) => name !== "LAMINA_LOCK"));
}
