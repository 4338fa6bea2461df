import type { HistoryOperation, HistoryOptions, HistoryReport } from "../../testing/history.ts";
import { checkFreshness, checkLinearizable, checkWritten, showViolation } from "../../testing/history.ts";
import type { Promised } from "./scenario.ts";
import { initialValue } from "./settings.ts";

/** The operations of a run. */
export type History = ReadonlyArray<HistoryOperation<string, string>>;

/** What the checker says of a history. */
export interface Verdict {
  /** What contradicts the promise, in words; the first few of each kind. */
  readonly violations: ReadonlyArray<string>;
  readonly violated: number;
  /** By how many milliseconds reads were behind at most: the history, or where that is bounded each read. */
  readonly staleness: number;
}

const initially = () => initialValue;

/** Checks a history, without the reads of those left behind, and theirs for what was never written. */
export function judgeHistory(
  history: History,
  promised: Promised,
  { clockError, bound, leftBehind, initial = initially }: {
    readonly clockError: number;
    /** Within how many milliseconds what is older must not be read any more, where order may break at all. */
    readonly bound: number;
    readonly leftBehind: string | undefined;
    /** What a key held before its first write. */
    readonly initial?: (key: string) => string;
  },
): Verdict {
  const options = { initial, clockError, most: 4 };
  const isLeft = (each: History[number]) => each.kind === "read" && each.by!.startsWith(`${leftBehind}.`);
  const main = leftBehind === undefined ? history : history.filter((each) => !isLeft(each));
  const reports: Array<readonly [string, HistoryReport<string, string>]> = [];
  if (promised === "bounded") {
    reports.push([
      `more than ${bound} ms after an acknowledged write`,
      checkFreshness(main, { ...options, staleness: bound }),
    ]);
    reports.push(["I4", checkWritten(main, options)]);
  } else if (promised === "linearizable") reports.push(["I2 or I3", checkLinearizable(main, options)]);
  else {
    reports.push(["I2", checkFreshness(main, options)]);
    reports.push([`more than ${bound} ms behind`, checkLinearizable(main, { ...options, staleness: bound })]);
  }
  if (leftBehind !== undefined) reports.push(["I4", checkWritten(history, options)]);
  return {
    violations: reports.flatMap(([what, { violations }]) =>
      violations.map((each) => `${what}: ${showViolation(each)}`)
    ),
    violated: reports.reduce((sum, [, { violated }]) => sum + violated, 0),
    staleness: leastStaleness(
      main,
      { initial, clockError },
      promised === "bounded" ? checkFreshness : checkLinearizable,
    ),
  };
}

/** The smallest staleness, to a millisecond, with which a history passes. */
function leastStaleness(
  history: History,
  options: Pick<HistoryOptions<string, string>, "initial" | "clockError">,
  check: typeof checkFreshness,
): number {
  const holds = (staleness: number) => check(history, { ...options, staleness }).violated === 0;
  if (holds(0)) return 0;
  let low = 0;
  let high = 1;
  while (!holds(high)) {
    // What no staleness excuses: values that were not written.
    if (high > 1e6) return Infinity;
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
