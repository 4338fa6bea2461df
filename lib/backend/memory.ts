import type { Clock } from "../clock.ts";
import { coarse, systemClock } from "../clock.ts";
import type { At, Reply, Slot } from "../protocol/slot.ts";
import { absent, apply } from "../protocol/slot.ts";
import type { Cell } from "./memory_cell.ts";
import { freshCell } from "./memory_cell.ts";
import type { Backend, Call, Request } from "./port.ts";
import { unreachable } from "./port.ts";

export type { Cell } from "./memory_cell.ts";

/** What bounds a memory backend, and its effects. */
export interface MemoryOptions<P> {
  /** The most slots it keeps; above, the least recently used ones go (CLOCK). Live locks never do. */
  readonly capacity: number;
  /** The most bytes of payload it keeps, as `sizeOf` counts them. */
  readonly maxBytes?: number;
  /** What a payload counts against `maxBytes`. */
  readonly sizeOf?: (payload: P) => number;
  /** The time, {@linkcode systemClock} by default. */
  readonly clock?: Clock;
  /** What is kept beside a payload for those who ask without a promise; undefined for nothing. */
  readonly valueOf?: (payload: P) => unknown;
}

/** A backend in this process, with a way in that needs no promise. */
export interface MemoryBackend<P, N> extends Backend<P, N> {
  /** The cell of a slot with a value that is fresh now; nothing else of it changes. */
  readonly peek: (slot: N) => Cell<P> | undefined;
  /** What it keeps, for who has to be quicker than `peek`; only the backend writes it. */
  readonly cells: ReadonlyMap<N, Cell<P>>;
  /** The same step as `run`, at once. */
  readonly runNow: (requests: ReadonlyArray<Request<P, N>>, call: Call) => ReadonlyArray<Reply<P>>;
  /** How many slots, and how many bytes of payload, are kept. */
  readonly size: () => { readonly slots: number; readonly bytes: number };
  /** The names and slots that are kept, dead ones included. */
  readonly inspect: () => ReadonlyArray<readonly [N, Slot<P>]>;
  /** Forgets every entry and claim; live locks stay. */
  readonly flush: () => void;
}

interface State<P, N> {
  readonly cells: Map<N, Cell<P>>;
  /** What payloads count against `maxBytes`, where that is counted: most tiers are spared the place for it. */
  readonly sizes: Map<N, number> | undefined;
  readonly capacity: number;
  readonly maxBytes: number;
  readonly sizeOf: ((payload: P) => number) | undefined;
  readonly valueOf: (payload: P) => unknown;
  readonly clock: Clock;
  bytes: number;
  hand: Iterator<[N, Cell<P>]>;
  closed: boolean;
}

/**
 * A backend that is the slot function on a Map, bounded by count and bytes. A live lock is never evicted, so its level
 * is `pinned`. Payloads are kept by reference.
 */
