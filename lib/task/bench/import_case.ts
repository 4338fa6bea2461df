import { pathOf } from "../stand_in.ts";
import type { Case, Count, FindingRow } from "./comparison.ts";
import { externalsOf, loadedBy } from "./module_graph.ts";
import { differenceOf, summarize } from "./statistics.ts";

/** What is imported. */
const entries = ["mod.ts", "lib/backend/redis/mod.ts"] as const;

/** How many milliseconds it may take longer than what it stands on. */
const most = 30;

/** How many processes import each, in turn; one more goes before, which has to compile what the others find compiled. */
const rounds = 15;

/** What importing the core and the Redis entry costs. */
export const importCase: Case = {
  name: "import",
  about: "a process that imports mod.ts, or ./redis, and ends, beside one that imports the same packages",
  needs: "nothing",
  open: async () => {
    const folder = await Deno.makeTempDir({ prefix: "lamina-bench-" });
    try {
      const graphs = await Promise.all(entries.map(loadedBy));
      const starts: Array<Start> = [];
      for (const [i, entry] of entries.entries()) {
        const floor = `${folder}/floor${i}.ts`;
        await Deno.writeTextFile(floor, importing(externalsOf(graphs[i]!)));
        starts.push({ name: `${entry}: its packages alone`, path: floor }, { name: entry, path: pathOf(entry) });
      }
      const times = await startInTurn(starts);
      const count: Count = {
        title: "packages of npm:redis behind mod.ts",
        wanted: 0,
        received: graphs[0]!.filter((specifier) => /^npm:(@redis\/|redis$)/.test(specifier)).length,
        unit: "packages",
      };
      return {
        counts: [count],
        findings: [{ title: "a process that imports, and ends", rows: rowsOf(starts, times) }],
        comparisons: [],
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};

/** A program that is started, and ends at once. */
interface Start {
  readonly name: string;
  readonly path: string;
}

function importing(modules: ReadonlyArray<string>): string {
  return modules.map((each) => `import ${JSON.stringify(each)};\n`).join("");
}

/** How long each takes in each round, in milliseconds; who begins changes. */
async function startInTurn(starts: ReadonlyArray<Start>): Promise<ReadonlyArray<ReadonlyArray<number>>> {
  const times: ReadonlyArray<Array<number>> = starts.map(() => []);
  for (const each of starts) await start(each);
  for (let round = 0; round < rounds; round++) {
    for (let place = 0; place < starts.length; place++) {
      const at = (place + round) % starts.length;
      times[at]!.push(await start(starts[at]!));
    }
  }
  return times;
}

async function start({ name, path }: Start): Promise<number> {
  // Without a lock file, or the floor's imports would be written into the one of the checkout.
  const args = ["run", "--no-check", "--quiet", "--no-lock", `--config=${pathOf("deno.json")}`, path];
  const begun = performance.now();
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, stdout: "null", stderr: "piped" })
    .output();
  if (!success) throw new Error(`Cannot import ${name}: received ${new TextDecoder().decode(stderr).trim()}`);
  return performance.now() - begun;
}

/** Each beside its floor, which stands before it, and what it takes longer. */
function rowsOf(starts: ReadonlyArray<Start>, times: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<FindingRow> {
  return starts.flatMap(({ name }, i) => {
    const row: FindingRow = { name, value: summarize(times[i]!), unit: "ms" };
    if (i % 2 === 0) return [row];
    return [row, {
      name: `${name}, longer than its packages`,
      value: differenceOf(times[i]!, times[i - 1]!),
      unit: "ms",
      target: most,
    }];
  });
}
