import type { Clock } from "../clock.ts";
import type { Slot } from "../protocol/slot.ts";
import type { Cell } from "./memory_cell.ts";
import type { Watchers } from "./watchers.ts";

/** What a memory backend keeps, and within which bounds. */
export interface State<P, N> {
  readonly cells: Map<N, Cell<P>>;
  /** What payloads count against `maxBytes`, where that is counted: most tiers are spared the place for it. */
  readonly sizes: Map<N, number> | undefined;
  readonly capacity: number;
  readonly maxBytes: number;
  readonly sizeOf: ((payload: P) => number) | undefined;
  readonly valueOf: (payload: P) => unknown;
  readonly dropped: (slot: unknown) => void;
  /** Those that writers have locked: a flush keeps them, and must not look for them among all. */
  readonly locked: Map<N, Cell<P>>;
  readonly clock: Clock;
  readonly watchers: Watchers<N>;
  bytes: number;
  hand: Iterator<[N, Cell<P>]>;
  closed: boolean;
}

/** Forgets a slot. */
export function drop<P, N>(state: State<P, N>, name: N): void {
  count(state, name, 0);
  state.cells.delete(name);
  if (state.locked.size > 0) state.locked.delete(name);
  state.dropped(name);
}

/** Forgets all slots. */
export function empty<P, N>(state: State<P, N>): void {
  state.cells.clear();
  state.locked.clear();
  state.sizes?.clear();
  state.bytes = 0;
  state.dropped(undefined);
}

function count<P, N>(state: State<P, N>, name: N, bytes: number): void {
  const { sizes } = state;
  if (sizes === undefined) return;
  state.bytes += bytes - (sizes.get(name) ?? 0);
  if (bytes === 0) sizes.delete(name);
  else sizes.set(name, bytes);
}

/** What a payload counts; one that its function cannot measure has no size, and finds no room. */
export function sizeOf<P, N>(state: State<P, N>, payload: P): number {
  try {
    return state.sizeOf === undefined ? 0 : state.sizeOf(payload);
  } catch {
    return NaN;
  }
}

/** Keeps a slot, and beside it what its readers need. */
export function write<P, N>(
  state: State<P, N>,
  name: N,
  cell: Cell<P> | undefined,
  slot: Slot<P>,
  bytes: number,
): void {
  count(state, name, bytes);
  const value = slot._tag === "Held" ? state.valueOf(slot.payload) : undefined;
  const fresh = slot._tag === "Held" ? Math.floor(Math.min(slot.fresh, slot.until)) : 0;
  const kept = cell ?? { fresh, used: false, value, slot };
  if (cell === undefined) {
    state.cells.set(name, kept);
  } else {
    cell.fresh = fresh;
    cell.value = value;
    cell.slot = slot;
  }
  if (slot._tag === "Locked") state.locked.set(name, kept);
  else if (state.locked.size > 0) state.locked.delete(name);
}

/** Whether there is more than there is room for. */
export function isOver<P, N>(state: State<P, N>): boolean {
  return state.cells.size > state.capacity || state.bytes > state.maxBytes;
}

/** How many used entries are spared in one go: an operation must not take as long as a walk round a full clock. */
const mostSpared = 64;

/** Moves the hand of the clock until there is room, at most twice round; what is locked or just written stays. */
export function makeRoom<P, N>(state: State<P, N>, newest: N, now: number): void {
  const round = 2 * state.cells.size;
  for (let step = 0; step < round && isOver(state); step++) {
    let next = state.hand.next();
    if (next.done === true) {
      state.hand = state.cells.entries();
      next = state.hand.next();
      if (next.done === true) return;
    }
    const [name, cell] = next.value;
    if (name !== newest && !(cell.used && step < mostSpared) && !isLive(cell.slot, now)) {
      drop(state, name);
      if (state.watchers.size() > 0) state.watchers.wake(name);
      continue;
    }
    // To the end, so that the hand passes it again: if it stayed, newcomers would keep the hand from coming round.
    cell.used = false;
    state.cells.delete(name);
    state.cells.set(name, cell);
  }
  // What is left is locked: an entry that found no room is given up, a lock is kept.
  const cell = state.cells.get(newest);
  if (isOver(state) && cell !== undefined && !isLive(cell.slot, now)) drop(state, newest);
}

/** Keeps the locks of writers that are under way from publishing. */
export function contend<P, N>(state: State<P, N>, name: N, cell: Cell<P>): void {
  if (cell.slot._tag === "Locked") write(state, name, cell, { ...cell.slot, contended: true }, 0);
}

/** Ends the freshness of an entry, and forgets a claim. */
export function expireCell<P, N>(state: State<P, N>, name: N, cell: Cell<P>): void {
  const { slot } = cell;
  if (slot._tag === "Claimed") drop(state, name);
  else if (slot._tag === "Locked") contend(state, name, cell);
  else if (slot._tag === "Held") {
    write(state, name, cell, { ...slot, fresh: state.clock.now(), mark: undefined }, state.sizes?.get(name) ?? 0);
  }
}

/** For how many milliseconds yet a reader may be at work on a slot: by its claim, or its mark on an entry. */
export function workLeft<P>(slot: Slot<P> | undefined, now: number): number {
  if (slot?._tag === "Claimed") return slot.deadline - now;
  return slot?._tag === "Held" && slot.mark !== undefined ? slot.mark.deadline - now : 0;
}

/** Whether a writer is under way, whose lock is never evicted. */
export function isLive<P>(slot: Slot<P>, now: number): boolean {
  return slot._tag === "Locked" && slot.tokens.some((each) => each.deadline > now);
}
