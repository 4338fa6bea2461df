/**
 * `deno task test`: the tests, then the examples in the docs. Arguments go to `deno test`; those that are paths replace
 * what is run. The last line says how many passed, failed and were skipped.
 *
 * @module
 */
import { chooseRegistry, pathOf, type Registry, root, supervise } from "./stand_in.ts";
import { provideRedis } from "./test_redis.ts";

/** How many tests ended how. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** One call of `deno test`. */
interface Suite {
  readonly flags: ReadonlyArray<string>;
  readonly paths: ReadonlyArray<string>;
}

const nothing: Count = { passed: 0, failed: 0, skipped: 0 };

// Deno leaves both off by default; a test that leaks a timer or a connection hides the next one's mistake.
const sanitizers = ["--sanitize-ops", "--sanitize-resources"];

// Servers and worker processes are started by tests, on this machine or at REDIS_URL.
const testing = ["--allow-env", "--allow-net", "--allow-read", "--allow-run", "--allow-sys", "--allow-write"];

const local = "--allow-net=127.0.0.1,localhost";
const documented = ["--doc", "--allow-env", local, "--allow-read", "--allow-sys", "--allow-write"];

// What measures faults in real time gets the machine to itself; the tasks in lib/task are programs, not examples.
function suites(): ReadonlyArray<Suite> {
  return [
    { flags: [...testing, "--parallel"], paths: inside("tests", "_test.ts").filter((path) => path !== "tests/faults") },
    { flags: testing, paths: ["tests/faults"] },
    {
      flags: documented,
      paths: ["README.md", "mod.ts", ...inside("lib", ".ts").filter((path) => path !== "lib/task")],
    },
  ];
}

/** Reads the last summary of `deno test`; undefined if it printed none. */
export function readSummary(output: string): Count | undefined {
  const pattern =
    /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed(?: \([^)]*\))?(?: \| (\d+) ignored)?/gm;
  const last = [...output.matchAll(pattern)].at(-1);
  return last && { passed: Number(last[1]), failed: Number(last[2]), skipped: Number(last[3] ?? 0) };
}

/** What to run for the given arguments. */
export function chooseSuites(paths: ReadonlyArray<string>): ReadonlyArray<Suite> {
  if (paths.length === 0) return suites().filter((suite) => suite.paths.some(exists));
  const examples = paths.filter((path) => /(\.md|mod\.ts)$|(^|\/)lib\//.test(path) && !path.endsWith("_test.ts"));
  const tests = paths.filter((path) => !examples.includes(path));
  return [{ flags: testing, paths: tests }, { flags: documented, paths: examples }]
    .filter((suite) => suite.paths.length > 0);
}

async function runSuite(from: Registry, suite: Suite, extra: ReadonlyArray<string>): Promise<Count> {
  const args = [`--lock=${from.lock}`, ...sanitizers, "--permit-no-files", ...suite.flags, ...extra];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", ...args, ...suite.paths.filter(exists)],
    cwd: root,
    env: { ...from.environment, NO_COLOR: "1" },
    stdout: "piped",
  }).spawn();
  const [output, { success }] = await Promise.all([shown(child.stdout), supervise(child)]);
  const count = readSummary(output) ?? nothing;
  return success || count.failed > 0 ? count : { ...count, failed: 1 };
}

async function shown(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let output = "";
  for await (const bytes of stream) {
    output += decoder.decode(bytes, { stream: true });
    for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
  }
  return output;
}

// Listed here, because `deno test --ignore` does not hold once files are named beside folders.
function inside(folder: string, ending: string): ReadonlyArray<string> {
  return [...Deno.readDirSync(pathOf(folder))]
    .filter(({ name, isDirectory }) => isDirectory || name.endsWith(ending))
    .map(({ name }) => `${folder}/${name}`);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path.startsWith("/") ? path : pathOf(path));
    return true;
  } catch {
    return false;
  }
}

async function main(): Promise<number> {
  using from = await chooseRegistry();
  const hint = await provideRedis();
  const paths = Deno.args.filter((argument) => !argument.startsWith("-") && exists(argument));
  const extra = Deno.args.filter((argument) => !paths.includes(argument));
  let sum = nothing;
  for (const suite of chooseSuites(paths)) {
    const { passed, failed, skipped } = await runSuite(from, suite, extra);
    sum = { passed: sum.passed + passed, failed: sum.failed + failed, skipped: sum.skipped + skipped };
  }
  if (hint !== undefined) console.log(hint);
  const ran = sum.passed + sum.failed + sum.skipped > 0;
  if (!ran) console.log("No test was found, which counts as a failure.");
  console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
  return ran && sum.failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
