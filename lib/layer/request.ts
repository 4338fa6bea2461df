import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { Task } from "fp-ts/lib/Task.js";
import { coarse } from "../clock.ts";
import { orLate } from "../deadline.ts";
import { milliseconds } from "../duration.ts";
import { identify } from "../key.ts";
import { tell as report } from "../observe/observer.ts";
import type { Store } from "../store.ts";
import { fromVerbs } from "../store.ts";
import { landed, makeFlights } from "./batch/flights.ts";
import { makeIsolation } from "./memory/isolation.ts";
import type { Draft, DraftOptions, Unstored } from "../draft.ts";
import { draftOf, storeAll } from "./request/draft.ts";
import { forget, forgetAll } from "./request/memo.ts";
import type { ScopeOptions, ScopeSettings } from "./request/options.ts";
import { settingsOf } from "./request/options.ts";
import { getOne, keptOf, readAll } from "./request/reads.ts";
import type { Scoped } from "./request/scoped.ts";
import { closedError, during } from "./request/scoped.ts";
import { aborted, invalidateEverything, tell, transactAll, writeAll } from "./request/writes.ts";

/** A store that lives as long as a request. */
export interface Scope<K, V> extends Store<K, V> {
  /** Tells it a value, if it knows none: reads are answered with that. */
  readonly prime: (key: K, value: Option<V>) => void;
  /** Forgets keys: the next read of each asks below. What is being read of them is not remembered. */
  readonly forget: (keys: ReadonlyArray<K>) => void;
  /** Forgets all keys. */
  readonly forgetAll: () => void;
  /** The draft of a key: a value that is stored at the end if it was changed. */
  readonly draft: (key: K, options?: DraftOptions<V>) => Draft<V>;
  /** Stores the drafts that are dirty, each once, and says which could not be; these stay dirty. */
  readonly flush: Task<ReadonlyArray<Unstored>>;
  /** Drops what drafts have changed. */
  readonly discard: () => void;
  /** Stores the drafts that are dirty, and ends: what it knew is gone. The store below stays open. */
  readonly close: () => Promise<void>;
}

/**
 * A store that lives as long as a request: it reads a key once, and what it read, absent or not, stays so until its end.
 *
 * Single reads of one turn of the event loop become one `getMany` below. The scope's own writes are seen at once: a
 * committed one leaves what was `written`, or nothing, as every other outcome does. `force` reads around the scope, and
 * refreshes it. Of the invariants it keeps I1 (with its end), I3 and I4; I2 for its own writes only: what others wrote
 * after a key was read is not seen before the end, unless forced. That is what makes its reads repeatable.
 *
 * It stands above the tiers, and below `hooks` and `alias`, whose answers are made of what it remembers. It is a layer, but
 * for its end, which leaves the store below open. The idea is pyramid_caching_api's request cache, and dataloader's.
 *
 * Throws a RangeError on options out of range.
 *
 * @example Two readers of a request, one load, and no more until it ends
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { promises, scope, source } from "@lamina/cache";
 *
 * const asked: Array<ReadonlyArray<number>> = [];
 * const load = async (ids: ReadonlyArray<number>) => {
 *   asked.push(ids);
 *   return ids.map((id) => `user ${id}`);
 * };
 * const users = source({ load, save: async () => {} });
 * {
 *   await using request = scope(users);
 *   const mine = promises(request);
 *   await Promise.all([mine.get(1), mine.get(2), mine.get(1)]);
 *   await mine.put(2, "Grace");
 *   assertEquals(await mine.getMany([1, 2]), ["user 1", "Grace"]);
 * }
 * assertEquals(asked, [[1, 2]]);
 * ```
 */
export function scope<K, V>(below: Store<K, V>, options: ScopeOptions = {}): Scope<K, V> {
  const { capacity, maxSize, clock, failures, values, onUnstored } = settingsOf(options);
  const self: Scoped<K, V> = {
    below,
    batched: makeFlights({ below, maxSize, window: milliseconds(0), clock }),
    maxSize,
    memo: {
      capacity,
      clock,
      turn: coarse(clock),
      failures,
      isolation: values === "isolated" ? makeIsolation() : undefined,
      kept: new Map(),
      flights: new Map(),
      writers: new Map(),
      closed: false,
    },
    changes: new Map(),
    underWay: new Set(),
  };
  return scopeOf(self, onUnstored);
}

function scopeOf<K, V>(self: Scoped<K, V>, onUnstored: ScopeSettings["onUnstored"]): Scope<K, V> {
  const { memo, changes } = self;
  let ended: Promise<void> | undefined;
  const close = (): Promise<void> => ended ??= end(self, onUnstored);
  const store = storeOf(self, close);
  return {
    ...store,
    get: (key, options) => options === undefined ? () => getOne(self, key) : store.get(key, options),
    prime: (key, value) => {
      const id = identify(key);
      if (id._tag === "Left" || memo.kept.has(id.right) || memo.flights.has(id.right)) return;
      if (!memo.writers.has(id.right)) tell(memo, id.right, value, 0);
    },
    forget: (keys) => {
      for (const key of keys) {
        const id = identify(key);
        if (id._tag === "Right") forget(memo, id.right);
      }
    },
    forgetAll: () => forgetAll(memo),
    draft: (key, options = {}) => draftOf(self, key, options),
    flush: () => memo.closed ? Promise.resolve([]) : storeAll(self),
    discard: () => changes.clear(),
  };
}

function storeOf<K, V>(self: Scoped<K, V>, close: () => Promise<void>): Store<K, V> {
  const { below, memo } = self;
  const refused = () => Promise.resolve(aborted(closedError));
  return fromVerbs<K, V>({
    entries: (keys, options) => () => readAll(self, keys, options),
    mutate: (keys, write, options) => () =>
      memo.closed ? refused() : during(self, writeAll(self, keys, write, options)),
    transact: (body, options) => () => memo.closed ? refused() : during(self, transactAll(self, body, options)),
    invalidateAll: (options) => () => memo.closed ? refused() : during(self, invalidateEverything(self, options)),
    peek: (key) => {
      const kept = keptOf(self, key);
      if (kept !== undefined) return O.some(kept);
      // While it is read or written here, what a tier has may be older than what the request is going to see.
      return memo.closed || isUnderWay(self, key) ? O.none : below.peek(key);
    },
    save: below.save,
    commit: below.commit,
    tiers: below.tiers + 1,
    close,
  });
}

function isUnderWay<K, V>({ memo }: Scoped<K, V>, key: K): boolean {
  const id = identify(key);
  return id._tag === "Left" || memo.flights.has(id.right) || memo.writers.has(id.right);
}

/** How long the end waits for what is under way, in milliseconds: as long as the default commit may take. */
const closing = 5_000;

async function end<K, V>(self: Scoped<K, V>, onUnstored: ScopeSettings["onUnstored"]): Promise<void> {
  const { memo } = self;
  memo.closed = true;
  const unstored = await storeAll(self);
  if (unstored.length > 0) report(onUnstored, unstored);
  forgetAll(memo);
  self.changes.clear();
  await orLate(memo.clock, closing, Promise.all([...self.underWay, landed(self.batched)]));
}
