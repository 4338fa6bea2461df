import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { CacheError } from "../cache_error.ts";
import { orLate } from "../deadline.ts";
import { nonces } from "../nonce.ts";
import { ask, type Asking, finite, named, positive, refused } from "./ask.ts";
import { keyBucket } from "./bucket.ts";
import type { AggregateError } from "./event.ts";
import { flushAll, type Flushing } from "./flush.ts";
import { alone, type Busy, commit, readJob } from "./job.ts";
import { readLatest } from "./latest.ts";
import { overlay } from "./overlay.ts";
import { packing } from "./parcel.ts";
import type { Flushed, QueuedChange, WriteBehind, WriteBehindOptions } from "./write_behind_options.ts";

interface State<K, V> extends Flushing<K, V> {
  readonly threshold: number;
  readonly most: number;
  readonly onFull: "wait" | "write through";
  /** Buckets whose flush was asked for, and the run that takes them. */
  readonly wanted: Set<number>;
  running: Promise<unknown> | undefined;
  closed: boolean;
}

/** Between two attempts of a writer that waits for room; a flush takes as long as a few commits. */
const pause = 10;

/**
 * Writes values later, in batches: a writer is answered when the shared tier holds the value and its key is queued.
 *
 * Keys are queued in buckets, by the MD5 of the key. A bucket that reaches the threshold is flushed in the background, all
 * of them by the periodic job. A flush takes a bucket's keys with their latest values, in one round trip; they wait under an
 * id until they are written, and so outlive a crash between the two. One flusher is at it at a time, as long as the locks
 * hold: a source that must not see an older value after a newer one keeps `version`, or the `fence`, and refuses what is
 * below.
 *
 * Throws a RangeError if an option is out of range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { source } from "@lamina/cache";
 * import { memoryQueue, writeBehind } from "@lamina/cache/aggregate";
 * import { right } from "fp-ts/lib/Either.js";
 * import { some } from "fp-ts/lib/Option.js";
 * import * as t from "io-ts";
 *
 * const rows = new Map<string, number>();
 * await using visits = writeBehind<string, number>({
 *   port: memoryQueue(),
 *   name: "visits",
 *   codec: t.number,
 *   save: async (changes) => changes.forEach(({ key, value }) => value._tag === "Some" && rows.set(key, value.value)),
 * });
 * const store = visits.layer(source({ load: async (keys: ReadonlyArray<string>) => keys.map((key) => rows.get(key)) }));
 *
 * await store.put("alice", 1)();
 * await store.put("alice", 2)();
 * assertEquals([rows.size, await store.get("alice")()], [0, right(some(2))]);
 * assertEquals(await visits.flush(), right({ _tag: "Flushed", written: 1, dead: 0, failed: 0 }));
 * assertEquals([rows.get("alice"), await store.get("alice")()], [2, right(some(2))]);
 * ```
 *
 * **Gotchas**
 * - A write that reaches the source past the queue (`mutate` around something else than a `put`) is overwritten by what is
 *   queued for the key. Flush before.
 * - A port that does not answer fails reads through the layer: what is below may be older.
 */
