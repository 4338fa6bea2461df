import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { MemoryBackend } from "../../backend/memory.ts";
import { type Cell, freshCell } from "../../backend/memory_cell.ts";
import { coarse } from "../../clock.ts";
import { cancelled, orCancelled } from "../../deadline.ts";
import { milliseconds } from "../../duration.ts";
import type { Identity } from "../../key.ts";
import type { ReadOptions, Store, Verbs } from "../../store.ts";
import { fromVerbs } from "../../store.ts";
import { tierVerbs } from "../tier/make.ts";
import { type Coherence, coherenceOf } from "./coherence.ts";
import { copyOf, isMutable, type Isolation } from "./isolation.ts";
import { keptIn } from "./room.ts";
import { type MemorySettings, partsOf, quickIdentity } from "./parts.ts";

/** A memory tier in front of a store. */
export function memoryStore<K, V>(settings: MemorySettings<V>, below: Store<K, V>): Store<K, V> {
  const { backend, isolation } = settings;
  const { cells } = backend;
  const now = coarse(settings.clock);
  const coherence = coherenceOf<K, Option<V>, Identity>(settings, below.changes, settings.word);
  const { term } = coherence;
  const leave = settings.room?.enter({
    size: backend.size,
    inspect: () => keptIn(backend, settings.clock.now()),
    flush: backend.flush,
    turn: coherence.turn,
  });
  const verbs = tierVerbs(partsOf<K, V>(settings, coherence), below);
  const store = fromVerbs({
    ...verbs,
    entries: renewing(settings, coherence, verbs.entries),
    peek: (key) => {
      const cell = freshCell(cells, quickIdentity(key), now, term);
      if (cell === undefined) return O.none;
      // Made anew they cost less than to follow the payload's own, if they are made at all: most callers take them apart.
      // Made here, because the runtime puts all that is made where much of it lived long among what is old, and dear.
      if (cell.value !== undefined) return { _tag: "Some", value: { _tag: "Some", value: cell.value as V } };
      const payload = payloadOf(cell);
      return O.some(isMutable(isolation, payload) ? copyOf(payload) : payload);
    },
    // The epoch is one for all tiers above it; word of slots ends here, since this tier keeps what it was about.
    changes: below.changes?.world && { world: below.changes.world, slots: undefined },
    close: async () => {
      await verbs.close();
      coherence.close();
      leave?.();
      await backend.close();
    },
  });
  return settings.isQuick ? withQuickGet(store, cells, now, term, isolation) : store;
}

/** Learns first what the tier goes by, where that is over. */
function renewing<K, V>(
  { clock }: MemorySettings<V>,
  { term, renew }: Coherence<K, Identity>,
  entries: Verbs<K, V>["entries"],
): Verbs<K, V>["entries"] {
  if (renew === undefined) return entries;
  return (keys, options) => async () => {
    if (term[0]! > clock.now()) return await entries(keys, options)();
    const begun = clock.now();
    const done = await orCancelled(options?.signal, renew(options?.deadline ?? Infinity));
    // Who has left gets the answer of a read that was left.
    return await entries(keys, done === cancelled ? options : sooner(options, clock.now() - begun))();
  };
}

function sooner(options: ReadOptions | undefined, took: number): ReadOptions | undefined {
  if (options?.deadline === undefined) return options;
  return { ...options, deadline: milliseconds(Math.max(0, options.deadline - took)) };
}

/**
 * Answers a fresh hit at once. The answer is made anew: if it were kept beside the entry it would be four objects to
 * follow, which among many entries is dearer than to make them.
 */
function withQuickGet<K, V>(
  store: Store<K, V>,
  cells: MemoryBackend<Option<V>, Identity>["cells"],
  now: () => number,
  term: Float64Array,
  isolation: Isolation<V>,
): Store<K, V> {
  return {
    ...store,
    get: (key, read) => {
      if (read !== undefined) return store.get(key, read);
      return () => {
        const cell = freshCell(cells, quickIdentity(key), now, term);
        if (cell === undefined) return store.get(key)();
        if (cell.value !== undefined) return Promise.resolve(rightOf(cell.value as V));
        const payload = payloadOf(cell);
        return isMutable(isolation, payload) ? store.get(key)() : Promise.resolve(E.right(payload));
      };
    },
  };
}

function rightOf<V>(value: V): E.Right<O.Some<V>> {
  return { _tag: "Right", right: { _tag: "Some", value } };
}

/** The payload of a cell that is fresh. */
function payloadOf<V>(cell: Cell<Option<V>>): Option<V> {
  return cell.slot._tag === "Held" ? cell.slot.payload : O.none;
}
