import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type AggregateEvent,
  type CounterSet,
  counterSet,
  type CountersPort,
  foldCounts,
  memoryCounters,
  memoryTotals,
  shownCounts,
  type Totals,
} from "../../lib/aggregate/mod.ts";
import { sqliteTotals } from "../../lib/entry/sqlite.ts";
import { leaseLocks, memoryLeases } from "../../lib/lock/mod.ts";
import { type VirtualClock, virtualClock } from "../../lib/testing/virtual_clock.ts";
import { virtualTime } from "../lock/support.ts";
import { left, right } from "../support/results.ts";
import { openCounters, sharedTest, startWorker } from "./support.ts";

/** What all processes of a world share. */
interface Shared {
  readonly clock: VirtualClock;
  readonly port: CountersPort;
  readonly totals: Totals;
  readonly leases: ReturnType<typeof memoryLeases>;
  readonly events: AggregateEvent[];
}

function shared(totals: Totals): Shared {
  const clock = virtualClock();
  return { clock, port: memoryCounters({ clock }), totals, leases: memoryLeases({ clock }), events: [] };
}

interface Process {
  readonly fold: ReturnType<typeof foldCounts>;
  /** Ends when it stands where it is to stop, if it gets there. */
  readonly stopped: Promise<void>;
  /** Lets it go on, as a process that was only paused. */
  readonly wake: () => void;
}

/** A process with a lease of its own, which stops for good at a moment: before an effect where it is even, or after it. */
function processOf({ clock, port, totals, leases, events }: Shared, stopsAt: number): Process {
  let moment = 0;
  let [wake, stop] = [(): void => {}, (): void => {}];
  const woken = new Promise<void>((resolve) => wake = resolve);
  const stopped = new Promise<void>((resolve) => stop = resolve);
  const pass = (): Promise<void> => {
    if (moment++ !== stopsAt) return Promise.resolve();
    stop();
    return woken;
  };
  const around = async <A>(effect: () => Promise<A>): Promise<A> => {
    await pass();
    const answer = await effect();
    await pass();
    return answer;
  };
  const counters = counterSet({ port, name: "votes", clock });
  const watched: CounterSet = {
    ...counters,
    take: () => around(counters.take),
    acknowledge: (id) => () => around(counters.acknowledge(id)),
  };
  const fold = foldCounts({
    counters: watched,
    totals: {
      ...totals,
      fold: (batch, within) => around(() => Promise.resolve(totals.fold(batch, within)).then(() => {})),
    },
    locks: leaseLocks({ port: leases, clock, lease: "10s" }),
    // Longer than anything here stands still, so that what stops is not given up by itself.
    commit: "1h",
    clock,
    onEvent: (event) => events.push(event),
  });
  return { fold, stopped, wake };
}

/** The moments around three effects for each of two batches, and one at which nothing stops. */
const moments = Array.from({ length: 13 }, (_, i) => i);

/** Lets processes crash one after the other, and a last one finish; what crashed is woken afterwards if it was paused. */
async function crashes(
  totals: Totals,
  points: ReadonlyArray<number>,
  paused: boolean,
): Promise<Shared & { sum: number }> {
  const world = shared(totals);
  const { clock } = world;
  const until = virtualTime(clock);
  const counters = counterSet({ port: world.port, name: "votes", clock });
  let sum = 0;
  const count = async (by: number): Promise<void> => {
    sum += by;
    right(await counters.increment({ tea: by })());
  };
  const stuck: Array<{ readonly process: Process; readonly folding: Promise<unknown> }> = [];
  for (const [index, point] of points.entries()) {
    await count(10 ** index);
    const process = processOf(world, point);
    const folding = process.fold();
    await until(Promise.race([folding, process.stopped]));
    stuck.push({ process, folding });
    await count(2 * 10 ** index);
    assertEquals((await shownCounts({ counters, totals })(["tea"])())._tag, "Right");
    // A crashed one is replaced when its lease is over, and not before.
    await clock.advance(10_000);
  }
  const finish = async (): Promise<void> => {
    const folded = right(await until(processOf(world, -1).fold()));
    assertEquals(folded._tag, "Folded");
  };
  await finish();
  if (paused) {
    for (const { process, folding } of stuck) {
      process.wake();
      await until(folding);
    }
    await count(500);
    await finish();
  }
  return { ...world, sum };
}

const total = async (totals: Totals): Promise<number | undefined> =>
  (await (totals.read("votes", ["tea"]) as ReturnType<ReturnType<typeof memoryTotals>["read"]>)).counts[0];

for (const [what, paused] of [["crashes", false], ["pauses for long", true]] as const) {
  Deno.test(`B13 whoever ${what} when, and whoever does after him, each count is folded exactly once`, async () => {
    for (const first of moments) {
      for (const second of moments) {
        const { totals, sum, events } = await crashes(memoryTotals(), [first, second], paused);
        assertEquals(await total(totals), sum, `stopped at ${first} and ${second}`);
        assert(events.every(({ _tag }) => _tag !== "MayCountTwice"));
      }
    }
  });
}

Deno.test("a folder that was paused beyond its lease hears that it has lost it", async () => {
  const { events } = await crashes(memoryTotals(), [2], true);
  assertEquals(events.map(({ _tag }) => _tag), ["FoldFailed", "Unreleased"]);
});

