/**
 * A checker for recorded histories: what readers and writers of a real run saw and when, against what a cache promises.
 *
 * @module
 */
import { clustersOf } from "./history/cluster.ts";
import { makeFindings } from "./history/findings.ts";
import { acknowledgedOf, findStale } from "./history/fresh.ts";
import type { HistoryOperation, HistoryOptions, HistoryReport, WriteOperation } from "./history/operation.ts";
import { findBackwards, findInterleaved } from "./history/zones.ts";

export type {
  HistoryOperation,
  HistoryOptions,
  HistoryReport,
  HistoryViolation,
  ReadOperation,
  ValueZone,
  WriteOperation,
} from "./history/operation.ts";
export { showViolation } from "./history/show.ts";

/** How stale reads may be. */
export interface StaleOptions<K, V> extends HistoryOptions<K, V> {
  /** Milliseconds by which a read may be behind; 0 unless told. */
  readonly staleness?: number;
}

/**
 * Checks that each key of a history is linearizable: as if every operation had happened at one moment between its start
 * and its end. For a cache that is I2 and I3. It takes about a second for a million operations.
 *
 * Since no two writes write the same value, no search is needed: the zone test decides (Gibbons and Korach, *Testing
 * shared memories*, 1997). A write of unknown outcome that nobody saw never happened; one that was seen happened at some
 * time after its start. Where writes carry their place in the source's commit order, the moments must agree with it.
 * With `staleness` a read may be answered by what was there so much earlier (Δ-atomicity, Golab, Li and Shah 2011).
 *
 * @example A value that comes back after its successor was read
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { checkLinearizable, showViolation } from "@lamina/cache/testing";
 *
 * const { violations } = checkLinearizable([
 *   { kind: "write", key: "a", value: "old", start: 0, end: 1, outcome: "committed" },
 *   { kind: "write", key: "a", value: "new", start: 2, end: 9, outcome: "committed" },
 *   { kind: "read", key: "a", value: "new", start: 3, end: 4 },
 *   { kind: "read", key: "a", value: "old", start: 5, end: 6 },
 * ]);
 * assertEquals(violations.map(showViolation), [
 *   'key "a": two values at one time:\n' +
 *   '  "old": once the write of "old" [0, 1] had ended, until the read of "old" [5, 6] began\n' +
 *   '  "new": once the read of "new" [3, 4] had ended, until the read of "new" [3, 4] began',
 * ]);
 * ```
 */
export function checkLinearizable<K, V>(
  operations: ReadonlyArray<HistoryOperation<K, V>>,
  options: StaleOptions<K, V> = {},
): HistoryReport<K, V> {
  const findings = makeFindings(options);
  const keys = clustersOf(operations, options, slackOf(options), findings);
  for (const clusters of keys.values()) {
    findInterleaved(clusters, findings);
    findBackwards(clusters, findings);
  }
  return findings.report(operations, keys.size);
}

/**
 * Checks that no read began more than `staleness` after the acknowledgement of a write that had superseded what it
 * returned: I2, or a stated bound. Reads are not compared with each other.
 *
 * That one write superseded another is certain if it began after the other's end, or comes later in the source's order.
 *
 * @example Within its bound a stale read is none
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { checkFreshness, type HistoryOperation } from "@lamina/cache/testing";
 *
 * const history: ReadonlyArray<HistoryOperation<string, string>> = [
 *   { kind: "write", key: "a", value: "new", start: 0, end: 10, outcome: "committed" },
 *   { kind: "read", key: "a", value: "old", start: 50, end: 60 },
 * ];
 * const initial = () => "old";
 * assertEquals(checkFreshness(history, { initial }).violated, 1);
 * assertEquals(checkFreshness(history, { initial, staleness: 100 }).violated, 0);
 * ```
 */
export function checkFreshness<K, V>(
  operations: ReadonlyArray<HistoryOperation<K, V>>,
  options: StaleOptions<K, V> = {},
): HistoryReport<K, V> {
  const findings = makeFindings(options);
  const slack = slackOf(options);
  const keys = clustersOf(operations, options, slack, findings);
  const acknowledged = new Map([...keys].map(([key, clusters]) => [key, acknowledgedOf(clusters)]));
  const writes = new Map<K, Map<V, WriteOperation<K, V> | undefined>>();
  for (const [key, clusters] of keys) writes.set(key, new Map(clusters.map(({ value, write }) => [value, write])));
  for (const each of operations) {
    if (each.kind !== "read") continue;
    const values = writes.get(each.key)!;
    // What nobody wrote is not stale, but invented, and was found above.
    if (!values.has(each.value)) continue;
    findStale(each, values.get(each.value), acknowledged.get(each.key)!, slack, findings);
  }
  return findings.report(operations, keys.size);
}

/**
 * Checks that reads returned only what was written to their key, or was there before, and not before it was written: I4.
 *
 * @example A value of another key
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { checkWritten } from "@lamina/cache/testing";
 *
 * const { violations } = checkWritten([
 *   { kind: "write", key: "a", value: "one", start: 0, end: 1, outcome: "committed" },
 *   { kind: "read", key: "b", value: "one", start: 2, end: 3 },
 * ]);
 * assertEquals(violations.map(({ _tag }) => _tag), ["Invented"]);
 * ```
 */
export function checkWritten<K, V>(
  operations: ReadonlyArray<HistoryOperation<K, V>>,
  options: HistoryOptions<K, V> = {},
): HistoryReport<K, V> {
  const findings = makeFindings(options);
  const keys = clustersOf(operations, options, slackOf(options), findings);
  return findings.report(operations, keys.size);
}

/** Two clocks that are both wrong may be wrong in opposite directions. */
function slackOf<K, V>({ clockError = 0, staleness = 0 }: StaleOptions<K, V>): { write: number; read: number } {
  if (!(staleness >= 0)) {
    throw new RangeError(`Cannot check a history: expected a staleness of at least 0: received ${staleness}`);
  }
  return { write: 2 * clockError, read: 2 * clockError + staleness };
}
