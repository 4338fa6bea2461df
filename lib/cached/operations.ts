import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError } from "../cache_error.ts";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import { late, orLate } from "../deadline.ts";
import type { DurationLike } from "../duration.ts";
import { duration } from "../duration.ts";
import { CacheReadError, CacheWriteError, promises } from "../promises.ts";
import type { Entry, ReadOptions } from "../store.ts";
import type { CallKey, Calls } from "./calls.ts";
import { firstUses } from "./first_use.ts";

/** How a cached function behaves, beside its tiers. */
export interface OperationOptions {
  /**
   * `use` (default): what is cached is used. `load`: the first use of each key in this process loads, whatever is
   * cached; 10,000 keys are remembered as used, the oldest are forgotten first.
   */
  readonly init?: "load" | "use";
  /**
   * How long `get` waits for tiers that do not answer, or for somebody else's load of the key, before it finds nothing;
   * 1 s by default, as long as a tier waits for its backend.
   */
  readonly getWithin?: DurationLike;
  /** The time, {@linkcode systemClock} by default. */
  readonly clock?: Clock;
}

/** What can be done with calls: each takes them as a list, and answers in its order. */
export interface Operations<A, V> {
  readonly values: (calls: ReadonlyArray<A>) => Promise<ReadonlyArray<V | undefined>>;
  readonly value: (call: A) => Promise<V | undefined>;
  readonly entries: (calls: ReadonlyArray<A>) => Promise<ReadonlyArray<Entry<V>>>;
  readonly look: (calls: ReadonlyArray<A>) => Promise<ReadonlyArray<V | undefined>>;
  readonly refresh: (calls: ReadonlyArray<A>) => Promise<ReadonlyArray<V | undefined>>;
  readonly set: (results: ReadonlyArray<readonly [A, V | undefined]>) => Promise<void>;
  readonly invalidate: (calls: ReadonlyArray<A>) => Promise<void>;
}

type Ask<B> = (keys: ReadonlyArray<CallKey>, options?: ReadOptions) => Promise<Either<CacheError, ReadonlyArray<B>>>;

const forced: ReadOptions = { force: true };

/** The operations on a function's calls, as promises that reject with the errors of {@linkcode promises}. */
export function operationsOf<A, V>(calls: Calls<A, V>, options: OperationOptions): Operations<A, V> {
  const { store } = calls;
  const { init = "use", clock = systemClock } = options;
  const within = duration(options.getWithin ?? "1s");
  const uses = init === "load" ? firstUses() : undefined;
  const writes = promises(store);
  const values: Ask<O.Option<V>> = (keys, read) => store.getMany(keys, read)();
  const entries: Ask<Entry<V>> = async (keys, read) => E.sequenceArray(await store.entries(keys, read)());
  const load = async <B>(list: ReadonlyArray<A>, ask: Ask<B>): Promise<ReadonlyArray<B>> => {
    const keys = readKeys(list, calls.load);
    if (uses === undefined) return await patiently(() => ask(keys));
    return await uses.read(keys, (at, force) => {
      const some = at.map((position) => keys[position]!);
      return patiently(() => ask(some, force ? forced : undefined));
    });
  };
  return {
    values: async (list) => (await load(list, values)).map(O.toUndefined),
    value: async (call) => {
      if (uses !== undefined) return O.toUndefined((await load([call], values))[0]!);
      const key = readKeys([call], calls.load)[0]!;
      return O.toUndefined(await patiently(store.get(key)));
    },
    entries: (list) => load(list, entries),
    look: async (list) => {
      const known = readKeys(list, calls.load).map(store.peek);
      if (known.every(O.isSome)) return known.map(({ value }) => O.toUndefined(value));
      const found = await orLate(clock, within, store.entries(readKeys(list, calls.look))());
      return found === late ? list.map(() => undefined) : found.map(lookedUp);
    },
    refresh: async (list) => {
      const keys = readKeys(list, calls.load);
      const found = await patiently(() => values(keys, forced));
      keys.forEach((key) => uses?.note(key));
      return found.map(O.toUndefined);
    },
    set: async (results) => {
      const keys = writeKeys(results.map(([call]) => call), calls.load);
      const written = results.map(([, value]) => value === undefined ? O.none : O.some(value));
      await writes.mutate(keys, () => Promise.resolve(), { written: () => written, intended: written });
      keys.forEach((key) => uses?.note(key));
    },
    invalidate: async (list) => await writes.invalidate(writeKeys(list, calls.load)),
  };
}

/** How often a read is repeated that shared the fate of a look: it would have to meet another one each time. */
const mostTries = 8;

/** Reads; where a batch made one flight of a read and a look of the same key, the read asks again. */
async function patiently<B>(ask: () => Promise<Either<CacheError, B>>): Promise<B> {
  for (let tries = 1;; tries++) {
    const found = await ask();
    if (found._tag === "Right") return found.right;
    // No reader here has a signal of its own.
    if (found.left._tag !== "Cancelled" || tries === mostTries) throw new CacheReadError(found.left);
  }
}

/** What a look found. That nothing can be had without a load is no error; a key or a store that cannot be used is one. */
function lookedUp<V>(entry: Either<CacheError, Entry<V>>): V | undefined {
  if (entry._tag === "Right") return O.toUndefined(entry.right.value);
  const { left } = entry;
  if (left._tag === "KeyRefused" || left._tag === "Closed") throw new CacheReadError(left);
  return undefined;
}

type KeyOf<A> = (call: A) => Either<CacheError, CallKey>;

function readKeys<A>(list: ReadonlyArray<A>, keyOf: KeyOf<A>): ReadonlyArray<CallKey> {
  const keys = E.traverseArray(keyOf)(list);
  if (keys._tag === "Left") throw new CacheReadError(keys.left);
  return keys.right;
}

function writeKeys<A>(list: ReadonlyArray<A>, keyOf: KeyOf<A>): ReadonlyArray<CallKey> {
  const keys = E.traverseArray(keyOf)(list);
  if (keys._tag === "Left") throw new CacheWriteError({ outcome: "aborted", error: keys.left });
  return keys.right;
}