/** Totals that add whatever they get. */
function forgetful(): Totals {
  const inner = memoryTotals();
  let calls = 0;
  return {
    ...inner,
    remembers: "nothing",
    fold: (batch, within) => inner.fold({ ...batch, id: `${batch.id} ${calls++}` }, within),
    read: async (set, names) => ({ ...await inner.read(set, names), folded: undefined }),
  };
}

Deno.test("B13 totals that cannot remember get each count at least once, and hear of each that may be twice", async () => {
  let twice = 0;
  for (const first of moments) {
    for (const second of moments) {
      const { totals, sum, events } = await crashes(forgetful(), [first, second], false);
      const folded = await total(totals) ?? NaN;
      assert(folded >= sum, `stopped at ${first} and ${second}: ${folded} of ${sum}`);
      if (folded === sum) continue;
      twice++;
      assert(events.some(({ _tag }) => _tag === "MayCountTwice"), `stopped at ${first} and ${second}: not told`);
    }
  }
  assert(twice > 0, "expected a crash that makes counts twice, or what is told shows nothing");
});

Deno.test("B20 a fold that is run again, or by two at once, adds nothing more", async () => {
  const world = shared(memoryTotals());
  const counters = counterSet({ port: world.port, name: "votes", clock: world.clock });
  right(await counters.increment({ tea: 3 })());
  const until = virtualTime(world.clock);
  const both = await until(Promise.all([processOf(world, -1).fold(), processOf(world, -1).fold()]));
  assertEquals(both.map((each) => right(each)._tag).toSorted(), ["Busy", "Folded"]);
  assertEquals(right(await until(processOf(world, -1).fold())), { _tag: "Folded", batches: 0 });
  assertEquals([await total(world.totals), world.clock.pending()], [3, 0]);
});

Deno.test("a fold that fails keeps its batch, says so, and is made up for by the next", async () => {
  const counters = counterSet({ port: memoryCounters(), name: "votes" });
  const totals = memoryTotals();
  const events: AggregateEvent[] = [];
  const onEvent = (event: AggregateEvent): void => {
    events.push(event);
    throw new Error("A listener's failure is not the fold's");
  };
  right(await counters.increment({ tea: 3 })());
  const failing = foldCounts({
    counters,
    totals: { ...totals, fold: () => Promise.reject(new Error("no disk")) },
    onEvent,
  });
  assertEquals(left(await failing())._tag, "SourceFailed");
  const hanging = foldCounts({
    counters,
    totals: { ...totals, fold: () => new Promise(() => {}) },
    onEvent,
    commit: "1ms",
  });
  assertEquals(left(await hanging())._tag, "TimedOut");
  assertEquals(right(await shownCounts({ counters, totals })(["tea"])()), [3]);
  right(await counters.increment({ tea: 1 })());
  assertEquals(right(await foldCounts({ counters, totals })()), { _tag: "Folded", batches: 2 });
  assertEquals(right(await shownCounts({ counters, totals })(["tea"])()), [4]);
  const lost = foldCounts({
    counters: { ...counters, acknowledge: () => () => Promise.resolve(right_(false)) },
    totals,
    onEvent,
  });
  right(await counters.increment({ tea: 1 })());
  right(await lost());
  assertEquals(right(await foldCounts({ counters, totals })()), { _tag: "Folded", batches: 1 });
  assertEquals(right(await shownCounts({ counters, totals })(["tea"])()), [5]);
  assertEquals(events.map(({ _tag }) => _tag), ["FoldFailed", "FoldFailed", "Unacknowledged", "Unacknowledged"]);
  assertThrows(() => foldCounts({ counters, totals, commit: "0s" }), RangeError, "Cannot make the job fold:votes");
});

const right_ = <A>(right: A) => ({ _tag: "Right", right }) as const;

const steps = ["before take", "after take", "before fold", "after fold", "before acknowledge", "after acknowledge"];

sharedTest("B13 a folder that is killed at any step loses nothing, and counts nothing twice", async (place, folder) => {
  const path = `${folder}/totals.sqlite`;
  await using port = openCounters(place);
  await using totals = sqliteTotals({ database: path });
  const counters = counterSet({ port, name: "votes" });
  let sum = 0;
  for (const [index, last] of steps.entries()) {
    sum += 10 ** index;
    right(await counters.increment({ tea: 10 ** index, milk: 1 })());
    const folder = startWorker("fold", place, path);
    for (const step of steps.slice(0, index + 1)) {
      assertEquals(await folder.said(), step);
      if (step !== last) await folder.go();
    }
    await folder.kill();
    // What was counted since the crash is not in the batch that it left.
    sum += 2 * 10 ** index;
    right(await counters.increment({ tea: 2 * 10 ** index })());
    const shown = shownCounts({ counters, totals });
    assertEquals(right(await shown(["tea", "milk"])()), [sum, index + 1], `shown after a crash ${last}`);
    assertEquals(right(await foldCounts({ counters, totals })())._tag, "Folded");
    const { counts } = await totals.read("votes", ["tea", "milk"]);
    assertEquals(counts, [sum, index + 1], `folded after a crash ${last}`);
  }
});
