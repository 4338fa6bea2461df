import type { HistoryOperation, HistoryViolation, ValueZone } from "./operation.ts";

/**
 * Says a {@linkcode HistoryViolation} in words: which operations contradict each other, with their values and times.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { checkWritten, showViolation } from "@lamina/cache/testing";
 *
 * const { violations } = checkWritten([{ kind: "read", key: "a", value: "one", start: 2, end: 3, by: "Ada" }]);
 * assertEquals(violations.map(showViolation), ['key "a": Ada\'s read of "one" [2, 3], which nobody wrote']);
 * ```
 */
export function showViolation<K, V>(violation: HistoryViolation<K, V>): string {
  switch (violation._tag) {
    case "Invented": {
      const { read, aborted } = violation;
      const because = aborted === undefined ? "which nobody wrote" : `which was not written: ${showOperation(aborted)}`;
      return `${keyOf(read)}: ${showOperation(read)}, ${because}`;
    }
    case "Early":
      return `${keyOf(violation.read)}: ${showOperation(violation.read)} before ${showOperation(violation.write)}`;
    case "Repeated":
      return `${keyOf(violation.write)}: ${
        showOperation(violation.write)
      }, a value that the key held or was written before`;
    case "Interleaved":
      return `${keyOf(violation.one)}: two values at one time:\n  ${showZone(violation.one)}\n  ${
        showZone(violation.other)
      }`;
    case "Backwards":
      return `${keyOf(violation.older)}: an older value after a newer one:\n  newer: ${
        showZone(violation.newer)
      }\n  older: ${showZone(violation.older)}`;
    case "Stale":
      return `${keyOf(violation.read)}: ${showOperation(violation.read)} after ${showOperation(violation.write)}`;
  }
}

function keyOf<K>({ key }: { readonly key: K }): string {
  return `key ${show(key)}`;
}

function showZone<K, V>({ value, write, first, last }: ValueZone<K, V>): string {
  const place = write?.order === undefined ? "" : `, ${write.order} in the source's order`;
  const from = first === undefined ? "from the beginning" : `once ${showOperation(first)} had ended`;
  const to = last === undefined ? "until anything was written" : `until ${showOperation(last)} began`;
  return `${show(value)}${place}: ${from}, ${to}`;
}

function showOperation<K, V>(operation: HistoryOperation<K, V>): string {
  const { kind, value, start, end, by } = operation;
  const open = operation.kind === "write" && operation.outcome !== "committed";
  const verb = kind === "read" ? "read" : operation.kind === "write" && open ? `${operation.outcome} write` : "write";
  return `${by === undefined ? "the" : `${by}'s`} ${verb} of ${show(value)} [${time(start)}, ${
    open ? "…" : time(end)
  }]`;
}

function time(milliseconds: number): string {
  return Number.isFinite(milliseconds) ? String(Math.round(milliseconds * 1_000) / 1_000) : "…";
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
