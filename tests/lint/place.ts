/** Where a file stands, as its path inside the checkout. */
export interface Place {
  readonly path: string;
  readonly name: string;
}

const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** Reads the place from the file name that the linter gives, absolute or inside the checkout. */
export function placeOf(filename: string): Place {
  const absolute = filename.startsWith("file://") ? decodeURIComponent(new URL(filename).pathname) : filename;
  const path = absolute.startsWith(root) ? absolute.slice(root.length) : absolute.replace(/^\.\//, "");
  return { path, name: path.slice(path.lastIndexOf("/") + 1) };
}

/** Resolves what an import names: a path inside the checkout for a relative one, else the specifier itself. */
export function resolveImport(from: Place, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  return decodeURIComponent(new URL(specifier, `file:///${from.path}`).pathname).slice(1);
}

/** Tells whether a path is inside a folder. */
export function isIn(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}

/** Tells whether a file belongs to the library: mod.ts and lib, without the tasks. */
export function isLibrary({ path }: Place): boolean {
  return path === "mod.ts" || isIn(path, "lib") && !isIn(path, "lib/task");
}
