import { lockFlags, pathOf, root } from "../stand_in.ts";

/** The parts of `deno info --json` that are read here. */
interface Info {
  readonly modules: ReadonlyArray<{ readonly specifier: string; readonly npmPackage?: string }>;
  /** All packages that the configuration names, imported or not, by name and version. */
  readonly npmPackages: Readonly<
    Record<string, { readonly name: string; readonly dependencies: ReadonlyArray<string> }>
  >;
}

/** What an import of a file of the checkout loads: modules, and packages as `npm:<name>`. */
export async function loadedBy(file: string): Promise<ReadonlyArray<string>> {
  // Outside of a task the lock file of the checkout would be written.
  const chosen = lockFlags();
  const lock = chosen.length === 0 ? ["--no-lock"] : chosen;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", ...lock, pathOf(file)],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`Cannot read the modules of ${file}: received ${text.decode(stderr).trim()}`);
  const info: Info = JSON.parse(text.decode(stdout));
  return [...info.modules.map(({ specifier }) => specifier), ...packagesOf(info)];
}

function packagesOf({ modules, npmPackages }: Info): ReadonlyArray<string> {
  const reached = new Set(modules.flatMap(({ npmPackage }) => npmPackage ?? []));
  // A set hands out what is added while it is walked.
  for (const id of reached) for (const dependency of npmPackages[id]?.dependencies ?? []) reached.add(dependency);
  return [...new Set([...reached].map((id) => `npm:${npmPackages[id]?.name ?? id}`))];
}

/**
 * Those of a graph's modules that are not the checkout's own, as they can be imported. What stands for a package of JSR
 * is a module of its registry, and is imported by the package's name.
 */
export function externalsOf(graph: ReadonlyArray<string>): ReadonlyArray<string> {
  const named = graph.map((specifier) => /\/(@std\/[a-z-]+)\/\d/.exec(specifier)?.[1] ?? specifier);
  return [...new Set(named)].filter((specifier) => /^(node:|npm:\/|@std\/)/.test(specifier));
}
