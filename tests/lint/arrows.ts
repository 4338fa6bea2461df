import { isIn, isLibrary, type Place } from "./place.ts";

/** A region of the library, and what its files may import from the rest of it. */
interface Region {
  readonly name: string;
  readonly holds: (path: string) => boolean;
  readonly mayImport: (target: string, from: string) => boolean;
}

// lib/codec holds the parts of the word lib/codec.ts.
const isWord = (path: string) => /^lib\/[^/]+\.ts$/.test(path) || isIn(path, "lib/codec");
const isProtocol = (path: string) => isIn(path, "lib/protocol");
// What every backend may know: the port, and what helps to keep it.
const isPort = (path: string) =>
  ["lib/backend/port.ts", "lib/backend/watchers.ts", "lib/backend/counters_port.ts", "lib/backend/queue_port.ts"]
    .includes(path);
const isLayer = (path: string) => isIn(path, "lib/layer");

// A backend is a folder, or a file with those beside it that begin with the same word: sqlite.ts, sqlite_sweep.ts.
const backendOf = (path: string) => /^lib\/backend\/([a-z0-9]+)/.exec(path)?.[1];
const isBackend = (path: string) => isIn(path, "lib/backend") && !isPort(path);

// A source of its own is a folder or files in the same way; the others are what sources are made of.
const sourceOf = (path: string) => /^lib\/source\/(sqlite|postgres|deno)/.exec(path)?.[1];

// What stands behind an entry that joins a backend and a source of the same name.
const entryOf = (path: string) => /^lib\/entry\/([a-z0-9]+)/.exec(path)?.[1];

// What is reached through an entry of its own, or is no part of the package, and so by nothing that the core imports.
const isApart = (path: string) =>
  ["redis", "sqlite", "deno"].includes(backendOf(path) ?? "") || sourceOf(path) !== undefined ||
  isIn(path, "lib/entry") ||
  isIn(path, "lib/task") || isIn(path, "lib/testing") || isIn(path, "lib/otel");

const regions: ReadonlyArray<Region> = [
  { name: "the surface", holds: (path) => path === "mod.ts", mayImport: (target) => !isApart(target) },
  { name: "the protocol", holds: isProtocol, mayImport: isProtocol },
  {
    name: "a backend",
    holds: (path) => isIn(path, "lib/backend"),
    mayImport: (target, from) =>
      isPort(target) || isProtocol(target) || isWord(target) ||
      isBackend(target) && backendOf(target) === backendOf(from),
  },
  {
    name: "a layer",
    holds: isLayer,
    mayImport: (target, from) =>
      isProtocol(target) || isPort(target) || isWord(target) || isLayer(target) || isIn(target, "lib/observe") ||
      isBackend(target) && backendOf(target) === "memory" && /^lib\/layer\/memory/.test(from),
  },
  {
    name: "a source",
    holds: (path) => isIn(path, "lib/source"),
    mayImport: (target, from) =>
      isWord(target) || target === "lib/backend/counters_port.ts" ||
      isIn(target, "lib/source") && (!isApart(target) || sourceOf(target) === sourceOf(from)),
  },
  {
    name: "an entry",
    holds: (path) => isIn(path, "lib/entry"),
    mayImport: (target, from) => [backendOf(target), sourceOf(target)].includes(entryOf(from)),
  },
  { name: "a word", holds: isWord, mayImport: (target) => isWord(target) || isProtocol(target) || isPort(target) },
  {
    name: "the telemetry",
    holds: (path) => isIn(path, "lib/otel"),
    mayImport: (target) => isIn(target, "lib/otel") || isIn(target, "lib/observe") || isWord(target),
  },
  { name: "the kit", holds: (path) => isIn(path, "lib/testing"), mayImport: (target) => !isIn(target, "lib/task") },
  { name: "the core", holds: (path) => isIn(path, "lib"), mayImport: (target) => !isApart(target) },
];

/** Says why a file must not import what an import resolves to; undefined if it may. */
export function refuseImport(from: Place, target: string): string | undefined {
  if (!isLibrary(from)) return undefined;
  if (isIn(target, "tests")) return "the library does not know its tests";
  if (target === "mod.ts" || isIn(target, "lib")) return refuseInside(from, target);
  return refuseForeign(from, target);
}

function refuseInside(from: Place, target: string): string | undefined {
  if (target === "mod.ts" && !isIn(from.path, "lib/testing")) {
    return "mod.ts is the surface: import where the name comes from";
  }
  const region = regions.find(({ holds }) => holds(from.path));
  return region === undefined || region.mayImport(target, from.path) ? undefined : `${region.name} does not know it`;
}

function refuseForeign(from: Place, specifier: string): string | undefined {
  const name = specifier.replace(/^npm:\/?/, "");
  if (/^(redis|@redis\/[^/]+)(@|\/|$)/.test(name) && !isIn(from.path, "lib/backend/redis")) {
    return "npm:redis is reached from lib/backend/redis only";
  }
  if (/^(pg|pg-[^/]+)(@|\/|$)/.test(name) && !isIn(from.path, "lib/source/postgres")) {
    return "npm:pg is reached from lib/source/postgres only";
  }
  if (/^@opentelemetry\/api(@|\/|$)/.test(name) && !isIn(from.path, "lib/otel")) {
    return "npm:@opentelemetry/api is reached from lib/otel only";
  }
  if (specifier === "node:sqlite" && !from.name.includes("sqlite")) {
    return "node:sqlite is reached only from files that are named after it";
  }
  if (isProtocol(from.path) && !name.startsWith("fp-ts/")) return "the protocol imports fp-ts only";
  return undefined;
}
