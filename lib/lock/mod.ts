/**
 * Locks on their own: what must not be done twice at once, in a process, across workers, processes or machines.
 *
 * Code that takes a {@linkcode Locker} (locks by name) or a {@linkcode Guards} (reader/writer guards by name) does not
 * know where they are kept. All of them wait within a deadline and a signal, in a queue of bounded length and in the
 * order of the callers of one process; `tryAcquire` never waits for a holder; `release` of what is not held is the value
 * `NotHeld`; `await using` releases. Nothing throws but the check of options, and nothing rejects.
 *
 * | locks | exclude | a holder that crashes | order between processes | guards |
 * |---|---|---|---|---|
 * | {@linkcode mutex}, {@linkcode guard}, {@linkcode localLocks} | callers of this process | has no others | | yes |
 * | {@linkcode workerLocks} | workers of this process | lets go when its worker ends | the workers' order | yes |
 * | {@linkcode fileLocks} | processes of this machine | lets go when its process ends | none | yes |
 * | {@linkcode leaseLocks} | processes that share a {@linkcode LeasePort} | delays others by a lease | none | no |
 *
 * A {@linkcode LeasePort} on Redis is `redisLeases` of `@lamina/cache/redis`; {@linkcode memoryLeases} is one for tests.
 *
 * What they do not promise:
 *
 * - A lease is over when its time is, whatever its holder does. One that was paused, or cut off, goes on for as long as it
 *   does not look at `held.lost`, beside the next holder. Only a receiver that refuses a `held.fence` below one that it has
 *   seen is safe from that.
 * - A lease on Redis is lost in a flush, in a failover that it did not reach, and to eviction under every policy but
 *   `noeviction`. Its fence then still grows, but where the server's clock went back too.
 * - File locks are local: on a network file system they hold as far as its `flock` does. Whoever removes the files while
 *   they are in use makes two holders. Two names in 256 share a file and exclude each other.
 * - Locks of a process know nothing of other processes, and those across workers neither.
 * - None is re-entrant: who holds one and acquires it again waits for himself until his deadline. Who takes several takes
 *   them with {@linkcode withAll}.
 *
 * Nothing of the cache's protocol stands on these locks: a tier's own are tokens in its slots (`@lamina/cache/protocol`).
 * The guards and the registry of names are dogpile's ideas, fencing is Kleppmann's.
 *
 * @example Overlapping batches, and a body that runs alone
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type Locker, localLocks, withAll } from "@lamina/cache/lock";
 * import { right } from "fp-ts/lib/Either.js";
 *
 * const stock = new Map([["apples", 3], ["pears", 0]]);
 * const move = (locks: Locker, from: string, to: string) =>
 *   withAll(locks, [from, to])(() => async () => {
 *     stock.set(from, stock.get(from)! - 1);
 *     stock.set(to, stock.get(to)! + 1);
 *     return right(undefined);
 *   })();
 *
 * const locks = localLocks();
 * await Promise.all([move(locks, "apples", "pears"), move(locks, "pears", "apples"), move(locks, "apples", "pears")]);
 * assertEquals([...stock.values(), locks.size()], [2, 1, 0]);
 * ```
 *
 * @module
 */
export type { BackendFailed, Cancelled, SourceFailed, TimedOut } from "../cache_error.ts";
export { type Cancel, type Clock, systemClock } from "../clock.ts";
export { type Duration, duration, type DurationLike } from "../duration.ts";
export type { Key, KeyFault } from "../key.ts";
export type { Mode } from "./door.ts";
export { fileLocks, type FileLocksOptions } from "./deno_file.ts";
export { type LeaseLocks, leaseLocks, type LeaseLocksOptions } from "./lease.ts";
export type { LeaseHeld } from "./lease_held.ts";
export type { LeasePort } from "./lease_port.ts";
export { guard, type LocalLocks, localLocks, mutex } from "./local.ts";
export type { AcquireOptions, Guard, Guards, Held, Lock, Locker } from "./lock.ts";
export { type Full, type LockError, type NotHeld, showLockError } from "./lock_error.ts";
export { memoryLeases, type MemoryLeasesOptions } from "./memory_leases.ts";
export { lockName } from "./name.ts";
export { type Borrowed, type NameRegistry, nameRegistry, type NameRegistryOptions } from "./name_registry.ts";
export type { LockOptions } from "./options.ts";
export { type Condition, readResource, type Resource, type ResourceLocks } from "./resource.ts";
export { withAll, type WithAllOptions } from "./with_all.ts";
export { withLock, type WithLockOptions } from "./with_lock.ts";
export { type WebLocks, workerLocks, type WorkerLocksOptions } from "./worker.ts";
