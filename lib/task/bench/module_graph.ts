import { lockFlags, pathOf, root } from "../stand_in.ts";

/** The parts of `deno info --json` that are read here. */
interface Info {
  readonly modules: ReadonlyArray<{ readonly specifier: string }>;
  readonly npmPackages: Readonly<Record<string, { readonly name: string }>>;
}

/** What an import of a file of the checkout loads: modules, and packages as `npm:<name>`. */
export async function loadedBy(file: string): Promise<ReadonlyArray<string>> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", ...lockFlags(), pathOf(file)],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`Cannot read the modules of ${file}: received ${text.decode(stderr).trim()}`);
  const { modules, npmPackages }: Info = JSON.parse(text.decode(stdout));
  const packages = new Set(Object.values(npmPackages).map(({ name }) => `npm:${name}`));
  return [...modules.map(({ specifier }) => specifier), ...packages];
}

/** Those of a graph's modules that are not the checkout's own, as they can be imported. */
export function externalsOf(graph: ReadonlyArray<string>): ReadonlyArray<string> {
  return graph.filter((specifier) => /^(node:|npm:\/)/.test(specifier));
}
