import type { HistoryOperation } from "../../lib/testing/history.ts";

/**
 * Whether the history of one key is linearizable, by trying every order (Wing and Gong): next may come any operation
 * that began before the first of the remaining ones ended. Writes of unknown outcome may be left out.
 */
export function isLinearizableBySearch<V>(
  operations: ReadonlyArray<HistoryOperation<unknown, V>>,
  initial: V,
  inOrder: "any order" | "the source's order" = "any order",
): boolean {
  const all = operations.filter((each) => each.kind === "read" || each.outcome !== "aborted");
  const ends = all.map((each) => each.kind === "write" && each.outcome === "unknown" ? Infinity : each.end);
  const failed = new Set<string>();
  const from = (left: number, value: V, place: number): boolean => {
    const open = all.map((_, i) => i).filter((i) => (left & (1 << i)) !== 0);
    if (open.every((i) => ends[i] === Infinity)) return true;
    const state = `${left} ${value} ${place}`;
    if (failed.has(state)) return false;
    const first = Math.min(...open.map((i) => ends[i]!));
    for (const i of open) {
      const each = all[i]!;
      if (each.start > first) continue;
      const after = left & ~(1 << i);
      if (each.kind === "read") {
        if (each.value === value && from(after, value, place)) return true;
      } else if (inOrder === "any order" || each.order! > place) {
        if (from(after, each.value, each.order ?? 0)) return true;
      }
    }
    failed.add(state);
    return false;
  };
  return from((1 << all.length) - 1, initial, -Infinity);
}
