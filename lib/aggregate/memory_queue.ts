import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { Parcel, Queued, QueuePort, TakenBatch } from "../backend/queue_port.ts";
import type { BackendFailed } from "../cache_error.ts";

interface Bucket {
  readonly values: Map<string, { readonly value: Uint8Array; readonly version: number }>;
  queue: Set<string>;
  pending: { readonly id: string; readonly keys: ReadonlySet<string> } | undefined;
}

/**
 * A queue in the memory of this process: what the steps of a {@linkcode QueuePort} mean, and a stand-in for tests.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryQueue } from "@lamina/cache/aggregate";
 * import { right } from "fp-ts/lib/Either.js";
 *
 * const port = memoryQueue();
 * const parcel = { key: "a", value: new Uint8Array([1]) };
 * assertEquals(await port.hold("0", [parcel, parcel], 10)(), right({ _tag: "Queued", queued: 1 }));
 * ```
 */
export function memoryQueue(): QueuePort {
  const buckets = new Map<string, Bucket>();
  let count = 0;
  let closed = false;
  const step = <A>(name: string, run: (bucket: Bucket) => A): TaskEither<BackendFailed, A> => () => {
    if (closed) return Promise.resolve(E.left({ _tag: "BackendFailed", backend: "memory", reason: "closed" }));
    const bucket = buckets.get(name) ?? { values: new Map(), queue: new Set(), pending: undefined };
    const answer = run(bucket);
    if (bucket.values.size + bucket.queue.size > 0 || bucket.pending !== undefined) buckets.set(name, bucket);
    else buckets.delete(name);
    return Promise.resolve(E.right(answer));
  };
  const close = (): Promise<void> => {
    closed = true;
    return Promise.resolve();
  };
  return {
    name: "memory",
    hold: (bucket, parcels, most) => step(bucket, (state) => hold(state, parcels, most, () => ++count)),
    read: (bucket, keys) =>
      step(bucket, ({ values }) => keys.map((key) => O.fromNullable(values.get(key)?.value.slice()))),
    take: (bucket, nonce) => step(bucket, (state) => take(state, () => `${nonce}-${++count}`)),
    acknowledge: (bucket, id) => step(bucket, (state) => acknowledge(state, id)),
    putBack: (bucket, id) => step(bucket, (state) => putBack(state, id)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function hold(bucket: Bucket, parcels: ReadonlyArray<Parcel>, most: number, next: () => number): Queued {
  const { queue, pending, values } = bucket;
  const added = new Set(parcels.map(({ key }) => key).filter((key) => !queue.has(key)));
  const counted = [...added].filter((key) => !pending?.keys.has(key)).length;
  const waiting = [...pending?.keys ?? []].filter((key) => !queue.has(key)).length;
  if (counted > 0 && queue.size + waiting + counted > most) {
    return { _tag: "Full", queued: queue.size, version: next() };
  }
  for (const { key, value } of parcels) {
    values.set(key, { value: value.slice(), version: next() });
    queue.add(key);
  }
  return { _tag: "Queued", queued: queue.size };
}

function take(bucket: Bucket, newId: () => string): O.Option<TakenBatch> {
  if (bucket.pending === undefined && bucket.queue.size > 0) {
    bucket.pending = { id: newId(), keys: bucket.queue };
    bucket.queue = new Set();
  }
  if (bucket.pending === undefined) return O.none;
  const { id, keys } = bucket.pending;
  return O.some({
    id,
    parcels: [...keys].map((key) => {
      const held = bucket.values.get(key);
      return { key, value: O.fromNullable(held?.value.slice()), version: held?.version ?? 0 };
    }),
  });
}

function acknowledge(bucket: Bucket, id: string): boolean {
  if (bucket.pending?.id !== id) return false;
  for (const key of bucket.pending.keys) if (!bucket.queue.has(key)) bucket.values.delete(key);
  bucket.pending = undefined;
  return true;
}

function putBack(bucket: Bucket, id: string): boolean {
  if (bucket.pending?.id !== id) return false;
  bucket.queue = new Set([...bucket.pending.keys, ...bucket.queue]);
  bucket.pending = undefined;
  return true;
}
