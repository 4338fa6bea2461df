/** How a payload is kept in one word, and had back: what stands round it in each payload is not kept for each entry. */
export interface Lens<P> {
  /** What is kept for a payload. `undefined` would look like nothing to who reads the columns himself. */
  readonly keep: (payload: P) => unknown;
  /** A payload that is equal to the one that was kept. */
  readonly take: (kept: unknown) => P;
}

/**
 * Rows of slots in columns, without a gap. An object for each slot would be several objects, which take more than what
 * is kept, and which among many are as many misses of the processor's cache to follow.
 *
 * They stand on pages, because to copy one long column into a longer one would stop everything for that long.
 */
export interface Columns<P, N> {
  /** Where each name's row is. */
  readonly rows: Map<N, number>;
  /** The rows themselves, so many on each page. */
  readonly pages: Array<Page<N>>;
  /** How many rows there are. */
  count: number;
  /** How payloads are kept. */
  readonly lens: Lens<P>;
  /** How many rows are expected at most; more take more room than they need. */
  readonly capacity: number;
  /** Whether what a row counts is kept. */
  readonly isCounted: boolean;
}

/** The rows of one page. */
export interface Page<N> {
  /** What each row keeps. */
  kept: Array<unknown>;
  /** Until when each row has a value that is fresh. It stands by itself, because a hit needs no other time. */
  fresh: Float64Array;
  /** The other times of each row, side by side. */
  times: Float64Array;
  /** The name of each row. */
  names: Array<N | undefined>;
  /** What each row counts; empty where that is not kept. */
  counts: Float64Array;
}

/** How many other times a row has. */
export const timesPerRow = 3;

/** A page of 2 ** 15 rows is copied, while it grows, in less than a millisecond, and is a thirtieth of a million rows. */
export const pageBits = 15;
const pageRows = 1 << pageBits;

/** Which row of its page a row is. */
export const offsetMask: number = pageRows - 1;

/** The first page begins with so many rows, and doubles. */
const fewest = 16;

/** No rows yet. */
export function makeColumns<P, N>(lens: Lens<P>, capacity: number, isCounted: boolean): Columns<P, N> {
  return { rows: new Map(), pages: [], count: 0, lens, capacity, isCounted };
}

/** The page of a row. */
export function pageOf<P, N>(columns: Columns<P, N>, row: number): Page<N> {
  return columns.pages[row >> pageBits]!;
}

/** A new row at the end, for a name that has none. */
export function append<P, N>(columns: Columns<P, N>, name: N): number {
  const row = columns.count++;
  const number = row >> pageBits;
  const page = columns.pages[number] ?? (columns.pages[number] = makePage());
  const offset = row & offsetMask;
  if (offset >= page.names.length) enlarge(page, rowsFor(columns, number, offset), columns.isCounted);
  page.names[offset] = name;
  columns.rows.set(name, row);
  return row;
}

/** Takes a row away; the last one takes its place. */
export function remove<P, N>(columns: Columns<P, N>, row: number): void {
  const page = pageOf(columns, row);
  const offset = row & offsetMask;
  columns.rows.delete(page.names[offset]!);
  const last = --columns.count;
  const from = pageOf(columns, last);
  const end = last & offsetMask;
  if (row !== last) {
    const name = from.names[end]!;
    page.names[offset] = name;
    page.kept[offset] = from.kept[end];
    page.fresh[offset] = from.fresh[end]!;
    for (let i = 0; i < timesPerRow; i++) page.times[timesPerRow * offset + i] = from.times[timesPerRow * end + i]!;
    if (columns.isCounted) page.counts[offset] = from.counts[end]!;
    columns.rows.set(name, row);
  }
  from.names[end] = from.kept[end] = undefined;
  // One page more than there are rows for stays, so that rows that come and go do not make and leave one each.
  if (columns.pages.length > (last >> pageBits) + 2) columns.pages.pop();
}

/** Takes all rows away. */
export function clear<P, N>(columns: Columns<P, N>): void {
  columns.rows.clear();
  columns.pages.length = 0;
  columns.count = 0;
}

/** The name of a row. */
export function nameOf<P, N>(columns: Columns<P, N>, row: number): N {
  return pageOf(columns, row).names[row & offsetMask]!;
}

/** What a row counts. */
export function countOf<P, N>(columns: Columns<P, N>, row: number): number {
  return columns.isCounted ? pageOf(columns, row).counts[row & offsetMask]! : 0;
}

function makePage<N>(): Page<N> {
  return { kept: [], fresh: none, times: none, names: [], counts: none };
}

const none = new Float64Array(0);

/** How many rows a page gets that has too few: what is expected, and a row for who comes before another one goes. */
function rowsFor<P, N>({ capacity }: Columns<P, N>, number: number, rows: number): number {
  const wanted = number === 0 ? Math.min(pageRows, Math.max(fewest, 2 * rows)) : pageRows;
  const expected = capacity + 1 - number * pageRows;
  return expected > rows ? Math.min(wanted, expected) : wanted;
}

function enlarge<N>(page: Page<N>, rows: number, isCounted: boolean): void {
  page.kept = longer(page.kept, rows);
  page.names = longer(page.names, rows);
  page.fresh = longerTimes(page.fresh, rows);
  page.times = longerTimes(page.times, timesPerRow * rows);
  if (isCounted) page.counts = longerTimes(page.counts, rows);
}

/** An array of just that length: one that grows by itself takes half as much again. */
function longer<A>(array: ReadonlyArray<A>, length: number): Array<A | undefined> {
  const made = new Array<A | undefined>(length).fill(undefined);
  for (let i = 0; i < array.length; i++) made[i] = array[i];
  return made;
}

function longerTimes(times: Float64Array, length: number): Float64Array {
  const made = new Float64Array(length);
  made.set(times);
  return made;
}
