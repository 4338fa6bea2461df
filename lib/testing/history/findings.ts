import type { HistoryOperation, HistoryOptions, HistoryReport, HistoryViolation } from "./operation.ts";

/** Violations as they are found: all are counted, the first few are kept. */
export interface Findings<K, V> {
  readonly add: (violation: HistoryViolation<K, V>) => void;
  readonly report: (operations: ReadonlyArray<HistoryOperation<K, V>>, keys: number) => HistoryReport<K, V>;
}

const mostListed = 16;

/** Nothing found yet. Throws a RangeError for options out of range. */
export function makeFindings<K, V>({ most = mostListed, clockError = 0 }: HistoryOptions<K, V>): Findings<K, V> {
  if (!(most >= 0)) throw new RangeError(`Cannot check a history: expected a number of violations: received ${most}`);
  if (!(clockError >= 0 && clockError < Infinity)) {
    throw new RangeError(`Cannot check a history: expected a finite clock error: received ${clockError}`);
  }
  const violations: Array<HistoryViolation<K, V>> = [];
  let violated = 0;
  return {
    add: (violation) => {
      violated += 1;
      if (violations.length < most) violations.push(violation);
    },
    report: (operations, keys) => ({ operations: operations.length, keys, violated, violations }),
  };
}
