import { identity } from "fp-ts/lib/function.js";
import type { CountersPort, QueuePort } from "../../../../lib/aggregate/mod.ts";
import { redisBackend, redisCounters, redisLeases, redisQueue } from "../../../../lib/backend/redis/mod.ts";
import { sqliteBackend, sqliteCounters, sqliteQueue } from "../../../../lib/entry/sqlite.ts";
import type { Held, Locker } from "../../../../lib/lock/mod.ts";
import { fileLocks, leaseLocks } from "../../../../lib/lock/mod.ts";
import type { Backend, Duration, Store } from "../../../../mod.ts";
import { duration, memory } from "../../../../mod.ts";

/** What all processes of the service share in front of the database. */
export interface Places extends AsyncDisposable {
  /** Where cached values are. */
  readonly backend: Backend<Uint8Array>;
  /** Where counts are until they are folded into the database. */
  readonly counters: CountersPort;
  /** Where identities are until they are written to the database. */
  readonly queue: QueuePort;
  /** One process at a time. */
  readonly locks: Locker<Held>;
  /** The tier of this process, where it can hear of what other processes change. */
  readonly instance: <K, V>(below: Store<K, V>) => Store<K, V>;
  /** How long after a change the instance tier of some process may still have what was before. */
  readonly settling: Duration;
}

/** How long an identity, or a job, waits for a process that crashed while it held its lock. */
const lease = "3s";

/**
 * All of it on one Redis. What is acknowledged there is as durable as the Redis is: with `appendonly yes` and
 * `appendfsync always` a restart loses nothing.
 */
export function redisPlaces(url: string): Places {
  const backend = redisBackend({ url });
  const counters = redisCounters({ url, namespace: "bingo" });
  const queue = redisQueue({ url, namespace: "bingo" });
  const port = redisLeases({ url, namespace: "bingo" });
  // Renewed for as long as a job's commit may take, with what comes before and after it.
  const locks = leaseLocks({ port, lease, renewFor: "1m" });
  return {
    ...{ backend, counters, queue, locks, instance: coherent, settling: duration(unheard) },
    [Symbol.asyncDispose]: closing([backend, counters, queue, port]),
  };
}

/**
 * The tier of one process in front of a Redis. It hears of every change by the Redis, and without a word for the length
 * of a lease it asks below. So a lease after a change no process serves what was before, whatever became of the word.
 */
function coherent<K, V>(below: Store<K, V>): Store<K, V> {
  return memory({ capacity: 10, ttl: "60s", invalidations: { lease: unheard } })(below);
}

/** How long an instance tier trusts a connection that says nothing. */
const unheard = "1s";

/** All of it in files of one folder, for the processes of one machine. */
export function filePlaces(folder: string): Places {
  const backend = sqliteBackend({ path: `${folder}/shared.sqlite` });
  const counters = sqliteCounters({ path: `${folder}/counters.sqlite` });
  const queue = sqliteQueue({ path: `${folder}/queue.sqlite` });
  const locks = fileLocks({ directory: `${folder}/locks` });
  return {
    // Files tell nobody of a change. Every request asks them, which costs microseconds.
    ...{ backend, counters, queue, locks, instance: identity, settling: duration("0ms") },
    [Symbol.asyncDispose]: closing([backend, counters, queue]),
  };
}

function closing(parts: ReadonlyArray<{ readonly close: () => Promise<void> }>): () => Promise<void> {
  return async () => {
    await Promise.all(parts.map((part) => part.close()));
  };
}
