import { type Fault, faults, type Invariant, type WorldOptions } from "../../testing/explorer.ts";

/** A level as an application meets it, or another kind of world. */
export interface Level {
  readonly name: string;
  readonly world: WorldOptions;
  /** What a single fault breaks; a fault that is not named breaks nothing. */
  readonly breaks: Readonly<Partial<Record<Fault, ReadonlyArray<Invariant>>>>;
}

/** A world to explore, and what may break in it. */
export interface Row {
  readonly variant: string;
  readonly faults: ReadonlyArray<Fault>;
  readonly world: WorldOptions;
  readonly breaks: ReadonlyArray<Invariant>;
}

/** Worlds without a fault, and under each of these alone. */
export function underEach(of: ReadonlyArray<Level>, each: ReadonlyArray<Fault> = faults): ReadonlyArray<Row> {
  return of.flatMap(({ name, world, breaks }) =>
    [undefined, ...each].map((fault): Row => ({
      variant: name,
      world,
      faults: fault === undefined ? [] : [fault],
      breaks: fault === undefined ? [] : breaks[fault] ?? [],
    }))
  );
}
