import type { Summary } from "./statistics.ts";

/** One way of doing a thing. */
export interface Contender {
  readonly name: string;
  /** Does it so many times and returns something that was made of all results, so that none of it can be left out. */
  readonly run: (count: number) => number | Promise<number>;
  /** It is not done fewer times in a turn, since that would be another thing. */
  readonly least?: number;
  /** The most that it may cost, in floors; none where it is measured as information. */
  readonly target?: number;
  /**
   * Of another library: how many times the first contender's cost its own is asked to be at least; or that it is shown
   * beside it, where nothing was asked.
   */
  readonly behind?: number | "shown";
}

/** Several ways of doing the same thing, measured in turn. */
export interface Comparison {
  readonly title: string;
  /** The least that the thing can cost: what the others are divided by. */
  readonly floor: Contender;
  readonly contenders: ReadonlyArray<Contender>;
  /** The names of those that no other library is to be quicker than. */
  readonly ahead?: ReadonlyArray<string>;
}

/** Something that a case measures in its own way, in rounds as well: what takes a process of its own, or is no time. */
export interface Finding {
  readonly title: string;
  readonly rows: ReadonlyArray<FindingRow>;
}

/** One figure of a finding. */
export interface FindingRow {
  readonly name: string;
  readonly value: Summary;
  readonly unit: string;
  /** The most that the median may be, in the unit; none where it is information. */
  readonly target?: number;
}

/** Something that is counted, not timed, and so comes out the same everywhere. */
export interface Count {
  readonly title: string;
  readonly wanted: number;
  readonly received: number;
  readonly unit: string;
}

/** What a case consists of once everything it needs is there. */
export interface OpenCase extends AsyncDisposable {
  readonly counts: ReadonlyArray<Count>;
  readonly findings?: ReadonlyArray<Finding>;
  /** One after the other, where what a comparison needs should not be there during the others. */
  readonly comparisons: ReadonlyArray<Comparison> | AsyncIterable<Comparison>;
}

/** What cases are given. */
export interface Ground {
  /** A Redis to use under this prefix only; none where there is no server. */
  readonly redis: { readonly url: string; readonly prefix: string } | undefined;
}

/** A case by the name that `--only` knows. */
export interface Case {
  readonly name: string;
  readonly about: string;
  readonly needs: "nothing" | "redis";
  readonly open: (ground: Ground) => OpenCase | Promise<OpenCase>;
}
