import { assertRejects } from "@std/assert";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import {
  type CountersPort,
  memoryCounters,
  memoryQueue,
  type QueuePort,
  type Standing,
  type TakenBatch,
} from "../../lib/aggregate/mod.ts";
import { countersContract, queueContract } from "../../lib/testing/mod.ts";

/** Ports that are wrong in one way each; a contract that lets one pass shows nothing. */
const brokenCounters: Readonly<Record<string, (port: CountersPort) => Partial<CountersPort>>> = {
  "a pop that zeroes nothing": (port) => ({
    pop: (set, names) => async () => E.map(({ running }: Standing) => running)(await port.look(set, names)()),
  }),
  "a pop that forgets that a name stands twice": (port) => ({
    pop: (set, names) => async () => {
      const { running } = E.getOrElseW(() => ({ running: [] }))(await port.look(set, names)());
      await port.pop(set, names)();
      return E.right(running);
    },
  }),
  "a take that gives what runs while a batch waits": (port) => ({
    take: (set, nonce) => async () => {
      const standing = await port.look(set, [])();
      if (standing._tag === "Right" && O.isSome(standing.right.pending)) {
        await port.acknowledge(set, standing.right.pending.value.id)();
      }
      return await port.take(set, nonce)();
    },
  }),
  "an acknowledgement that does not look at the id": (port) => ({
    acknowledge: (set, id) => async () => {
      const standing = await port.look(set, [])();
      const waits = standing._tag === "Right" ? O.toUndefined(standing.right.pending)?.id : undefined;
      return await port.acknowledge(set, waits ?? id)();
    },
  }),
  "an increment that counts one by one": (port) => ({
    increment: (set, deltas, most, once) => async () => {
      for (const delta of deltas) {
        const done = await port.increment(set, [delta], most)();
        if (done._tag === "Left" || done.right !== "Counted") return done;
      }
      return await port.increment(set, [], most, once)();
    },
  }),
  "an increment without a memory": (port) => ({
    increment: (set, deltas, most) => port.increment(set, deltas, most),
  }),
  "an increment that remembers what it refused": (port) => ({
    increment: (set, deltas, most, once) => async () => {
      const done = await port.increment(set, deltas, most, once)();
      if (done._tag === "Right" && done.right === "Full") await port.increment(set, [], most, once)();
      return done;
    },
  }),
  "a set without a bound": (port) => ({
    increment: (set, deltas, _, once) => port.increment(set, deltas, 1_000, once),
  }),
  "a reset that leaves what waits": (port) => ({
    reset: (set, names) => async () => E.map(() => undefined)(await port.pop(set, names)()),
  }),
  "sets that are one": (port) => ({
    look: (_, names) => port.look("set", names),
    increment: (_, deltas, most, once) => port.increment("set", deltas, most, once),
  }),
};

const brokenQueues: Readonly<Record<string, (port: QueuePort) => Partial<QueuePort>>> = {
  "an acknowledgement that drops what was queued again": (port) => ({
    acknowledge: (bucket, id) => async () => {
      await port.putBack(bucket, id)();
      const taken = await port.take(bucket, "n")();
      if (taken._tag === "Left" || taken.right._tag === "None") return E.right(false);
      return await port.acknowledge(bucket, taken.right.value.id)();
    },
  }),
  "a batch that is put back and lost": (port) => ({ putBack: port.acknowledge }),
  "a queue without a bound": (port) => ({ hold: (bucket, parcels) => port.hold(bucket, parcels, 1_000) }),
  "a bound that is off by one": (port) => ({
    hold: (bucket, parcels, most) => port.hold(bucket, parcels, most + 1),
  }),
  "values that stay as they were first": (port) => ({
    hold: (bucket, parcels, most) => async () => {
      const known = await port.read(bucket, parcels.map(({ key }) => key))();
      const values = known._tag === "Right" ? known.right : [];
      const first = parcels.map((parcel, i) => ({
        ...parcel,
        value: O.getOrElse(() => parcel.value)(values[i] ?? O.none),
      }));
      return await port.hold(bucket, first, most)();
    },
  }),
  "a take that gives nothing while a batch waits": (port) => {
    const waiting = new Set<string>();
    return {
      take: (bucket, nonce) => async () => {
        if (waiting.has(bucket)) return E.right(O.none);
        const taken = await port.take(bucket, nonce)();
        if (taken._tag === "Right" && O.isSome(taken.right)) waiting.add(bucket);
        return taken;
      },
      acknowledge: (bucket, id) => async () => {
        const done = await port.acknowledge(bucket, id)();
        if (done._tag === "Right" && done.right) waiting.delete(bucket);
        return done;
      },
    };
  },
  "versions that do not grow": (port) => ({
    take: (bucket, nonce) => async () =>
      E.map(O.map((batch: TakenBatch) => ({
        ...batch,
        parcels: batch.parcels.map((parcel) => ({ ...parcel, version: 1 })),
      })))(await port.take(bucket, nonce)()),
  }),
};

async function playAll(cases: ReadonlyArray<{ readonly run: () => Promise<void> }>): Promise<void> {
  for (const { run } of cases) await run();
}

for (const [name, broken] of Object.entries(brokenCounters)) {
  Deno.test(`the contract of counters catches ${name}`, async () => {
    const make = () => {
      const port = memoryCounters();
      return Promise.resolve({ ...port, ...broken(port) });
    };
    await assertRejects(() => playAll(countersContract("broken", make)), Error, "The port differs");
  });
}

for (const [name, broken] of Object.entries(brokenQueues)) {
  Deno.test(`the contract of a queue catches ${name}`, async () => {
    const make = () => {
      const port = memoryQueue();
      return Promise.resolve({ ...port, ...broken(port) });
    };
    await assertRejects(() => playAll(queueContract("broken", make)), Error, "The port differs");
  });
}
