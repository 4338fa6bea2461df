import type { MemoryBackend } from "../../backend/memory.ts";
import type { Call } from "../../backend/port.ts";
import type { Changes, SlotChanges } from "../../changes.ts";
import type { DurationLike } from "../../duration.ts";
import { duration, showDuration } from "../../duration.ts";
import type { SlotIndex } from "./slot_index.ts";

/** How a memory tier hears of other processes: not at all, by word of each change, or while that word is proven. */
export type Invalidations = "none" | "pushed" | { readonly lease: DurationLike };

/** What a memory tier goes by that knows of other processes. */
export interface Coherence<K, N> {
  /** Until when what it keeps may be served without asking: one number, which a hit compares with its time. */
  readonly term: Float64Array;
  /** Told of each slot that is about to be claimed for a key; undefined where no word comes of single slots. */
  readonly note: ((key: K, name: N) => void) | undefined;
  /** Learns anew what it goes by, where that is over; undefined where asking is no use. */
  readonly renew: ((within: number) => Promise<void>) | undefined;
  /** From now on nothing is served and kept, or all as usual. */
  readonly turn: (mode: "on" | "off") => void;
  readonly close: () => void;
}

/** What is kept in a memory tier, and its names. */
export interface Kept<P, N> {
  readonly backend: MemoryBackend<P, N>;
  /** The backend's slots by those below; the backend tells it when they are empty. */
  readonly index: SlotIndex<N>;
  readonly name: string;
  /** Milliseconds. */
  readonly lease: number;
}

/** Reads the option; undefined where no word is wanted. Throws a RangeError on a lease out of range. */
export function readInvalidations(like: Invalidations): { readonly lease: number } | undefined {
  if (like === "none") return undefined;
  if (like === "pushed") return { lease: Infinity };
  const lease = duration(like.lease);
  if (lease > 0 && lease < Infinity) return { lease };
  const wanted = 'expected a lease above zero that ends, or "pushed"';
  throw new RangeError(`Cannot lease the invalidations of a memory tier: ${wanted}: received ${showDuration(lease)}`);
}

/** What a tier on a backend goes by; throws a RangeError where word is wanted and nobody below can send it. */
export function coherenceOf<K, P, N>(
  { backend, index, name, lease }: Kept<P, N>,
  changes: Changes<K> | undefined,
  wanted: { readonly lease: number } | undefined,
): Coherence<K, N> {
  const call: Call = { within: Infinity, lease, level: "pinned" };
  const slots = wanted && slotsWanted(changes, name);
  const term = new Float64Array([Infinity]);
  const state = { world: Infinity, word: wanted === undefined ? Infinity : -Infinity, mode: "on" };
  const agree = (known: Partial<typeof state>): void => {
    Object.assign(state, known);
    term[0] = state.mode === "off" ? -Infinity : Math.min(state.world, state.word);
  };
  agree({});
  const world = changes?.world;
  const cancels = [
    world?.listen({
      changed: (mode) => mode === "hard" ? backend.flush() : backend.expire(),
      known: (until) => agree({ world: until }),
    }),
    slots?.listen({
      lease: wanted!.lease,
      changed: (below) => invalidate(backend, index, below, call),
      proven: (until) => agree({ word: until }),
    }),
  ];
  return {
    term,
    note: slots && noting(index, slots),
    renew: world?.renew,
    turn: (mode) => {
      agree({ mode });
      backend.flush();
    },
    close: () => cancels.forEach((cancel) => cancel?.()),
  };
}

function slotsWanted<K>(changes: Changes<K> | undefined, name: string): SlotChanges<K> {
  if (changes?.slots !== undefined) return changes.slots;
  const expected = "expected a tier below whose backend tells of changes, such as redisBackend, and none that keeps" +
    " them to itself between";
  throw new RangeError(`Cannot build the tier ${name} with invalidations: ${expected}: received one that does not`);
}

function noting<K, N>(index: SlotIndex<N>, slots: SlotChanges<K>): (key: K, name: N) => void {
  return (key, name) => index.note(name, () => slots.of(key));
}

/**
 * Word of a change is an unlock by a stranger: what is held or being loaded is of before, and a writer under way
 * publishes nothing. Where nobody knows what changed, all of it is (`flush` is that operation on every slot).
 */
function invalidate<P, N>(backend: MemoryBackend<P, N>, index: SlotIndex<N>, below: unknown, call: Call): void {
  if (below === undefined) return backend.flush();
  // Emptied, they are not in the index any more.
  for (const slot of index.find(below)) backend.run.one({ slot, operation: stranger }, call);
}

/** An unlock with a token that nobody has. */
const stranger = { _tag: "unlock", token: "", generation: -1, written: undefined } as const;
