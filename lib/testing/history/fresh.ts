import type { Cluster } from "./cluster.ts";
import { endOf } from "./cluster.ts";
import type { Findings } from "./findings.ts";
import type { ReadOperation, WriteOperation } from "./operation.ts";

/** The acknowledged writes of a key by their ends: which of those up to each place began last, and came last in order. */
export interface Acknowledged<K, V> {
  readonly ends: ReadonlyArray<number>;
  readonly begunLast: ReadonlyArray<WriteOperation<K, V>>;
  readonly orderedLast: ReadonlyArray<WriteOperation<K, V> | undefined>;
}

/** The acknowledged writes among the values of a key. */
export function acknowledgedOf<K, V>(clusters: ReadonlyArray<Cluster<K, V>>): Acknowledged<K, V> {
  const writes = clusters.flatMap(({ write }) => write?.outcome === "committed" ? [write] : [])
    .sort((a, b) => a.end - b.end);
  const begunLast: Array<WriteOperation<K, V>> = [];
  const orderedLast: Array<WriteOperation<K, V> | undefined> = [];
  for (const each of writes) {
    const begun = begunLast.at(-1);
    begunLast.push(begun !== undefined && begun.start > each.start ? begun : each);
    const ordered = orderedLast.at(-1);
    orderedLast.push(each.order === undefined || (ordered?.order ?? -Infinity) > each.order ? ordered : each);
  }
  return { ends: writes.map(({ end }) => end), begunLast, orderedLast };
}

/** Looks whether a read returned what had been superseded, for certain and acknowledged, `slack` before it began. */
export function findStale<K, V>(
  read: ReadOperation<K, V>,
  written: WriteOperation<K, V> | undefined,
  { ends, begunLast, orderedLast }: Acknowledged<K, V>,
  slack: { readonly read: number; readonly write: number },
  findings: Findings<K, V>,
): void {
  const last = countBefore(ends, read.start - slack.read) - 1;
  if (last < 0) return;
  const begun = begunLast[last]!;
  const ordered = orderedLast[last];
  const end = written === undefined ? -Infinity : endOf(written);
  const place = written === undefined ? -Infinity : written.order;
  if (begun !== written && end < begun.start - slack.write) findings.add({ _tag: "Stale", read, write: begun });
  else if (ordered !== undefined && place !== undefined && place < ordered.order!) {
    findings.add({ _tag: "Stale", read, write: ordered });
  }
}

function countBefore(sorted: ReadonlyArray<number>, moment: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}
