import type { City } from "./city.ts";

/** What the traffic is run through: the tiers, or what they are compared with. */
export interface Subject extends AsyncDisposable {
  /** A city; undefined if it could not be read. */
  readonly read: (id: number) => Promise<City | undefined>;
  /** Renames a city, and resolves when that was acknowledged: with the new row, or undefined if it failed. */
  readonly rename: (id: number, name: string) => Promise<City | undefined>;
  /** What this process would serve from memory; null if that is that there is no such city. */
  readonly peek: (id: number) => City | null | undefined;
}

/** How long a memory tier serves what was renamed by another process, in milliseconds. */
export const memoryTtl = 2_000;

/** How many cities a memory tier holds: less than the traffic touches. */
export const memoryCapacity = 1_000;

/** How long shared tiers keep entries, in milliseconds: longer than any run, so that nothing heals by itself. */
export const sharedTtl = 3_600_000;
