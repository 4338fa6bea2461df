/**
 * Counters, values that are written behind, snapshots, and the periodic jobs that go with them: what many processes
 * gather in a shared tier, and a source gets in batches.
 *
 * - {@linkcode counterSet} counts; {@linkcode foldCounts} adds what was counted to the totals of a source;
 *   {@linkcode shownCounts} shows both together.
 * - {@linkcode writeBehind} acknowledges values when the shared tier holds them, and writes them later.
 * - {@linkcode snapshotCounts} appends what all counters show, with a time. {@linkcode getOrCreate} creates once.
 *
 * Where counters and queues are kept is a port: {@linkcode memoryCounters} and {@linkcode memoryQueue} for tests and
 * single processes, `redisCounters` and `redisQueue` of `@lamina/cache/redis`, `sqliteCounters` and `sqliteQueue` of
 * `@lamina/cache/sqlite`.
 *
 * **Batches.** What is taken is not gone: it waits at its place, under an id that no other batch has, until its taker says
 * that it has arrived. There is at most one that waits at a place, and whoever takes next gets that one. So a crash at any
 * point loses nothing, and what is done twice is done under the same id. Totals that remember ids count everything exactly
 * once; those that do not, at least once, and {@linkcode MayCountTwice} tells when. A source of written values may get the
 * same change again; the `version` of each tells which is later.
 *
 * **What is shown** is persisted, running and waiting counts as of one moment, although they lie in two places.
 * {@linkcode shownCounts} says why it is.
 *
 * **Jobs** are plain functions, to be called by `Deno.cron`, a timer, or an external scheduler, in any number of processes.
 * One at a time does the work, by a lock that they share ({@linkcode JobOptions}); the others answer `Busy`. They are
 * idempotent: run again, or too often, they add nothing.
 *
 * **Nothing is silent.** What is lost, dead, late or in doubt is an {@linkcode AggregateEvent}.
 *
 * What they do not promise:
 *
 * - An increment without an answer may have counted. With `once` it may be repeated.
 * - A place that loses its data loses what was not folded or written: a Redis without an append-only file at each restart.
 *   Then what is shown says `Diverged` as long as nothing was folded since. A file that is behind by a second (`everysec`)
 *   may also bring a batch back that was folded: as running counts, which then count twice. `appendfsync always` does not.
 * - A lock that is a lease does not keep a paused process from going on. Batches with ids make that harmless for counts; for
 *   written values the source has to look at `version` or `fence`.
 *
 * The ideas are gae_bingo's: counters accumulated in the shared tier, identities persisted from buckets by their MD5,
 * hourly snapshots. Batches that wait under an id are not: there, a crash between two steps loses counts.
 *
 * @module
 */
export type {
  BackendFailed,
  CacheError,
  Cancelled,
  KeyRefused,
  SourceFailed,
  TimedOut,
  ValueRefused,
} from "../cache_error.ts";
export type { Full, LockError, NotHeld } from "../lock/lock_error.ts";
export {
  type Batch,
  type Count,
  type CountersPort,
  type Delta,
  type Incremented,
  mostCounted,
  type Once,
  type Standing,
} from "../backend/counters_port.ts";
export type { Parcel, Queued, QueuePort, TakenBatch, TakenParcel } from "../backend/queue_port.ts";
export { bucketOf } from "./bucket.ts";
export { type CountersError, type CounterSet, counterSet, type CounterSetOptions, type Taken } from "./counter_set.ts";
export type * from "./event.ts";
export { foldCounts, type Folded, type FoldOptions } from "./fold.ts";
export { type CreateError, type Entity, getOrCreate, type GetOrCreateOptions } from "./get_or_create.ts";
export type { Busy, JobOptions } from "./job.ts";
export { memoryCounters, type MemoryCountersOptions } from "./memory_counters.ts";
export { memoryQueue } from "./memory_queue.ts";
export { type MemoryTotals, memoryTotals } from "./memory_totals.ts";
export { shownCounts, type ShownOptions } from "./shown.ts";
export { type Snapshot, snapshotCounts, type SnapshotOptions, type SnapshotRow, type Snapshotted } from "./snapshot.ts";
export type { Persisted, Totals } from "./totals.ts";
export { writeBehind } from "./write_behind.ts";
export type { Flushed, QueuedChange, SaveContext, WriteBehind, WriteBehindOptions } from "./write_behind_options.ts";
