import type { Persisted, Totals } from "./totals.ts";

/**
 * Totals in the memory of this process, for tests: they remember every batch.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryTotals } from "@lamina/cache/aggregate";
 *
 * const totals = memoryTotals();
 * assertEquals(await totals.read("votes", ["tea"]), { counts: [0], folded: undefined });
 * ```
 */
export function memoryTotals(): MemoryTotals {
  const counts = new Map<string, Map<string, number>>();
  const seen = new Set<string>();
  const last = new Map<string, string>();
  return {
    remembers: "batches",
    fold: (batch) => {
      if (!seen.has(batch.id)) {
        seen.add(batch.id);
        last.set(batch.set, batch.id);
        const totals = counts.get(batch.set) ?? new Map<string, number>();
        counts.set(batch.set, totals);
        for (const { name, count } of batch.counts) totals.set(name, (totals.get(name) ?? 0) + count);
      }
      return Promise.resolve();
    },
    read: (set, names) =>
      Promise.resolve({ counts: names.map((name) => counts.get(set)?.get(name) ?? 0), folded: last.get(set) }),
  };
}

/** Totals whose functions return promises. */
export interface MemoryTotals extends Totals {
  /** Adds a batch, once. */
  readonly fold: (...args: Parameters<Totals["fold"]>) => Promise<void>;
  /** Reads counts and the last batch. */
  readonly read: (...args: Parameters<Totals["read"]>) => Promise<Persisted>;
}