export function memoryBackend<P, N = string>(options: MemoryOptions<P>): MemoryBackend<P, N> {
  const state = makeState<P, N>(options);
  const { cells } = state;
  const now = coarse(state.clock);
  const close = (): Promise<void> => {
    state.closed = true;
    cells.clear();
    state.sizes?.clear();
    state.bytes = 0;
    return Promise.resolve();
  };
  return {
    name: "memory",
    level: () => "pinned",
    run: (requests, call) => () => Promise.resolve(runNow(state, requests, call)),
    runNow: (requests, call) => runNow(state, requests, call),
    peek: (name) => freshCell(cells, name, now),
    cells,
    size: () => ({ slots: cells.size, bytes: state.bytes }),
    inspect: () => [...cells].map(([name, cell]) => [name, cell.slot]),
    flush: () => {
      const at = state.clock.now();
      for (const [name, cell] of cells) if (!isLive(cell.slot, at)) drop(state, name);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function makeState<P, N>(options: MemoryOptions<P>): State<P, N> {
  const { capacity, maxBytes = Infinity, sizeOf, valueOf = () => undefined, clock = systemClock } = options;
  if (!(Number.isInteger(capacity) && capacity > 0)) {
    throw new RangeError(`Cannot make a memory backend: expected a positive whole capacity: received ${capacity}`);
  }
  if (!(maxBytes > 0)) {
    throw new RangeError(`Cannot make a memory backend: expected positive maxBytes: received ${maxBytes}`);
  }
  const cells = new Map<N, Cell<P>>();
  const sizes = sizeOf === undefined ? undefined : new Map<N, number>();
  return { cells, sizes, capacity, maxBytes, sizeOf, valueOf, clock, bytes: 0, hand: cells.entries(), closed: false };
}

function runNow<P, N>(
  state: State<P, N>,
  requests: ReadonlyArray<Request<P, N>>,
  call: Call,
): ReadonlyArray<Reply<P>> {
  if (state.closed) return unreachable(requests.length, "closed");
  const { lease, level } = call;
  const at: At = { now: state.clock.now(), lease, level, identity: "", changed: -Infinity };
  return requests.map((request) => runOne(state, request, at));
}

function runOne<P, N>(state: State<P, N>, request: Request<P, N>, at: At): Reply<P> {
  const cell = state.cells.get(request.slot);
  const before = cell === undefined ? absent : cell.slot;
  const [after, reply] = apply(before, request.operation, at);
  // A fill is no use, or what nobody reads would be kept as long as what everybody does.
  if (cell !== undefined && "found" in reply && reply.found !== undefined) cell.used = true;
  if (after === before) return reply;
  const size = after._tag === "Held" ? sizeOf(state, after.payload) : 0;
  // An entry larger than all there is room for is evicted at once, and nothing else because of it.
  if (after._tag === "Absent" || !(size <= state.maxBytes)) {
    if (cell !== undefined) drop(state, request.slot);
    return reply;
  }
  write(state, request.slot, cell, after, size);
  if (isOver(state)) makeRoom(state, request.slot, at.now);
  return reply;
}

function drop<P, N>(state: State<P, N>, name: N): void {
  count(state, name, 0);
  state.cells.delete(name);
}

function count<P, N>(state: State<P, N>, name: N, bytes: number): void {
  const { sizes } = state;
  if (sizes === undefined) return;
  state.bytes += bytes - (sizes.get(name) ?? 0);
  if (bytes === 0) sizes.delete(name);
  else sizes.set(name, bytes);
}

/** What a payload counts; one that its function cannot measure has no size, and finds no room. */
function sizeOf<P, N>(state: State<P, N>, payload: P): number {
  try {
    return state.sizeOf === undefined ? 0 : state.sizeOf(payload);
  } catch {
    return NaN;
  }
}

function write<P, N>(state: State<P, N>, name: N, cell: Cell<P> | undefined, slot: Slot<P>, bytes: number): void {
  count(state, name, bytes);
  const value = slot._tag === "Held" ? state.valueOf(slot.payload) : undefined;
  const fresh = slot._tag === "Held" ? Math.floor(Math.min(slot.fresh, slot.until)) : 0;
  if (cell === undefined) {
    state.cells.set(name, { fresh, used: false, value, slot });
  } else {
    cell.fresh = fresh;
    cell.value = value;
    cell.slot = slot;
  }
}

function isOver<P, N>(state: State<P, N>): boolean {
  return state.cells.size > state.capacity || state.bytes > state.maxBytes;
}

/** How many used entries are spared in one go: an operation must not take as long as a walk round a full clock. */
const mostSpared = 64;

/** Moves the hand of the clock until there is room, at most twice round; what is locked or just written stays. */
function makeRoom<P, N>(state: State<P, N>, newest: N, now: number): void {
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

function isLive<P>(slot: Slot<P>, now: number): boolean {
  return slot._tag === "Locked" && slot.tokens.some((each) => each.deadline > now);
}
