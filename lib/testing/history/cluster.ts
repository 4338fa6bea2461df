import type { HistoryOperation, HistoryOptions, ReadOperation, ValueZone, WriteOperation } from "./operation.ts";
import type { Findings } from "./findings.ts";

/** A zone while it is being made: when the first of its operations ended, and when the last one began. */
export interface Cluster<K, V> extends ValueZone<K, V> {
  first: HistoryOperation<K, V> | undefined;
  last: HistoryOperation<K, V> | undefined;
  firstEnd: number;
  lastStart: number;
  reads: number;
}

/** How reads of a history are widened: how much later than it seems a read or write may have begun. */
export interface Slack {
  readonly write: number;
  readonly read: number;
}

/**
 * The operations of each key by value. What can be said without any order is said here: reads of what nobody wrote, and
 * reads that ended before their write began. Writes that nobody saw, and that nobody knows to have happened, are left out.
 */
export function clustersOf<K, V>(
  operations: ReadonlyArray<HistoryOperation<K, V>>,
  options: HistoryOptions<K, V>,
  slack: Slack,
  findings: Findings<K, V>,
): ReadonlyMap<K, ReadonlyArray<Cluster<K, V>>> {
  const keys = new Map<K, Map<V, Cluster<K, V>>>();
  const of = (key: K): Map<V, Cluster<K, V>> => {
    const known = keys.get(key);
    if (known !== undefined) return known;
    const initial = options.initial?.(key) as V;
    const made = new Map([[initial, emptyCluster<K, V>(key, initial, undefined)]]);
    keys.set(key, made);
    return made;
  };
  for (const each of operations) if (each.kind === "write") addWrite(of(each.key), each, slack, findings);
  for (const each of operations) if (each.kind === "read") addRead(of(each.key), each, slack, findings);
  const found = new Map<K, ReadonlyArray<Cluster<K, V>>>();
  for (const [key, values] of keys) found.set(key, [...values.values()].filter(counts));
  return found;
}

function emptyCluster<K, V>(key: K, value: V, write: WriteOperation<K, V> | undefined): Cluster<K, V> {
  return { key, value, write, first: undefined, last: undefined, firstEnd: -Infinity, lastStart: -Infinity, reads: 0 };
}

function counts<K, V>({ write, reads }: Cluster<K, V>): boolean {
  if (write === undefined || write.outcome === "committed") return true;
  return write.outcome === "unknown" && reads > 0;
}

function addWrite<K, V>(
  values: Map<V, Cluster<K, V>>,
  write: WriteOperation<K, V>,
  slack: Slack,
  findings: Findings<K, V>,
): void {
  if (values.has(write.value)) return findings.add({ _tag: "Repeated", write });
  const made = emptyCluster(write.key, write.value, write);
  made.first = made.last = write;
  made.firstEnd = endOf(write);
  made.lastStart = write.start - slack.write;
  values.set(write.value, made);
}

function addRead<K, V>(
  values: Map<V, Cluster<K, V>>,
  read: ReadOperation<K, V>,
  slack: Slack,
  findings: Findings<K, V>,
): void {
  const cluster = values.get(read.value);
  const write = cluster?.write;
  if (cluster === undefined || write?.outcome === "aborted") {
    return findings.add({ _tag: "Invented", read, aborted: write });
  }
  if (write !== undefined && read.end < write.start - slack.write) findings.add({ _tag: "Early", read, write });
  cluster.reads += 1;
  if (read.end < cluster.firstEnd) {
    cluster.firstEnd = read.end;
    cluster.first = read;
  }
  const start = read.start - slack.read;
  if (start > cluster.lastStart) {
    cluster.lastStart = start;
    cluster.last = read;
  }
}

/** When a write was certainly over. */
export function endOf<K, V>(write: WriteOperation<K, V>): number {
  return write.outcome === "committed" ? write.end : Infinity;
}
