import type { Clock } from "../clock.ts";
import type { Slot } from "../protocol/slot.ts";
import type { Columns } from "./memory_columns.ts";
import { append, clear, countOf, nameOf, offsetMask, pageOf, remove } from "./memory_columns.ts";
import { expireAt, keepAt, noteRead, slotAt, wasRead, wholeAt } from "./memory_row.ts";
import type { Watchers } from "./watchers.ts";

/** What a memory backend keeps, and within which bounds. */
export interface State<P, N> {
  readonly columns: Columns<P, N>;
  readonly capacity: number;
  readonly maxBytes: number;
  readonly sizeOf: ((payload: P) => number) | undefined;
  readonly dropped: (slot: unknown) => void;
  /** Those that writers have locked: a flush keeps them, and must not look for them among all. */
  readonly locked: Set<N>;
  readonly clock: Clock;
  /** The time by which its steps go. */
  readonly now: () => number;
  readonly watchers: Watchers<N>;
  bytes: number;
  /** The row that the hand of the clock points to. */
  hand: number;
  closed: boolean;
}

/** Forgets a slot. */
export function drop<P, N>(state: State<P, N>, name: N, row: number): void {
  const { columns } = state;
  state.bytes -= countOf(columns, row);
  remove(columns, row);
  if (state.locked.size > 0) state.locked.delete(name);
  state.dropped(name);
}

/** Forgets all slots. */
export function empty<P, N>(state: State<P, N>): void {
  clear(state.columns);
  state.locked.clear();
  state.bytes = 0;
  state.hand = 0;
  state.dropped(undefined);
}

/** What a payload counts; one that its function cannot measure has no size, and finds no room. */
export function sizeOf<P, N>(state: State<P, N>, payload: P): number {
  try {
    const size = state.sizeOf === undefined ? 0 : state.sizeOf(payload);
    // Neither can be taken off the sum again.
    return size >= 0 && size < Infinity ? Number(size) : NaN;
  } catch {
    return NaN;
  }
}

/** Keeps a slot in its row, or in a new one if it has none yet. */
export function write<P, N>(
  state: State<P, N>,
  name: N,
  known: number | undefined,
  slot: Slot<P>,
  bytes: number,
): void {
  const { columns, locked } = state;
  const row = known ?? append(columns, name);
  if (columns.isCounted) {
    const { counts } = pageOf(columns, row);
    state.bytes += bytes - (known === undefined ? 0 : counts[row & offsetMask]!);
    counts[row & offsetMask] = bytes;
  }
  keepAt(columns, row, slot, known !== undefined && wasRead(columns, row));
  if (slot._tag === "Locked") locked.add(name);
  else if (locked.size > 0) locked.delete(name);
}

/** Whether there is more than there is room for. */
export function isOver<P, N>(state: State<P, N>): boolean {
  return state.columns.count > state.capacity || state.bytes > state.maxBytes;
}

/** How many entries that were read are spared in one go: an operation must not take as long as a walk round a full clock. */
const mostSpared = 64;

/**
 * Moves the hand of the clock until there is room, or twice round without any to be had; what is locked or just written
 * stays. The last row takes the place of one that goes, and its turn is over with that: it is often the newest.
 */
export function makeRoom<P, N>(state: State<P, N>, newest: N, now: number): void {
  const { columns, watchers } = state;
  let passed = 0;
  for (let left = 2 * columns.count; left > 0 && isOver(state); left--) {
    if (state.hand >= columns.count) state.hand = 0;
    const row = state.hand++;
    const name = nameOf(columns, row);
    const isSpared = passed++ < mostSpared && wasRead(columns, row);
    if (name === newest || isSpared || isLive(wholeAt(columns, row), now)) {
      noteRead(columns, row, false);
      continue;
    }
    drop(state, name, row);
    left = 2 * columns.count + 1;
    if (watchers.size() > 0) watchers.wake(name);
  }
  // What is left is locked: an entry that found no room is given up, a lock is kept.
  const row = columns.rows.get(newest);
  if (isOver(state) && row !== undefined && !isLive(wholeAt(columns, row), now)) drop(state, newest, row);
}

/** Forgets all slots but live locks, and keeps these from publishing. */
export function flushAll<P, N>(state: State<P, N>): void {
  const { columns, locked } = state;
  const now = state.clock.now();
  const before = [...locked].map((name) => [name, slotAt(columns, columns.rows.get(name)!)] as const);
  empty(state);
  for (const [name, slot] of before) if (isLive(slot, now)) contend(state, name, undefined, slot);
}

function contend<P, N>(state: State<P, N>, name: N, row: number | undefined, slot: Slot<P>): void {
  if (slot._tag === "Locked") write(state, name, row, { ...slot, contended: true }, 0);
}

/** Ends the freshness of every entry, and forgets claims. */
export function expireAll<P, N>(state: State<P, N>): void {
  const { columns } = state;
  // What ends now is not fresh in the rest of the turn either.
  const now = state.now();
  // From the end: the row that takes the place of a claim was there already.
  for (let row = columns.count - 1; row >= 0; row--) {
    if (!expireAt(columns, row, now)) expireSlot(state, row, now);
  }
}

function expireSlot<P, N>(state: State<P, N>, row: number, now: number): void {
  const { columns } = state;
  const name = nameOf(columns, row);
  const slot = slotAt(columns, row);
  if (slot._tag === "Claimed") drop(state, name, row);
  else if (slot._tag === "Locked") contend(state, name, row, slot);
  else if (slot._tag === "Held") {
    const fresh = Math.min(slot.fresh, now);
    write(state, name, row, { ...slot, fresh, mark: undefined }, countOf(columns, row));
  }
}

/** For how many milliseconds yet a reader may be at work on a slot: by its claim, or its mark on an entry. */
export function workLeft<P>(slot: Slot<P> | undefined, now: number): number {
  if (slot?._tag === "Claimed") return slot.deadline - now;
  return slot?._tag === "Held" && slot.mark !== undefined ? slot.mark.deadline - now : 0;
}

/** Whether a writer is under way, whose lock is never evicted. */
function isLive<P>(slot: Slot<P> | undefined, now: number): boolean {
  return slot?._tag === "Locked" && slot.tokens.some((each) => each.deadline > now);
}
