import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import { freshValue } from "../../backend/memory_row.ts";
import type { CacheError } from "../../cache_error.ts";
import { coarse } from "../../clock.ts";
import { cancelled, orCancelled } from "../../deadline.ts";
import { milliseconds } from "../../duration.ts";
import type { Identity } from "../../key.ts";
import type { ReadOptions, Store, Verbs } from "../../store.ts";
import { fromVerbs } from "../../store.ts";
import { makeTier, valueOf, verbsOf } from "../tier/make.ts";
import { type Coherence, coherenceOf } from "./coherence.ts";
import { isMutableValue, unlessMutable } from "./isolation.ts";
import { optionOf } from "./kept.ts";
import { keptIn } from "./room.ts";
import { type MemorySettings, partsOf, quickIdentity } from "./parts.ts";

/** A memory tier in front of a store. */
export function memoryStore<K, V>(settings: MemorySettings<V>, below: Store<K, V>): Store<K, V> {
  const { backend, isolation } = settings;
  const { columns } = backend;
  const now = coarse(settings.clock);
  const coherence = coherenceOf<K, Option<V>, Identity>(settings, below.changes, settings.word);
  const { term } = coherence;
  const leave = settings.room?.enter({
    size: backend.size,
    inspect: () => keptIn(backend, settings.clock.now()),
    flush: backend.flush,
    turn: coherence.turn,
  });
  const tier = makeTier(partsOf<K, V>(settings, coherence), below);
  const verbs = verbsOf(tier);
  const store = fromVerbs({
    ...verbs,
    entries: renewing(settings, coherence, verbs.entries),
    peek: (key) => {
      const kept = freshValue(columns, quickIdentity(key), now, term);
      if (kept === undefined) return O.none;
      if (!isolation.plain) return O.some(unlessMutable(isolation, optionOf<V>(kept)));
      // Made here, because the runtime puts all that is made where much of it lived long among what is old, and dear.
      return { _tag: "Some", value: { _tag: "Some", value: kept as V } };
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
  if (!settings.isQuick) return store;
  // What has to learn first what it goes by does so in the store's own way.
  return withQuickGet(settings, coherence.renew === undefined ? withDirectGet(store, valueOf(tier)) : store, now, term);
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

/** Reads a value without the entry round it. */
function withDirectGet<K, V>(
  store: Store<K, V>,
  read: (key: K) => Promise<E.Either<CacheError, Option<V>>>,
): Store<K, V> {
  return { ...store, get: (key, options) => options === undefined ? () => read(key) : store.get(key, options) };
}

/** Answers a fresh hit at once. The answer is made anew: to keep it beside the entry would be four objects to follow. */
function withQuickGet<K, V>(
  { backend, isolation }: MemorySettings<V>,
  store: Store<K, V>,
  now: () => number,
  term: Float64Array,
): Store<K, V> {
  const { columns } = backend;
  return {
    ...store,
    get: (key, read) => {
      if (read !== undefined) return store.get(key, read);
      return () => {
        const kept = freshValue(columns, quickIdentity(key), now, term);
        if (kept === undefined) return store.get(key)();
        if (isolation.plain) return Promise.resolve(rightOf(kept as V));
        return isMutableValue(isolation, kept) ? store.get(key)() : Promise.resolve(E.right(optionOf<V>(kept)));
      };
    },
  };
}

function rightOf<V>(value: V): E.Right<O.Some<V>> {
  return { _tag: "Right", right: { _tag: "Some", value } };
}
