import type { Clock } from "../clock.ts";
import { coarse, systemClock } from "../clock.ts";
import type { At, Held, Reply, Slot, Stored } from "../protocol/slot.ts";
import { absent, apply } from "../protocol/slot.ts";
import type { Columns, Lens } from "./memory_columns.ts";
import { countOf, makeColumns, nameOf } from "./memory_columns.ts";
import type { State } from "./memory_room.ts";
import { drop, empty, expireAll, flushAll, isOver, makeRoom, sizeOf, workLeft, write } from "./memory_room.ts";
import { freshSlot, noteRead, slotAt, wholeAt } from "./memory_row.ts";
import type { Backend, Call, Request, Run } from "./port.ts";
import { unreachable } from "./port.ts";
import { watchers } from "./watchers.ts";

export type { Columns, Lens, Page } from "./memory_columns.ts";
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
  /** How a payload is kept; as it is by default. */
  readonly lens?: Lens<P>;
  /** Told of each slot that is not kept any more; undefined: none is, but perhaps those of writers under way. */
  readonly dropped?: (slot: unknown) => void;
}

/** A backend in this process, with a way in that needs no promise. */
export interface MemoryBackend<P, N> extends Backend<P, N> {
  /** A slot with a value that is fresh now; nothing of it changes. */
  readonly peek: (slot: N) => Held<P> | undefined;
  /** What it keeps, for who has to be quicker than `peek`; only the backend writes it. */
  readonly columns: Columns<P, N>;
  /** Performs requests; one alone at once. */
  readonly run: Run<P, N> & Required<Pick<Run<P, N>, "one">>;
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
  const { columns, now } = state;
  const close = (): Promise<void> => {
    state.closed = true;
    empty(state);
    state.watchers.wakeAll();
    return Promise.resolve();
  };
  return {
    name: "memory",
    level: () => "pinned",
    run: runOf(state),
    changed: (slot, within) => () => {
      const row = columns.rows.get(slot);
      const left = row === undefined ? 0 : workLeft(wholeAt(columns, row), state.clock.now());
      return left > 0 ? state.watchers.wait(slot, Math.min(within, left))() : Promise.resolve();
    },
    peek: (name) => freshSlot(columns, name, now()),
    columns,
    size: () => ({ slots: columns.count, bytes: state.bytes }),
    inspect: () =>
      Array.from({ length: columns.count }, (_, row) => [nameOf(columns, row), slotAt(columns, row)] as const),
    flush: () => {
      flushAll(state);
      state.watchers.wakeAll();
    },
    expire: () => {
      expireAll(state);
      state.watchers.wakeAll();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

const closedReply = { _tag: "Unreachable", reason: "closed" } as const;

function makeState<P, N>(options: MemoryOptions<P>): State<P, N> {
  const { capacity, maxBytes = Infinity, sizeOf, lens = asItIs<P>(), clock = systemClock } = options;
  const { dropped = () => {} } = options;
  if (!(Number.isInteger(capacity) && capacity > 0)) {
    throw new RangeError(`Cannot make a memory backend: expected a positive whole capacity: received ${capacity}`);
  }
  if (!(maxBytes > 0)) {
    throw new RangeError(`Cannot make a memory backend: expected positive maxBytes: received ${maxBytes}`);
  }
  return {
    columns: makeColumns(lens, capacity, sizeOf !== undefined),
    capacity,
    maxBytes,
    sizeOf,
    dropped,
    locked: new Set(),
    clock,
    now: coarse(clock),
    watchers: watchers(clock),
    bytes: 0,
    hand: 0,
    closed: false,
  };
}

function asItIs<P>(): Lens<P> {
  return { keep: (payload) => payload, take: (kept) => kept as P };
}

function runOf<P, N>(state: State<P, N>): MemoryBackend<P, N>["run"] {
  const all = (requests: ReadonlyArray<Request<P, N>>, call: Call): ReadonlyArray<Reply<P>> => {
    if (state.closed) return unreachable(requests.length, "closed");
    const at = atOf(state, call);
    return requests.map((request) => runOne(state, request, at));
  };
  return Object.assign(
    (requests: ReadonlyArray<Request<P, N>>, call: Call) => () => Promise.resolve(all(requests, call)),
    {
      one: (request: Request<P, N>, call: Call) =>
        state.closed ? closedReply : runOne(state, request, atOf(state, call)),
    },
  );
}

/**
 * All steps go by the turn's time, which is never later than the moment: what one grants lives a little shorter for who
 * counts from then, and what it finds alive may have ended since the turn began, but not since that who goes by it began.
 */
function atOf<P, N>({ now }: State<P, N>, { lease, level }: Call): At {
  return { now: now(), lease, level, identity: "", changed: -Infinity };
}

function runOne<P, N>(state: State<P, N>, request: Request<P, N>, at: At): Reply<P> {
  const { columns, watchers } = state;
  const name = request.slot;
  const offered = columns.isCounted ? offeredBy(request) : undefined;
  // Measured before the step, and not within it: who measures may ask this backend something.
  const measured = offered === undefined ? 0 : sizeOf(state, offered.payload);
  const row = columns.rows.get(name);
  const before = row === undefined ? absent : slotAt(columns, row);
  const [after, reply] = apply(before, request.operation, at);
  // A fill is no use, or what nobody reads would be kept as long as what everybody does.
  if (row !== undefined && "found" in reply && reply.found !== undefined) noteRead(columns, row);
  if (after === before) return reply;
  if (watchers.size() > 0) watchers.wake(name);
  const size = after._tag === "Held" ? sizeAfter(state, row, offered?.payload === after.payload, measured) : 0;
  // An entry larger than all there is room for is evicted at once, and nothing else because of it.
  if (after._tag === "Absent" || !(size <= state.maxBytes)) {
    if (row !== undefined) drop(state, name, row);
    return reply;
  }
  write(state, name, row, after, size);
  if (isOver(state)) makeRoom(state, name, at.now);
  return reply;
}

/** What a request may store. */
function offeredBy<P, N>({ operation }: Request<P, N>): Stored<P> | undefined {
  if (operation._tag === "fill") return operation.stored;
  return operation._tag === "unlock" ? operation.written : undefined;
}

/** What an entry counts: what was measured, if it is new, or else what it counted before. */
function sizeAfter<P, N>(state: State<P, N>, row: number | undefined, isNew: boolean, measured: number): number {
  return isNew || row === undefined ? measured : countOf(state.columns, row);
}
