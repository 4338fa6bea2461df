import fc from "fast-check";
import type { HistoryOperation, WriteOperation } from "../../lib/testing/history.ts";

/** A history of one key, whose first value is 0. */
export type SmallHistory = ReadonlyArray<HistoryOperation<string, number>>;

// Few moments, so that operations often meet in one.
const moment = fc.integer({ min: 0, max: 12 });

interface Made {
  readonly kind: "read" | "write";
  readonly start: number;
  readonly length: number;
  readonly pick: number;
  readonly outcome: WriteOperation<string, number>["outcome"];
}

const made: fc.Arbitrary<Made> = fc.record({
  kind: fc.constantFrom("read", "read", "write"),
  start: moment,
  length: fc.integer({ min: 0, max: 5 }),
  pick: fc.nat(1_000),
  outcome: fc.constantFrom("committed", "committed", "committed", "unknown", "aborted"),
});

/** Histories whose reads return anything that is written at all, or the first value. */
export const anyHistory: fc.Arbitrary<SmallHistory> = fc.array(made, { minLength: 2, maxLength: 10 }).map((steps) => {
  const writes = steps.filter(({ kind }) => kind === "write").length;
  let written = 0;
  return steps.map(({ kind, start, length, pick, outcome }) => {
    const times = { key: "k", start, end: start + length };
    return kind === "read"
      ? { kind, value: pick % (writes + 1), ...times }
      : { kind, value: ++written, outcome, order: (pick % 5) * 100 + written, ...times };
  });
});

/** Histories of a register that works, except that some reads return another value. */
export const likelyHistory: fc.Arbitrary<SmallHistory> = fc.record({
  steps: fc.array(fc.record({ made, at: fc.integer({ min: 0, max: 5 }) }), { minLength: 2, maxLength: 10 }),
  broken: fc.array(fc.nat(9), { maxLength: 2 }),
}).map(({ steps, broken }) => {
  let written = 0;
  const timed = steps.map(({ made, at }, i) => ({ ...made, i, moment: made.start + Math.min(at, made.length) }))
    .sort((a, b) => a.moment - b.moment);
  let value = 0;
  return timed.map(({ kind, start, length, pick, outcome, i }): SmallHistory[number] => {
    const times = { key: "k", start, end: start + length };
    if (kind === "read") {
      const returned = broken.includes(i) ? pick % (written + 1) : value;
      return { kind, value: returned, ...times };
    }
    written += 1;
    if (outcome !== "aborted" && !(outcome === "unknown" && pick % 2 === 0)) value = written;
    return { kind, value: written, outcome, order: written, ...times };
  });
});
