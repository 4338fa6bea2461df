import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { QueuePort, TakenBatch } from "../backend/queue_port.ts";
import type { Held } from "../lock/lock.ts";
import type { Answer } from "../source/loader.ts";
import { ask, type Asking } from "./ask.ts";
import type { AggregateError } from "./event.ts";
import { commit, type Job } from "./job.ts";
import type { Packing } from "./parcel.ts";
import type { Flushed, QueuedChange, SaveContext } from "./write_behind_options.ts";

/** What flushing needs to know. */
export interface Flushing<K, V> {
  readonly name: string;
  readonly port: QueuePort;
  readonly asking: Asking;
  readonly job: Job;
  readonly packing: Packing<K, V>;
  readonly save: (changes: ReadonlyArray<QueuedChange<K, V>>, context: SaveContext) => Answer<void>;
  readonly nonce: () => string;
  readonly buckets: number;
  readonly place: (bucket: number) => string;
}

/** A batch that somebody left, and then what was queued since. */
const mostBatches = 2;

/**
 * Flushes buckets, one after the other, as long as the lock is held; a bucket that fails does not keep others waiting. Only
 * a port that is silent ends it: it would be for each of them. `reached` is told of each bucket that was tried, of whose
 * failure an event has told.
 */
export async function flushAll<K, V>(
  self: Flushing<K, V>,
  held: Held,
  buckets: ReadonlyArray<number>,
  reached: (bucket: number) => void = () => {},
): Promise<E.Either<AggregateError, Flushed>> {
  let [written, dead, failed] = [0, 0, 0];
  let error: AggregateError | undefined;
  for (const bucket of buckets) {
    for (let batch = 0; batch < mostBatches; batch++) {
      if (held.lost.aborted) return E.left({ _tag: "NotHeld", lock: held.name, reason: "lost" });
      const place = self.place(bucket);
      const taken = await ask(self.asking, () => self.port.take(place, self.nonce()))();
      reached(bucket);
      if (taken._tag === "Left") {
        self.job.onEvent({ _tag: "FlushFailed", queue: self.name, bucket: place, keys: 0, error: taken.left });
        if (taken.left._tag === "TimedOut") return taken;
        error ??= taken.left;
        break;
      }
      if (O.isNone(taken.right)) break;
      const done = await flushOne(self, held, place, taken.right.value);
      written += done.written;
      dead += done.dead;
      failed += done.failed;
      if (done.failed > 0) break;
    }
  }
  return error === undefined ? E.right({ _tag: "Flushed", written, dead, failed }) : E.left(error);
}

async function flushOne<K, V>(
  self: Flushing<K, V>,
  held: Held,
  bucket: string,
  batch: TakenBatch,
): Promise<Omit<Flushed, "_tag">> {
  const { job, port, asking, name } = self;
  const { changes, letters } = open(self, batch);
  const saved = changes.length === 0 ? E.right(undefined) : await commit(
    job,
    held,
    `the source of ${name}`,
    (within) => self.save(changes, { within, fence: "fence" in held ? Number(held.fence) : undefined }),
  );
  if (saved._tag === "Left") {
    const keys = batch.parcels.length;
    job.onEvent({ _tag: "FlushFailed", queue: name, bucket, keys, error: saved.left });
    // If that fails too it waits as it is, and is what the next flush takes.
    await ask(asking, () => port.putBack(bucket, batch.id))();
    return { written: 0, dead: 0, failed: keys };
  }
  // Before anything forgets them: who crashes in between reports them once more.
  for (const { key, reason } of letters) job.onEvent({ _tag: "DeadLetter", queue: name, bucket, key, reason });
  const acknowledged = await ask(asking, () => port.acknowledge(bucket, batch.id))();
  if (acknowledged._tag === "Left" || !acknowledged.right) {
    const error = acknowledged._tag === "Left" ? acknowledged.left : undefined;
    job.onEvent({ _tag: "Unacknowledged", of: name, batch: batch.id, error });
  }
  return { written: changes.length, dead: letters.length, failed: 0 };
}

interface Letter {
  readonly key: string;
  readonly reason: "the value is gone" | "the value cannot be read";
}

function open<K, V>(
  { packing }: Flushing<K, V>,
  { parcels }: TakenBatch,
): { readonly changes: ReadonlyArray<QueuedChange<K, V>>; readonly letters: ReadonlyArray<Letter> } {
  const changes: Array<QueuedChange<K, V>> = [];
  const letters: Letter[] = [];
  for (const { key, value, version } of parcels) {
    const change = O.isSome(value) ? packing.unpack(value.value) : undefined;
    if (change !== undefined) changes.push({ ...change, version });
    else letters.push({ key, reason: O.isSome(value) ? "the value cannot be read" : "the value is gone" });
  }
  return { changes, letters };
}
