import type { Slot } from "../protocol/slot.ts";

/**
 * A place in memory: the slot, and what its readers keep beside it. What a hit needs stands first and in the cell itself:
 * among many entries each object that is followed is a miss of the processor's cache, which costs as much as all the rest.
 */
export interface Cell<P> {
  /** Until when the slot has a value that is fresh; 0 where it has none. Whole milliseconds, which need no object. */
  fresh: number;
  /** Whether it was read since the hand of the clock last passed. */
  used: boolean;
  /** What `valueOf` makes of the payload, where there is one. */
  value: unknown;
  /** What the protocol keeps here. */
  slot: Slot<P>;
}

/**
 * The cell of a slot with a value that is fresh now, while the term is not over that all cells have. A function of cells:
 * to go through a backend costs a hit a fifth more.
 */
export function freshCell<P, N>(
  cells: ReadonlyMap<N, Cell<P>>,
  name: N,
  now: () => number,
  term: Float64Array = always,
): Cell<P> | undefined {
  const cell = cells.get(name);
  if (cell === undefined) return undefined;
  const at = now();
  if (!(cell.fresh > at) || !(term[0]! > at)) return undefined;
  // Where it is set already, the cell's memory stays clean.
  if (!cell.used) cell.used = true;
  return cell;
}

/** In an array it is a number, and not an object. */
const always = new Float64Array([Infinity]);
