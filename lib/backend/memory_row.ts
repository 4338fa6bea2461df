import type { Held, Slot } from "../protocol/slot.ts";
import { absent } from "../protocol/slot.ts";
import type { Columns, Page } from "./memory_columns.ts";
import { offsetMask, pageBits, pageOf, timesPerRow } from "./memory_columns.ts";

/**
 * The columns of a row. A held slot of the usual shape is its payload, as the lens keeps it, and four times. The one until
 * which it is fresh is negative as long as nobody has read the slot: what a hit needs to know is one number.
 *
 * Whatever does not fit exactly is kept as it is: the row keeps the slot itself, is fresh until NaN, which is after no
 * moment, and has for its times whether it was read, and 0, 0. So a slot has the usual shape if its last time is not 0.
 */
const [loadedAt, bornAt, untilAt] = [0, 1, 2];
const readAt = loadedAt;

/**
 * What is kept for a slot with a value that is fresh now, as long as the term is not over that all slots have; else
 * undefined. A function of columns: to go through a backend costs a hit a fifth more.
 */
export function freshValue<P, N>(
  columns: Columns<P, N>,
  name: N,
  now: () => number,
  term: Float64Array = always,
): unknown {
  const row = columns.rows.get(name);
  if (row === undefined) return undefined;
  const page = columns.pages[row >> pageBits]!;
  const offset = row & offsetMask;
  const fresh = page.fresh[offset]!;
  const at = now();
  if (!(term[0]! > at)) return undefined;
  if (!(Math.abs(fresh) > at)) return Number.isNaN(fresh) ? wholeValue(columns, name, at) : undefined;
  // Where it is noted already, the memory stays clean.
  if (fresh < 0) page.fresh[offset] = -fresh;
  return page.kept[offset];
}

/** In an array it is a number, and not an object. */
const always = new Float64Array([Infinity]);

function wholeValue<P, N>(columns: Columns<P, N>, name: N, at: number): unknown {
  const slot = freshSlot(columns, name, at);
  return slot && columns.lens.keep(slot.payload);
}

/** The slot of a row. */
export function slotAt<P, N>(columns: Columns<P, N>, row: number): Slot<P> {
  const page = pageOf(columns, row);
  const offset = row & offsetMask;
  const at = timesPerRow * offset;
  const { times } = page;
  const until = times[at + untilAt]!;
  if (until === 0) return page.kept[offset] as Slot<P>;
  return {
    _tag: "Held",
    born: times[at + bornAt]!,
    payload: columns.lens.take(page.kept[offset]),
    loaded: times[at + loadedAt]!,
    fresh: Math.abs(page.fresh[offset]!),
    until,
    expires: until,
    identity: "",
    mark: undefined,
  };
}

/** A slot with a value that is fresh at a moment, and is noted as read. */
export function freshSlot<P, N>(columns: Columns<P, N>, name: N, at: number): Held<P> | undefined {
  const row = columns.rows.get(name);
  const slot = row === undefined ? absent : slotAt(columns, row);
  if (slot._tag !== "Held" || !(Math.min(slot.fresh, slot.until) > at)) return undefined;
  noteRead(columns, row!);
  return slot;
}

/** The slot of a row that is kept as it is; undefined for one of the usual shape. */
export function wholeAt<P, N>(columns: Columns<P, N>, row: number): Slot<P> | undefined {
  const page = pageOf(columns, row);
  return isWhole(page, row) ? page.kept[row & offsetMask] as Slot<P> : undefined;
}

function isWhole<N>({ times }: Page<N>, row: number): boolean {
  return times[timesPerRow * (row & offsetMask) + untilAt] === 0;
}

/** Keeps a slot in a row that is new, or whose last slot was read or not. */
export function keepAt<P, N>(columns: Columns<P, N>, row: number, slot: Slot<P>, wasRead: boolean): void {
  const page = pageOf(columns, row);
  const offset = row & offsetMask;
  const at = timesPerRow * offset;
  const { fresh, times } = page;
  if (slot._tag === "Held" && isUsual(slot)) {
    page.kept[offset] = columns.lens.keep(slot.payload);
    fresh[offset] = wasRead ? slot.fresh : -slot.fresh;
    times[at + loadedAt] = slot.loaded;
    times[at + bornAt] = slot.born;
    times[at + untilAt] = slot.until;
  } else {
    page.kept[offset] = slot;
    fresh[offset] = NaN;
    times[at + bornAt] = times[at + untilAt] = 0;
    times[at + readAt] = wasRead ? 1 : 0;
  }
}

/** Whether a slot can be had back from its columns as it was. */
function isUsual<P>({ fresh, until, expires, identity, mark }: Held<P>): boolean {
  return fresh > 0 && until >= fresh && expires === until && identity === "" && mark === undefined;
}

/** Ends the freshness of a slot of the usual shape; whether it was one. */
export function expireAt<P, N>(columns: Columns<P, N>, row: number, now: number): boolean {
  const page = pageOf(columns, row);
  if (isWhole(page, row) || !(now > 0)) return false;
  const offset = row & offsetMask;
  const fresh = page.fresh[offset]!;
  page.fresh[offset] = fresh < 0 ? Math.max(fresh, -now) : Math.min(fresh, now);
  return true;
}

/** Whether a row was read since that was last forgotten. */
export function wasRead<P, N>(columns: Columns<P, N>, row: number): boolean {
  const page = pageOf(columns, row);
  const offset = row & offsetMask;
  return isWhole(page, row) ? page.times[timesPerRow * offset + readAt] === 1 : page.fresh[offset]! > 0;
}

/** Notes whether a row was read. */
export function noteRead<P, N>(columns: Columns<P, N>, row: number, isRead = true): void {
  const page = pageOf(columns, row);
  const offset = row & offsetMask;
  if (isWhole(page, row)) page.times[timesPerRow * offset + readAt] = isRead ? 1 : 0;
  else page.fresh[offset] = Math.abs(page.fresh[offset]!) * (isRead ? 1 : -1);
}
