import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { pipe } from "fp-ts/lib/function.js";
import { none, some } from "fp-ts/lib/Option.js";
import * as t from "io-ts";
import {
  type AggregateEvent,
  bucketOf,
  memoryQueue,
  type QueuedChange,
  type QueuePort,
  type WriteBehind,
  writeBehind,
  type WriteBehindOptions,
} from "../../lib/aggregate/mod.ts";
import { leaseLocks, memoryLeases } from "../../lib/lock/mod.ts";
import { memoryBackend } from "../../lib/backend/memory.ts";
import { memory } from "../../lib/layer/memory.ts";
import { shared } from "../../lib/layer/shared.ts";
import { source } from "../../lib/source/source.ts";
import { virtualClock } from "../../lib/testing/virtual_clock.ts";
import { virtualTime } from "../lock/support.ts";
import { found, left, right } from "../support/results.ts";
import { openQueue, queueTest, sharedTest, together } from "./support.ts";

interface Stand {
  readonly queue: WriteBehind<string, number>;
  /** What the source has. */
  readonly rows: Map<string, number>;
  /** Each batch that was saved. */
  readonly saved: Array<ReadonlyArray<QueuedChange<string, number>>>;
  readonly events: AggregateEvent[];
}

function stand(port: QueuePort, options: Partial<WriteBehindOptions<string, number>> = {}): Stand {
  const rows = new Map<string, number>();
  const saved: Array<ReadonlyArray<QueuedChange<string, number>>> = [];
  const events: AggregateEvent[] = [];
  const queue = writeBehind<string, number>({
    port,
    name: "people",
    codec: t.number,
    save: (changes) => {
      saved.push(changes);
      for (const { key, value } of changes) {
        if (value._tag === "Some") rows.set(key, value.value);
        else rows.delete(key);
      }
      return Promise.resolve();
    },
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { queue, rows, saved, events };
}

/** Keys that share a bucket. */
function keysOf(bucket: number, count: number): ReadonlyArray<string> {
  const keys: string[] = [];
  for (let i = 0; keys.length < count; i++) if (bucketOf(`key ${i}`, 51) === bucket) keys.push(`key ${i}`);
  return keys;
}

const put = async (queue: WriteBehind<string, number>, keys: ReadonlyArray<string>, from = 0): Promise<void> => {
  for (const [i, key] of keys.entries()) right(await queue.put(key, some(from + i))());
};

Deno.test("B15 the bucket of a key is its MD5 modulo the number of buckets", () => {
  assertEquals([bucketOf("166", 51), bucketOf("alice", 51)], [50, 16]);
  const seen = new Set(Array.from({ length: 2_000 }, (_, i) => bucketOf(`key ${i}`, 51)));
  assertEquals(seen.size, 51);
  fc.assert(fc.property(fc.string(), fc.integer({ min: 1, max: 1_000 }), (key, buckets) => {
    const bucket = bucketOf(key, buckets);
    assert(Number.isInteger(bucket) && bucket >= 0 && bucket < buckets);
  }));
});

queueTest("B15 the 51st entry of a bucket flushes it, and no other", async (port) => {
  const { queue, rows, saved } = stand(port);
  const keys = keysOf(16, 51);
  await put(queue, ["166", ...keys.slice(0, 50)]);
  await put(queue, keys.slice(0, 50));
  await queue.close();
  assertEquals(rows.size, 0, "nothing is written before");
  await using again = stand(port).queue;
  assertEquals(right(await again.latest(keys)()).filter(({ _tag }) => _tag === "Some").length, 50);
  const next = stand(port);
  await put(next.queue, [keys[50]!], 50);
  await next.queue.close();
  assertEquals([next.saved.length, next.rows.size, next.rows.has("166")], [1, 51, false]);
  assertEquals([...next.rows.values()].toSorted((a, b) => a - b), Array.from({ length: 51 }, (_, i) => i));
  assertEquals(saved, []);
});

queueTest("B15 a periodic flush takes all buckets, the last one included", async (port) => {
  await using queue = stand(port).queue;
  const { rows, queue: flusher } = stand(port);
  const keys = Array.from({ length: 51 }, (_, bucket) => keysOf(bucket, 1)[0]!);
  assertEquals(bucketOf(keys.at(-1)!, 51), 50);
  await put(queue, keys);
  assertEquals(right(await flusher.flush()), { _tag: "Flushed", written: 51, dead: 0, failed: 0 });
  assertEquals(new Set(rows.keys()), new Set(keys));
});

queueTest("B15 a key that is queued twice is written once, with its latest value", async (port) => {
  const { queue, rows, saved } = stand(port);
  await put(queue, ["alice", "bob", "alice"]);
  assertEquals(right(await queue.latest(["alice", "bob", "carol"])()), [some(some(2)), some(some(1)), none]);
  right(await queue.flush());
  assertEquals([rows.get("alice"), rows.get("bob"), saved.flat().length], [2, 1, 2]);
  assertEquals(right(await queue.latest(["alice"])()), [none]);
});

queueTest("B16 51 writers racing the flusher lose nothing", async (port) => {
  const { queue, rows, events } = stand(port, { threshold: 20 });
  let writing = true;
  const keys = Array.from({ length: 51 }, (_, i) => `writer ${i}`);
  const writers = Promise.all(keys.map((key, i) => put(queue, Array.from({ length: 10 }, () => key), 1_000 * i)))
    .finally(() => writing = false);
  let written = 0;
  for (let last = false; !last;) {
    last = !writing;
    const flushed = right(await queue.flush());
    if (flushed._tag === "Flushed") written += flushed.written;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await writers;
  await queue.close();
  assertEquals([...rows].toSorted(), keys.map((key, i) => [key, 1_000 * i + 9] as [string, number]).toSorted());
  assert(written >= 51 && events.length === 0);
});

sharedTest("B16 three processes that put, while another flushes, lose nothing", async (place, folder) => {
  await using port = openQueue(place);
  const { queue, rows, events } = stand(port, { maxQueued: 1_000_000 });
  const flag = `${folder}/met`;
  let during = 0;
  const done = await together(3, "put", (index) => [place, 1_000 * index, 150, flag], async (isOver) => {
    while (!isOver()) {
      right(await queue.flush());
      if (during === 0 && rows.size > 0) await Deno.writeTextFile(flag, "");
      during = rows.size;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  });
  assertEquals(done, [[150, 0], [150, 0], [150, 0]]);
  assert(during > 0, "expected the flusher to meet the writers");
  right(await queue.flush());
  assertEquals([rows.size, events], [450, []]);
  for (const [key, value] of rows) assertEquals(Number(key.slice(4)) % 1_000, value);
});

queueTest("B16 a failed flush puts its batch back, says so, and the next one writes it all", async (port) => {
  const { queue, events } = stand(port, { save: () => Promise.reject(new Error("no disk")) });
  await put(queue, ["alice", "bob"]);
  assertEquals(right(await queue.flush()), { _tag: "Flushed", written: 0, dead: 0, failed: 2 });
  assertEquals(events.map(({ _tag }) => _tag), ["FlushFailed", "FlushFailed"]);
  const next = stand(port);
  await put(next.queue, ["alice"], 7);
  assertEquals(right(await next.queue.flush()), { _tag: "Flushed", written: 2, dead: 0, failed: 0 });
  assertEquals([next.rows.get("alice"), next.rows.get("bob")], [7, 1]);
});

queueTest("B16 a flush between whose take and write the process ended is made up for by the next", async (port) => {
  const { queue, events } = stand(port, { save: () => new Promise(() => {}), commit: "1ms" });
  const cut: QueuePort = { ...port, putBack: () => () => Promise.resolve({ _tag: "Right", right: false }) };
  const dying = stand(cut, { save: () => new Promise(() => {}), commit: "1ms" });
  await put(queue, ["alice"]);
  right(await dying.queue.flush());
  await put(queue, ["alice", "166"], 5);
  const next = stand(port);
  right(await next.queue.flush());
  assertEquals(next.rows, new Map([["alice", 5], ["166", 6]]));
  assertEquals(next.saved.flat().map(({ value }) => value).toSorted(), [some(5), some(5), some(6)].toSorted());
  assertEquals([events.length, dying.events.map(({ _tag }) => _tag)], [0, ["FlushFailed"]]);
});

queueTest("B17 no key is ever taken whose value the shared tier does not hold", async (port) => {
  let writing = true;
  let taken = 0;
  const encoder = new TextEncoder();
  const writers = Promise.all(Array.from({ length: 10 }, async (_, writer) => {
    for (let i = 0; i < 40; i++) {
      right(await port.hold("a", [{ key: `key ${i % 7}`, value: encoder.encode(`${writer} ${i}`) }], 100)());
    }
  })).finally(() => writing = false);
  while (writing) {
    const batch = right(await port.take("a", crypto.randomUUID())());
    if (batch._tag === "Some") {
      for (const { key, value } of batch.value.parcels) {
        assert(value._tag === "Some", `${key} is queued without a value`);
        taken++;
      }
      right(await port.acknowledge("a", batch.value.id)());
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await writers;
  assert(taken > 0);
});

Deno.test("B17 where the shared tier does not take the value, the writer hears it and no key is queued", async () => {
  const port = memoryQueue();
  const failing: QueuePort = {
    ...port,
    hold: () => () => Promise.resolve({ _tag: "Left", left: { _tag: "BackendFailed", backend: "x", reason: "OOM" } }),
  };
  const { queue } = stand(failing);
  assertEquals(left(await queue.put("alice", some(1))())._tag, "BackendFailed");
  assertEquals(right(await queue.flush()), { _tag: "Flushed", written: 0, dead: 0, failed: 0 });
});

queueTest("B18 a flush takes the keys with their latest values in one step", async (port) => {
  const steps: string[] = [];
  const step = <A extends ReadonlyArray<unknown>, B>(name: string, f: (...args: A) => B) => (...args: A): B => {
    steps.push(name);
    return f(...args);
  };
  const watched: QueuePort = {
    ...port,
    read: step("read", port.read),
    take: step("take", port.take),
    acknowledge: step("acknowledge", port.acknowledge),
  };
  const { queue, rows } = stand(watched, { buckets: 1 });
  await put(queue, ["a", "b", "c", "a", "b"]);
  right(await queue.flush());
  assertEquals(rows, new Map([["a", 3], ["b", 4], ["c", 2]]));
  assertEquals(steps, ["take", "acknowledge", "take"], "the second take finds nothing");
});

queueTest("B18 a value that is gone, or that cannot be read, is reported and keeps nobody waiting", async (port) => {
  const losing: QueuePort = {
    ...port,
    take: (bucket, nonce) => async () => {
      const taken = await port.take(bucket, nonce)();
      if (taken._tag === "Left" || taken.right._tag === "None") return taken;
      const parcels = taken.right.value.parcels.map((parcel) => {
        if (parcel.key === "'gone") return { ...parcel, value: none };
        return parcel.key === "'torn" ? { ...parcel, value: some(new Uint8Array([0, 0, 9, 9, 1])) } : parcel;
      });
      return { _tag: "Right", right: some({ ...taken.right.value, parcels }) };
    },
  };
  const { queue, rows, events } = stand(losing, { buckets: 1 });
  await put(queue, ["alice", "gone", "torn"]);
  assertEquals(right(await queue.flush()), { _tag: "Flushed", written: 1, dead: 2, failed: 0 });
  assertEquals(rows, new Map([["alice", 0]]));
  assertEquals(events, [
    { _tag: "DeadLetter", queue: "people", bucket: "people/0", key: "'gone", reason: "the value is gone" },
    { _tag: "DeadLetter", queue: "people", bucket: "people/0", key: "'torn", reason: "the value cannot be read" },
  ]);
  assertEquals(right(await queue.flush()), { _tag: "Flushed", written: 0, dead: 0, failed: 0 });
});

queueTest("B20 a flush that is run again, or by two at once, writes nothing more", async (port) => {
  const { queue, saved } = stand(port);
  await put(queue, ["alice", "bob"]);
  const both = await Promise.all([queue.flush(), queue.flush()]);
  assertEquals(both.map((each) => right(each)._tag).toSorted(), ["Busy", "Flushed"]);
  right(await queue.flush());
  assertEquals(saved.flat().length, 2);
});

Deno.test("a flush in the background that does not get so far as to take its batch says so", async () => {
  const failed = { _tag: "BackendFailed", backend: "leases", reason: "down" } as const;
  const locks = leaseLocks({
    port: { ...memoryLeases(), acquire: () => () => Promise.resolve({ _tag: "Left", left: failed }) },
  });
  const { queue, events } = stand(memoryQueue(), { buckets: 1, threshold: 2, locks });
  await put(queue, ["a", "b"]);
  await queue.close();
  assertEquals(events, [{ _tag: "FlushFailed", queue: "people", bucket: "people/0", keys: 0, error: failed }]);
  assertEquals(left(await queue.flush()), failed);
});

Deno.test("a full bucket makes a writer wait for a flush, at most as long as it may", async () => {
  const clock = virtualClock();
  const until = virtualTime(clock);
  let broken = true;
  const saved: string[] = [];
  const { queue } = stand(memoryQueue(), {
    ...{ clock, buckets: 1, threshold: 2, maxQueued: 3, within: "1s" },
    save: (changes) => {
      if (broken) return Promise.reject(new Error("no disk"));
      saved.push(...changes.map(({ key }) => key));
      return Promise.resolve();
    },
  });
  for (const key of ["a", "b", "c"]) right(await until(queue.put(key, some(1))()));
  assertEquals(left(await until(queue.put("d", some(1))())), { _tag: "TimedOut", waitingFor: "room in people" });
  assertEquals(clock.now() >= 1_000, true);
  right(await until(queue.put("a", some(2))()));
  const waiting = queue.put("d", some(1))();
  await clock.advance(500);
  broken = false;
  right(await until(waiting));
  right(await until(queue.flush()));
  assertEquals(saved.toSorted(), ["a", "b", "c", "d"]);
  await queue.close();
  assertEquals(left(await queue.put("e", some(1))())._tag, "Closed");
  assertEquals(clock.pending(), 0);
});

Deno.test("a full bucket lets a writer write through, but never past what waits for its key", async () => {
  let broken = true;
  const rows = new Map<string, number>();
  const versions: number[] = [];
  const { queue } = stand(memoryQueue(), {
    ...{ buckets: 1, threshold: 1, maxQueued: 2, onFull: "write through" },
    save: (changes) => {
      if (broken && changes.length > 1) return Promise.reject(new Error("no disk"));
      for (const { key, value, version } of changes) {
        if (value._tag === "Some") rows.set(key, value.value), versions.push(version);
      }
      return Promise.resolve();
    },
  });
  await put(queue, ["a", "b"]);
  await queue.flush();
  await put(queue, ["c", "a"], 10);
  assertEquals(rows, new Map([["c", 10]]));
  broken = false;
  right(await queue.flush());
  assertEquals(rows, new Map([["c", 10], ["a", 11], ["b", 1]]));
  assert(versions[0]! < versions[1]!, "what was written through is older than what was put after it");
  await queue.close();
});

queueTest("through a stack, what is put is read at once, queued, and written later", async (port) => {
  const { queue, rows } = stand(port);
  const store = pipe(
    source({ load: (keys: ReadonlyArray<string>) => Promise.resolve(keys.map((key) => rows.get(key))) }),
    queue.layer,
    shared({ backend: memoryBackend({ capacity: 1_000 }), name: "people", codec: t.number, ttl: "10m" }),
    memory({ capacity: 100, ttl: "1m" }),
  );
  assertEquals(found(await store.get("alice")()), undefined);
  right(await store.put("alice", 1)());
  assertEquals([found(await store.get("alice")()), rows.size], [1, 0]);
  right(await store.invalidate(["alice"])());
  assertEquals(found(await store.get("alice")()), 1, "past the tiers it is what is queued");
  right(await queue.flush());
  right(await store.invalidate(["alice"])());
  assertEquals([found(await store.get("alice")()), rows.get("alice")], [1, 1]);
  right(await store.remove("alice")());
  assertEquals([found(await store.get("alice")()), rows.size], [undefined, 1]);
  right(await queue.flush());
  assertEquals(rows.size, 0);
  assertEquals(
    left(await store.transact(() => () => Promise.resolve({ _tag: "Right", right: 1 }))()).outcome,
    "aborted",
  );
  await store.close();
});

Deno.test("what cannot be encoded is refused before anything happens", async () => {
  const { queue, events } = stand(memoryQueue());
  const bad = queue as unknown as WriteBehind<unknown, unknown>;
  assertEquals(left(await bad.put(() => 1, some(1))())._tag, "KeyRefused");
  assertEquals(left(await bad.put("alice", some("text"))())._tag, "ValueRefused");
  assertEquals(left(await bad.latest([NaN])())._tag, "KeyRefused");
  assertEquals(right(await queue.flush()), { _tag: "Flushed", written: 0, dead: 0, failed: 0 });
  assertEquals(events, []);
});

Deno.test("a write-behind refuses options that are out of range", () => {
  const refused = (options: Partial<WriteBehindOptions<string, number>>, message: string) =>
    assertThrows(() => stand(memoryQueue(), options), RangeError, message);
  refused({ name: "" }, "expected a name of 1 to 200");
  refused({ buckets: 0 }, "expected a positive whole number of buckets");
  refused({ threshold: 1.5 }, "expected a positive whole threshold");
  refused({ threshold: 10, maxQueued: 9 }, "expected a maxQueued that is not below the threshold");
  refused({ within: "forever" }, "expected a duration above zero and below forever");
  refused({ commit: "0s" }, "Cannot make the job flush:people");
});

Deno.test("keys of every kind come back as they were", async () => {
  type Anything = string | number | bigint | Date | ReadonlyArray<number> | { readonly a: number };
  const keys: ReadonlyArray<Anything> = ["1", 1, 1n, new Date(5), [1, 2], { a: 1 }, "\ud800"];
  const got: Anything[] = [];
  await using queue = writeBehind<Anything, number>({
    port: memoryQueue(),
    name: "all",
    codec: t.number,
    save: (changes) => Promise.resolve(void got.push(...changes.map(({ key }) => key))),
  });
  for (const key of keys) right(await queue.put(key, some(1))());
  right(await queue.flush());
  assertEquals(new Set(got), new Set(keys));
});

queueTest("a source that is down for long does not let a bucket grow past its bound", async (port) => {
  const bound = 4;
  let round = 0;
  const { queue } = stand(port, {
    ...{ buckets: 1, threshold: bound, maxQueued: bound },
    save: async () => {
      // While the batch is out, another process goes on putting.
      const parcels = Array.from({ length: bound }, (_, i) => ({ key: `'${round} ${i}`, value: new Uint8Array([1]) }));
      for (const parcel of parcels) right(await port.hold("people/0", [parcel], bound)());
      round++;
      throw new Error("no disk");
    },
  });
  for (let i = 0; i < bound - 1; i++) right(await queue.put(`first ${i}`, some(i))());
  for (let i = 0; i < 3; i++) right(await queue.flush());
  await queue.close();
  assertEquals(round, 3);
  const taken = right(await port.take("people/0", "nonce")());
  assertEquals(taken._tag === "Some" && taken.value.parcels.length, bound);
});

queueTest("a batch that somebody left with all keys of a full bucket is flushed for a writer", async (port) => {
  const { queue, rows } = stand(port, { buckets: 1, threshold: 3, maxQueued: 3 });
  await put(stand(port, { buckets: 1 }).queue, ["a", "b", "c"]);
  right(await port.take("people/0", "gone")());
  right(await queue.put("d", some(1))());
  assertEquals([...rows.keys()], ["a", "b", "c"]);
  await queue.close();
});

Deno.test("a bucket that cannot be asked for does not keep others waiting, and is told of once", async () => {
  const failed = { _tag: "BackendFailed", backend: "memory", reason: "its node is down" } as const;
  const port = memoryQueue();
  const { queue, rows, events } = stand({
    ...port,
    take: (bucket, nonce) =>
      bucket === "people/0" ? () => Promise.resolve({ _tag: "Left", left: failed }) : port.take(bucket, nonce),
  }, { buckets: 2, threshold: 2, maxQueued: 10 });
  const keys = (bucket: number) => Array.from("abcdefghijklmnopqrst").filter((key) => bucketOf(key, 2) === bucket);
  await put(queue, [...keys(0).slice(0, 1), ...keys(1).slice(0, 1)]);
  assertEquals(left(await queue.flush()), failed);
  assertEquals([...rows.keys()], keys(1).slice(0, 1));
  const event = { _tag: "FlushFailed", queue: "people", bucket: "people/0", keys: 0, error: failed } as const;
  assertEquals(events, [event]);
  await put(queue, keys(0).slice(0, 2));
  await queue.close();
  assertEquals(events, [event, event]);
});
