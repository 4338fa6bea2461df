import { capture, type Outcome, pathOf, type Registry } from "./stand_in.ts";

/** The files that the entries of deno.json point at. */
export function readEntries(): ReadonlyArray<string> {
  const { exports } = JSON.parse(Deno.readTextFileSync(pathOf("deno.json")));
  return Object.values<string>(exports).map((path) => path.replace(/^\.\//, ""));
}

/**
 * Lints the docs of every entry. `deno doc` reports each npm type in the public API as private, and with `--no-npm`
 * refuses to resolve it at all; so all foreign modules are mapped to one that it does not look into.
 */
export async function lintDocs(from: Registry): Promise<Outcome> {
  const entries = readEntries();
  const folder = await Deno.makeTempDir({ prefix: "lamina-doc-" });
  try {
    const imports: Record<string, string> = {};
    for (const file of sources("lib")) {
      for (const specifier of foreignSpecifiers(await Deno.readTextFile(file))) imports[specifier] = "node:fs";
    }
    await Deno.writeTextFile(`${folder}/import_map.json`, JSON.stringify({ imports }));
    const flags = ["--lint", "--no-npm", "--no-lock", `--import-map=${folder}/import_map.json`];
    return await capture(from, ["deno", "doc", ...flags, ...entries]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The modules of other packages that a source text imports. */
export function foreignSpecifiers(source: string): ReadonlyArray<string> {
  const named = [...source.matchAll(/\b(?:from|import)\s*\(?\s*["']([^"'\s]+)["']/g)].map((match) => match[1] ?? "");
  return named.filter((specifier) => !/^(\.|node:)/.test(specifier));
}

/** Publishes without publishing, and looks whether what would be uploaded is the library, all of it and no more. */
export async function dryPublish(from: Registry): Promise<Outcome> {
  const command = ["deno", "publish", "--dry-run", "--allow-dirty", `--lock=${from.lock}`];
  const { success, output } = await capture(from, command);
  const listed = [...output.matchAll(/^\s+file:\/\/(\S+) \(/gm)].map((match) => decodeURIComponent(match[1] ?? ""));
  const missing = readEntries().filter((entry) => !listed.includes(pathOf(entry)));
  const foreign = listed.filter((path) => path.startsWith(pathOf("tests/")) || path.startsWith(pathOf("lib/task/")));
  const complaints = [
    ...missing.map((path) => `Cannot publish the package: an entry is missing: received ${path}`),
    ...foreign.map((path) => `Cannot publish the package: this must not be in it: received ${path}`),
  ];
  return { success: success && complaints.length === 0, output: [output, ...complaints].join("\n") };
}

function* sources(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(pathOf(folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sources(path);
    else if (entry.name.endsWith(".ts")) yield pathOf(path);
  }
}
