import { pathOf } from "../stand_in.ts";
import type { Case, Contender, Count } from "./comparison.ts";
import { externalsOf, loadedBy } from "./module_graph.ts";

/** What importing the core costs. */
export const importCase: Case = {
  name: "import",
  about: "a process that imports mod.ts, beside one that imports the same packages",
  needs: "nothing",
  open: async () => {
    const folder = await Deno.makeTempDir({ prefix: "lamina-bench-" });
    const graph = await loadedBy("mod.ts");
    const floor = `${folder}/floor.ts`;
    await Deno.writeTextFile(floor, externalsOf(graph).map((each) => `import ${JSON.stringify(each)};\n`).join(""));
    const count: Count = {
      title: "packages of npm:redis behind mod.ts",
      wanted: 0,
      received: graph.filter((specifier) => /^npm:(@redis\/|redis$)/.test(specifier)).length,
      unit: "packages",
    };
    return {
      counts: [count],
      comparisons: [{
        title: "a process that imports, and ends",
        floor: starting("the packages alone", floor),
        contenders: [starting("mod.ts", pathOf("mod.ts"))],
      }],
      [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
    };
  },
};

function starting(name: string, path: string): Contender {
  // Without a lock file, or the floor's imports would be written into the one of the checkout.
  const args = ["run", "--no-check", "--quiet", "--no-lock", `--config=${pathOf("deno.json")}`, path];
  return {
    name,
    run: async (count) => {
      for (let i = 0; i < count; i++) {
        const { success } = await new Deno.Command(Deno.execPath(), { args, stdout: "null", stderr: "null" }).output();
        if (!success) return NaN;
      }
      return count;
    },
  };
}
