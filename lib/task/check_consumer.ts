import { capture, type Outcome, pathOf, type Registry, root } from "./stand_in.ts";

// What an example may do that caches in memory or in a file.
const granted = ["--allow-env", "--allow-read", "--allow-sys", "--allow-write"];

// The oldest Node that is supported; what is younger in the language is rewritten, as any bundler of a user would.
const target = "node20";

/** Takes the first TypeScript example out of a page; undefined if there is none. */
export function firstExample(page: string): string | undefined {
  return /^```ts[^\n]*\n([\s\S]*?)^```/m.exec(page)?.[1];
}

/** Type-checks a project of its own that uses the package by its public name, and runs README's first example in it. */
export function runConsumer(from: Registry): Promise<Outcome> {
  return inProject(from, (folder, lock) =>
    inTurn([
      () => capture(from, ["deno", "check", lock, "entries.ts", "example.ts"], folder),
      () => capture(from, ["deno", "run", lock, ...granted, "entries.ts"], folder),
      () => printing(capture(from, ["deno", "run", "--quiet", lock, ...granted, "example.ts"], folder)),
    ]));
}

/** Bundles the core with README's first example and runs that on Node. */
export function runOnNode(from: Registry): Promise<Outcome> {
  const { imports } = readConfig();
  return inProject(from, (folder, lock) =>
    inTurn([
      () => capture(from, ["deno", "bundle", lock, "--platform=deno", "--output=bundle.mjs", "example.ts"], folder),
      () =>
        capture(from, [
          ...["deno", "run", `--lock=${from.lock}`, "--allow-all", imports["esbuild"] ?? "npm:esbuild"],
          ...[`${folder}/bundle.mjs`, `--target=${target}`, "--format=esm", `--outfile=${folder}/lowered.mjs`],
        ]),
      () => printing(capture(from, ["node", "--no-warnings", "lowered.mjs"], folder)),
    ]));
}

async function inProject(
  from: Registry,
  run: (folder: string, lock: string) => Promise<Outcome>,
): Promise<Outcome> {
  const folder = await Deno.makeTempDir({ prefix: "lamina-consumer-" });
  try {
    const example = firstExample(await Deno.readTextFile(pathOf("README.md")));
    if (example === undefined) return { success: false, output: "Cannot run the example in README.md: it has none" };
    await Deno.writeTextFile(`${folder}/example.ts`, example);
    // The project gets the versions that the checkout is tested with.
    await Deno.copyFile(from.lock, `${folder}/deno.lock`);
    await Deno.copyFile(pathOf("tests/consumer/entries.ts"), `${folder}/entries.ts`);
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(projectConfig(), null, 2));
    return await run(folder, `--lock=${folder}/deno.lock`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

// A user's own deno.json, but for the link, which stands for what JSR would deliver.
function projectConfig(): unknown {
  const project = JSON.parse(Deno.readTextFileSync(pathOf("tests/consumer/project.json")));
  return { ...project, links: [decodeURIComponent(root.pathname)] };
}

function readConfig(): { readonly imports: Readonly<Record<string, string>> } {
  return JSON.parse(Deno.readTextFileSync(pathOf("deno.json")));
}

async function inTurn(steps: ReadonlyArray<() => Promise<Outcome>>): Promise<Outcome> {
  let output = "";
  for (const step of steps) {
    const outcome = await step();
    output += outcome.output;
    if (!outcome.success) return { success: false, output };
  }
  return { success: true, output };
}

// An example that prints nothing shows nothing.
async function printing(running: Promise<Outcome>): Promise<Outcome> {
  const { success, output } = await running;
  if (success && output.trim() === "") return { success: false, output: "Cannot run the example: it printed nothing" };
  return { success, output };
}
