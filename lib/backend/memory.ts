import type { Clock } from "../clock.ts";
import { coarse, systemClock } from "../clock.ts";
import type { At, Reply, Slot } from "../protocol/slot.ts";
import { absent, apply } from "../protocol/slot.ts";
import type { Cell } from "./memory_cell.ts";
import { freshCell } from "./memory_cell.ts";
import type { State } from "./memory_room.ts";
import { contend, drop, empty, expireCell, isLive, isOver, makeRoom, sizeOf, workLeft, write } from "./memory_room.ts";
import type { Backend, Call, Request } from "./port.ts";
import { unreachable } from "./port.ts";
import { watchers } from "./watchers.ts";

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
  /** Told of each slot that is not kept any more; undefined: none is, but perhaps those of writers under way. */
  readonly dropped?: (slot: unknown) => void;
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
  /** An unlock by a stranger of every slot: forgets each entry and claim; live locks stay, and publish nothing. */
  readonly flush: () => void;
  /** Ends the freshness of every entry, and forgets claims and marks: what is under way stores and publishes nothing. */
  readonly expire: () => void;
}

/**
 * A backend that is the slot function on a Map, bounded by count and bytes. A live lock is never evicted, so its level
 * is `pinned`. Payloads are kept by reference.
 *
 * @example Two tiers of one name on one backend are one
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryBackend, promises, shared, source } from "@lamina/cache";
 * import * as t from "io-ts";
 *
 * await using backend = memoryBackend<Uint8Array>({ capacity: 10_000, maxBytes: 1_000_000, sizeOf: ({ length }) => length });
 * let loads = 0;
 * const lengthOf = async (words: ReadonlyArray<string>) => (loads++, words.map(({ length }) => length));
 * const layer = shared({ backend, name: "length", codec: t.number, ttl: "1h" });
 * await using one = promises(layer(source({ load: lengthOf })));
 * await using other = promises(layer(source({ load: lengthOf })));
 *
 * assertEquals([await one.get("four"), await other.get("four")], [4, 4]);
 * assertEquals([loads, backend.size().slots], [1, 1]);
 * ```
 */
export function memoryBackend<P, N = string>(options: MemoryOptions<P>): MemoryBackend<P, N> {
  const state = makeState<P, N>(options);
  const { cells } = state;
  const now = coarse(state.clock);
  const close = (): Promise<void> => {
    state.closed = true;
    empty(state);
    state.watchers.wakeAll();
    return Promise.resolve();
  };
  return {
    name: "memory",
    level: () => "pinned",
    run: (requests, call) => () => Promise.resolve(runNow(state, requests, call)),
    runNow: (requests, call) => runNow(state, requests, call),
    changed: (slot, within) => () => {
      const left = workLeft(cells.get(slot)?.slot, state.clock.now());
      return left > 0 ? state.watchers.wait(slot, Math.min(within, left))() : Promise.resolve();
    },
    peek: (name) => freshCell(cells, name, now),
    cells,
    size: () => ({ slots: cells.size, bytes: state.bytes }),
    inspect: () => [...cells].map(([name, cell]) => [name, cell.slot]),
    flush: () => {
      const at = state.clock.now();
      const live = [...state.locked].filter(([, cell]) => isLive(cell.slot, at));
      empty(state);
      for (const [name, cell] of live) {
        cells.set(name, cell);
        contend(state, name, cell);
      }
      state.watchers.wakeAll();
    },
    expire: () => {
      for (const [name, cell] of cells) expireCell(state, name, cell);
      state.watchers.wakeAll();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function makeState<P, N>(options: MemoryOptions<P>): State<P, N> {
  const { capacity, maxBytes = Infinity, sizeOf, valueOf = () => undefined, clock = systemClock } = options;
  const { dropped = () => {} } = options;
  if (!(Number.isInteger(capacity) && capacity > 0)) {
    throw new RangeError(`Cannot make a memory backend: expected a positive whole capacity: received ${capacity}`);
  }
  if (!(maxBytes > 0)) {
    throw new RangeError(`Cannot make a memory backend: expected positive maxBytes: received ${maxBytes}`);
  }
  const cells = new Map<N, Cell<P>>();
  return {
    cells,
    sizes: sizeOf === undefined ? undefined : new Map(),
    capacity,
    maxBytes,
    sizeOf,
    valueOf,
    dropped,
    locked: new Map(),
    clock,
    watchers: watchers(clock),
    bytes: 0,
    hand: cells.entries(),
    closed: false,
  };
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
  if (state.watchers.size() > 0) state.watchers.wake(request.slot);
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
