import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError } from "../cache_error.ts";
import type { Duration } from "../duration.ts";
import { tick } from "../sequence.ts";
import type { Entry, ReadOptions, Store, WriteFailure } from "../store.ts";
import { fromVerbs } from "../store.ts";
import type { AggregateError } from "./event.ts";
import type { WriteBehind } from "./write_behind_options.ts";

type Queue<K, V> = Pick<WriteBehind<K, V>, "put" | "latest">;

/** A layer that reads what is queued before what is written, and queues what is put. */
export function overlay<K, V>(queue: Queue<K, V>): (below: Store<K, V>) => Store<K, V> {
  return (below) =>
    fromVerbs<K, V>({
      ...below,
      entries: (keys, options) => () => entries(queue, below, keys, options),
      transact: () => () => Promise.resolve(E.left({ outcome: "aborted", error: noTransactions })),
      peek: () => O.none,
      // Word of slots is not word of what is queued.
      changes: below.changes?.world && { world: below.changes.world, slots: undefined },
      save: O.some((changes) => async () => {
        for (const [i, { key, value }] of changes.entries()) {
          const put = await queue.put(key, value)();
          if (put._tag === "Left") return E.left(failure(put.left, i > 0));
        }
        return E.right(undefined);
      }),
    });
}

const noTransactions: CacheError = {
  _tag: "Unsupported",
  operation: "transact",
  instead: "what is queued is no part of a transaction: flush, and transact on the store below",
};

async function entries<K, V>(
  queue: Queue<K, V>,
  below: Store<K, V>,
  keys: ReadonlyArray<K>,
  options: ReadOptions | undefined,
): Promise<ReadonlyArray<Either<CacheError, Entry<V>>>> {
  const asOf = tick();
  const queued = await queue.latest(keys)();
  if (queued._tag === "Left") return keys.map(() => E.left(toCacheError(queued.left)));
  const missing = keys.filter((_, i) => queued.right[i]?._tag !== "Some");
  const loaded = missing.length === 0 ? [] : await below.entries(missing, options)();
  let next = 0;
  // That nothing was queued is as old as the question, whatever was current below later.
  const lookedUp = E.map((entry: Entry<V>) => ({ ...entry, asOf: Math.min(entry.asOf, asOf) }));
  return queued.right.map((found) =>
    found._tag === "Some" ? E.right(entryOf(found.value, asOf)) : lookedUp(loaded[next++]!)
  );
}

function entryOf<V>(value: O.Option<V>, asOf: number): Entry<V> {
  const forever = Infinity as Duration;
  const verdict = { _tag: "Loaded", tier: "write-behind", level: "pinned" } as const;
  return { value, age: 0 as Duration, fresh: forever, until: forever, verdict, asOf };
}

/** What is refused was not queued; after anything else nobody knows, and some may be of several. */
function failure(error: AggregateError, someAreQueued: boolean): WriteFailure<never> {
  const refused = ["KeyRefused", "ValueRefused", "Closed"].includes(error._tag);
  return { outcome: refused && !someAreQueued ? "aborted" : "unknown", error: toCacheError(error) };
}

function toCacheError(error: AggregateError): CacheError {
  if (error._tag !== "Full" && error._tag !== "NotHeld") return error;
  return { _tag: "BackendFailed", backend: "write-behind", reason: error._tag };
}
