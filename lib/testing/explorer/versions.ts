import type { World } from "./world.ts";

/** The value of a key at a version of the source; 1 and more, and different for each key. */
export function payloadOf(version: number, key: number): number {
  return key * 16 + version + 1;
}

/** The version that a key's payload stands for; NaN for a value that was never written to that key. */
export function versionOf(payload: number, key: number, source: ReadonlyArray<number>): number {
  const version = payload - 1 - key * 16;
  return version >= 0 && version <= source[key]! ? version : NaN;
}

/** The version of the next write, whichever keys it is of: it grows with each one that is applied. */
export function nextVersion({ source }: World): number {
  return Math.max(...source) + 1;
}

/** Versions in which some keys have a new one. */
export function withVersion(
  versions: ReadonlyArray<number>,
  keys: ReadonlyArray<number>,
  version: number,
): ReadonlyArray<number> {
  return versions.map((before, key) => keys.includes(key) ? Math.max(before, version) : before);
}
