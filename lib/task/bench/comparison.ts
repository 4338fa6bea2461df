/** One way of doing a thing. */
export interface Contender {
  readonly name: string;
  /** Does it so many times and returns something that was made of all results, so that none of it can be left out. */
  readonly run: (count: number) => number | Promise<number>;
  /** The most that it may cost, in floors; none where it is measured as information. */
  readonly target?: number;
  /** How many times the first contender's cost another library's is expected to be at least. */
  readonly behind?: number;
}

/** Several ways of doing the same thing, measured in turn. */
export interface Comparison {
  readonly title: string;
  /** The least that the thing can cost: what the others are divided by. */
  readonly floor: Contender;
  readonly contenders: ReadonlyArray<Contender>;
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
  readonly comparisons: ReadonlyArray<Comparison>;
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
