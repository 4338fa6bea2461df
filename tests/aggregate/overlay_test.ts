import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { some } from "fp-ts/lib/Option.js";
import * as t from "io-ts";
import {
  memoryQueue,
  type QueuedChange,
  type QueuePort,
  type WriteBehind,
  writeBehind,
} from "../../lib/aggregate/mod.ts";
import { systemClock } from "../../lib/clock.ts";
import { deadlineAt } from "../../lib/deadline.ts";
import { source } from "../../lib/source/source.ts";
import { found, left, right } from "../support/results.ts";
import { explore, type Turn, type World } from "./interleave.ts";

type Save = (changes: ReadonlyArray<QueuedChange<string, number>>) => Promise<void>;

const queueOf = (port: QueuePort, save: Save): WriteBehind<string, number> =>
  writeBehind<string, number>({ port, name: "people", codec: t.number, buckets: 1, save });

const saving = (rows: Map<string, number>): Save => (changes) => {
  for (const { key, value } of changes) if (value._tag === "Some") rows.set(key, value.value);
  return Promise.resolve();
};

/** The steps of a port, each of which waits for its turn. */
function inTurns(port: QueuePort, turn: Turn, actor: string): QueuePort {
  return {
    ...port,
    hold: (...args) => () => turn(actor, port.hold(...args)),
    read: (...args) => () => turn(actor, port.read(...args)),
    take: (...args) => () => turn(actor, port.take(...args)),
    acknowledge: (...args) => () => turn(actor, port.acknowledge(...args)),
  };
}

/** A writer, a flusher and a reader of one key; the reader has to see what was acknowledged before it began. */
const world =
  (layerOf: (queue: WriteBehind<string, number>) => WriteBehind<string, number>["layer"]): World => (turn) => {
    const port = memoryQueue();
    const rows = new Map<string, number>();
    const save = saving(rows);
    let [begun, acknowledged] = [0, 0];
    const seen: Array<readonly [least: number, value: number, most: number]> = [];
    const writer = queueOf(inTurns(port, turn, "write"), save);
    const flusher = queueOf(inTurns(port, turn, "flush"), (changes) => turn("flush", () => save(changes)));
    const reader = layerOf(queueOf(inTurns(port, turn, "read"), save))(source({
      load: (keys: ReadonlyArray<string>) => turn("read", () => Promise.resolve(keys.map((key) => rows.get(key)))),
    }));
    const write = async (): Promise<void> => {
      for (const value of [1, 2]) {
        begun = value;
        right(await writer.put("alice", some(value))());
        acknowledged = value;
      }
    };
    const read = async (): Promise<void> => {
      const least = acknowledged;
      seen.push([least, found(await reader.get("alice")()) ?? 0, begun]);
    };
    return {
      actors: [write(), flusher.flush(), turn("read", () => Promise.resolve()).then(read)],
      judge: () => {
        for (const [least, value, most] of seen) {
          assert(value >= least && value <= most, `read ${value} after ${least}`);
        }
        assertEquals(seen.length, 1);
        assertEquals(acknowledged, 2);
      },
    };
  };

Deno.test("a read through the queue sees what was acknowledged before, whatever a flush does meanwhile", async () => {
  const { schedules, refused } = await explore(world(({ layer }) => layer));
  assertEquals(refused, undefined);
  assert(schedules > 200, `expected every interleaving: received ${schedules}`);
});

Deno.test("the search finds a reader that asks the source before the queue", async () => {
  const careless = (queue: WriteBehind<string, number>): WriteBehind<string, number>["layer"] => (below) => ({
    ...below,
    get: (key, options) => async () => {
      const written = await below.get(key, options)();
      const queued = right(await queue.latest([key])())[0]!;
      return queued._tag === "Some" ? { _tag: "Right", right: queued.value } : written;
    },
  });
  assert((await explore(world(careless))).refused !== undefined, "expected a read of an older value");
});

Deno.test("B16 whatever is put, flushed, refused by the source and cut off, the source gets the last of each key", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          { weight: 3, arbitrary: fc.record({ put: fc.constantFrom("a", "b", "c", "d") }) },
          fc.constantFrom("flush", "refuse", "cut before the save", "cut after the save"),
        ),
        { maxLength: 40 },
      ),
      async (steps) => {
        const port = memoryQueue();
        const rows = new Map<string, number>();
        const last = new Map<string, number>();
        const save = saving(rows);
        const refuse: Save = () => Promise.reject(new Error("no"));
        // A process that is gone acknowledges nothing, and puts nothing back.
        const gone = () => () => Promise.resolve({ _tag: "Right", right: false } as const);
        const cut: QueuePort = { ...port, acknowledge: gone, putBack: gone };
        for (const [i, step] of steps.entries()) {
          if (step === "flush") right(await queueOf(port, save).flush());
          else if (step === "refuse") right(await queueOf(port, refuse).flush());
          else if (step === "cut before the save") right(await queueOf(cut, refuse).flush());
          else if (step === "cut after the save") right(await queueOf(cut, save).flush());
          else {
            right(await queueOf(port, refuse).put(step.put, some(i))());
            last.set(step.put, i);
          }
        }
        right(await queueOf(port, save).flush());
        assertEquals(rows, last);
        assertEquals(right(await queueOf(port, save).flush()), { _tag: "Flushed", written: 0, dead: 0, failed: 0 });
      },
    ),
    { numRuns: 300 },
  ));

Deno.test("changes of which some are queued are not aborted by one that is refused", async () => {
  const queue = writeBehind<number, number>({
    port: memoryQueue(),
    name: "n",
    codec: t.number,
    save: () => Promise.resolve(),
  });
  const { save } = queue.layer(source({ load: (keys: ReadonlyArray<number>) => Promise.resolve(keys.map(() => 0)) }));
  assert(save._tag === "Some");
  const within = deadlineAt(systemClock, systemClock.now() + 5_000);
  const [good, bad] = [{ key: 1, value: some(1) }, { key: NaN, value: some(1) }];
  assertEquals(left(await save.value([bad, good], within)()).outcome, "aborted");
  assertEquals(left(await save.value([good, bad], within)()).outcome, "unknown");
  within.dispose();
  await queue.close();
});