export function writeBehind<K, V>(options: WriteBehindOptions<K, V>): WriteBehind<K, V> {
  const { state, within } = stateOf(options);
  const { job } = state;
  const put = (key: K, value: Option<V>): TaskEither<AggregateError, void> => () => putOne(state, within, key, value);
  const latest: WriteBehind<K, V>["latest"] = (keys) => () => readLatest(state, keys);
  const close = async (): Promise<void> => {
    state.closed = true;
    if (state.running !== undefined) await orLate(job.clock, job.commit + within, state.running);
  };
  return {
    put,
    latest,
    flush: async () => {
      // One that this process has begun is no other flusher; it has not all buckets.
      await state.running;
      return await flushAlone(state, Array.from({ length: state.buckets }, (_, i) => i));
    },
    layer: overlay({ put, latest }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function stateOf<K, V>(options: WriteBehindOptions<K, V>): { state: State<K, V>; within: number } {
  const what = "a write-behind";
  const { port, codec, save, buckets = 51, threshold = 51, onFull = "wait", within = "5s" } = options;
  const name = named(what, options.name);
  positive(what, "threshold", threshold);
  const most = positive(what, "maxQueued", options.maxQueued ?? 10 * threshold);
  if (most < threshold) throw refused(what, "a maxQueued that is not below the threshold", most);
  if (!["wait", "write through"].includes(onFull)) throw refused(what, '"wait" or "write through" for onFull', onFull);
  const job = readJob(`flush:${name}`, options);
  const patience = finite(what, within);
  const asking: Asking = { port, clock: job.clock, within: patience };
  const state: State<K, V> = {
    name,
    port,
    asking,
    job,
    packing: packing<K, V>(name, codec),
    save,
    nonce: nonces(),
    place: (bucket) => `${name}/${bucket}`,
    buckets: positive(what, "number of buckets", buckets),
    threshold,
    most,
    onFull,
    wanted: new Set(),
    running: undefined,
    closed: false,
  };
  return { state, within: patience };
}

async function putOne<K, V>(
  state: State<K, V>,
  within: number,
  key: K,
  value: Option<V>,
): Promise<E.Either<AggregateError, void>> {
  const { packing, port, asking, job: { clock } } = state;
  const [name, packed] = [packing.name(key), packing.pack(key, value)];
  if (name._tag === "Left") return name;
  if (packed._tag === "Left") return packed;
  const bucket = keyBucket(key, name.right, state.buckets);
  const parcels = [{ key: name.right, value: packed.right }];
  for (const end = clock.now() + within;;) {
    if (state.closed) return E.left({ _tag: "Closed", what: state.name });
    const held = await ask(asking, () => port.hold(state.place(bucket), parcels, state.most))();
    if (held._tag === "Left") return held;
    // A full one may have all of its keys in a batch that somebody left.
    if (held.right._tag === "Full" || held.right.queued >= state.threshold) flushSoon(state, bucket);
    if (held.right._tag === "Queued") return E.right(undefined);
    if (state.onFull === "write through") return await writeThrough(state, { key, value, version: held.right.version });
    if (clock.now() >= end) return E.left({ _tag: "TimedOut", waitingFor: `room in ${state.name}` });
    await new Promise<void>((resolve) => void clock.after(Math.min(pause, end - clock.now()), resolve));
  }
}

async function writeThrough<K, V>(
  { save, job, name }: State<K, V>,
  change: QueuedChange<K, V>,
): Promise<E.Either<CacheError, void>> {
  const forever = { left: () => job.commit };
  return await commit(job, forever, `the source of ${name}`, (within) => save([change], { within, fence: undefined }));
}

function flushSoon<K, V>(state: State<K, V>, bucket: number): void {
  state.wanted.add(bucket);
  state.running ??= flushWanted(state).then(() => {
    state.running = undefined;
    // What was wanted since the run looked last.
    for (const next of state.wanted) flushSoon(state, next);
  });
}

function flushAlone<K, V>(
  state: State<K, V>,
  buckets: ReadonlyArray<number>,
  reached?: (bucket: number) => void,
): Promise<E.Either<AggregateError, Flushed | Busy>> {
  return alone(state.job, (held) => flushAll(state, held, buckets, reached))();
}

async function flushWanted<K, V>(state: State<K, V>): Promise<void> {
  // What is put in the same turn belongs to the same flush.
  await Promise.resolve();
  while (state.wanted.size > 0) {
    const buckets = new Set(state.wanted);
    state.wanted.clear();
    const flushed = await flushAlone(state, [...buckets], (bucket) => buckets.delete(bucket));
    if (flushed._tag === "Right") continue;
    for (const bucket of [...buckets].map(state.place)) {
      state.job.onEvent({ _tag: "FlushFailed", queue: state.name, bucket, keys: 0, error: flushed.left });
    }
  }
}
