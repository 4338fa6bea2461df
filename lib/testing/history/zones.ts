import type { Cluster } from "./cluster.ts";
import type { Findings } from "./findings.ts";

/**
 * The zone test of Gibbons and Korach for the values of one key.
 *
 * A value some of whose operations ended before others of them began was there in between, without a gap: a *forward*
 * zone from the first end to the last start. The others have a moment in common, at which they can all have happened:
 * a *backward* zone. The key is linearizable if no two forward zones overlap and no backward zone lies within a forward
 * one. An end at the moment of a start counts as concurrent.
 */
export function findInterleaved<K, V>(clusters: ReadonlyArray<Cluster<K, V>>, findings: Findings<K, V>): void {
  const forward = clusters.filter((each) => each.firstEnd < each.lastStart).sort((a, b) => a.firstEnd - b.firstEnd);
  for (let i = 1; i < forward.length; i++) {
    const [one, other] = [forward[i - 1]!, forward[i]!];
    if (other.firstEnd < one.lastStart) findings.add({ _tag: "Interleaved", one, other });
  }
  for (const other of clusters) {
    if (other.firstEnd < other.lastStart) continue;
    // The only one that can hold it, if no two of them overlap.
    const one = forward[countBelow(forward, other.lastStart) - 1];
    if (one !== undefined && other.firstEnd < one.lastStart) findings.add({ _tag: "Interleaved", one, other });
  }
}

/** How many of the zones, sorted by their first end, have it before a moment. */
function countBelow<K, V>(sorted: ReadonlyArray<Cluster<K, V>>, moment: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]!.firstEnd < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Where the source's commit order is known, values must be seen in that order: none is seen to begin after one that
 * follows it was seen to the end. Values without a place in the order are left to the zone test.
 */
export function findBackwards<K, V>(clusters: ReadonlyArray<Cluster<K, V>>, findings: Findings<K, V>): void {
  const ordered = clusters.filter((each) => placeOf(each) !== undefined)
    .sort((a, b) => placeOf(b)! - placeOf(a)!);
  let earliest: Cluster<K, V> | undefined;
  for (const each of ordered) {
    if (earliest !== undefined && earliest.firstEnd < each.lastStart) {
      findings.add({ _tag: "Backwards", newer: earliest, older: each });
    }
    if (earliest === undefined || each.firstEnd < earliest.firstEnd) earliest = each;
  }
}

function placeOf<K, V>({ write }: Cluster<K, V>): number | undefined {
  return write === undefined ? -Infinity : write.order;
}
