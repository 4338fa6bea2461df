import type { Either } from "fp-ts/lib/Either.js";
import { encodeKey, slotName } from "../key.ts";

/** Which keys this process has used, for functions that load at the first use of each. */
export interface FirstUses {
  /**
   * Reads keys: with force those that were never used, otherwise all others, once those of them are there that another
   * caller loads for the first time. A first load that fails fails for all that waited for it.
   */
  readonly read: <B>(keys: ReadonlyArray<unknown>, read: ReadSome<B>) => Promise<ReadonlyArray<B>>;
  /** Notes that a key has been used. */
  readonly note: (key: unknown) => void;
}

/** Reads the keys at some positions. */
export type ReadSome<B> = (positions: ReadonlyArray<number>, force: boolean) => Promise<ReadonlyArray<B>>;

/** The most keys that are remembered, with at most 77 bytes each; the oldest forgotten one is loaded once too often. */
const most = 10_000;

/** What tells keys apart, none longer than a digest; a key without an encoding is for the tiers to refuse. */
function nameOf(key: unknown): string | undefined {
  const encoded: Either<unknown, string> = encodeKey(key);
  return encoded._tag === "Left" ? undefined : digest(encoded.right, 0);
}

const digest = slotName({ namespace: "use" });

/** No key was used yet. */
export function firstUses(): FirstUses {
  const used = new Set<string>();
  const underWay = new Map<string, Promise<unknown>>();
  const note = (name: string | undefined): void => {
    if (name === undefined) return;
    used.add(name);
    if (used.size <= most) return;
    for (const oldest of used) {
      used.delete(oldest);
      return;
    }
  };
  const begin = (names: ReadonlySet<string>, loading: Promise<unknown>): void => {
    const end = (): void => names.forEach((name) => underWay.delete(name));
    names.forEach((name) => underWay.set(name, loading));
    loading.then(() => (end(), names.forEach(note)), end);
  };
  return {
    note: (key) => note(nameOf(key)),
    read: async (keys, read) => {
      const names = keys.map(nameOf);
      const isFirst = names.map((name) => name !== undefined && !used.has(name) && !underWay.has(name));
      const awaited = names.flatMap((name) => name === undefined ? [] : [underWay.get(name)]);
      const first = positionsOf(isFirst, true);
      const others = positionsOf(isFirst, false);
      const loading = first.length === 0 ? Promise.resolve([]) : read(first, true);
      begin(new Set(first.map((at) => names[at]!)), loading);
      // Begun before anything is waited for, so that two callers never wait for each other.
      const [loaded, found] = await Promise.all([
        loading,
        others.length === 0 ? [] : Promise.all(awaited).then(() => read(others, false)),
      ]);
      const next = { first: 0, others: 0 };
      return isFirst.map((yes) => yes ? loaded[next.first++]! : found[next.others++]!);
    },
  };
}

function positionsOf(flags: ReadonlyArray<boolean>, wanted: boolean): ReadonlyArray<number> {
  return flags.flatMap((flag, at) => flag === wanted ? [at] : []);
}
