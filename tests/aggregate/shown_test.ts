import { assert, assertEquals } from "@std/assert";
import {
  type AggregateEvent,
  type CounterSet,
  counterSet,
  foldCounts,
  memoryCounters,
  memoryTotals,
  shownCounts,
  type Totals,
} from "../../lib/aggregate/mod.ts";
import type { Clock } from "../../lib/clock.ts";
import { sqliteTotals } from "../../lib/entry/sqlite.ts";
import { left, right } from "../support/results.ts";
import { explore, type Turn, type World } from "./interleave.ts";
import { openCounters, sharedTest } from "./support.ts";

/** Nothing in these worlds comes due. */
const standing: Clock = { now: () => 0, after: () => () => {} };

interface Made {
  readonly counters: CounterSet;
  readonly totals: Totals;
  readonly increment: () => Promise<void>;
  /** All that was counted by now. */
  readonly sum: () => number;
}

function make(): Made {
  const counters = counterSet({ port: memoryCounters(), name: "votes", clock: standing });
  let sum = 0;
  let next = 1;
  const increment = async (): Promise<void> => {
    const by = next;
    next *= 3;
    sum += by;
    right(await counters.increment({ tea: by })());
  };
  return { counters, totals: memoryTotals(), increment, sum: () => sum };
}

/** A folder whose every step waits for its turn, and that ends before the step of that number. */
function folderOf({ counters, totals }: Made, turn: Turn, dies = Infinity): () => Promise<unknown> {
  let steps = 0;
  let ended = (): void => {};
  const death = new Promise<void>((resolve) => ended = resolve);
  const step = <A>(effect: () => Promise<A>): Promise<A> => {
    if (steps++ < dies) return turn("fold", effect);
    ended();
    return new Promise(() => {});
  };
  const fold = foldCounts({
    counters: {
      ...counters,
      take: () => step(counters.take),
      acknowledge: (id) => () => step(counters.acknowledge(id)),
    },
    totals: {
      ...totals,
      fold: (batch, within) => step(() => Promise.resolve(totals.fold(batch, within)).then(() => {})),
    },
    clock: standing,
  });
  return () => Promise.race([fold(), death]);
}

/** A reader who sees both sides in turns; what it shows has to be the sum at the moment of its last look. */
function readerOf({ counters, totals, sum }: Made, turn: Turn): { read: () => Promise<void>; judge: () => void } {
  let expected = 0;
  let shown: ReadonlyArray<number> = [];
  const show = shownCounts({
    counters: {
      ...counters,
      standing: (names) => () =>
        turn("read", () => {
          expected = sum();
          return counters.standing(names)();
        }),
    },
    totals: {
      ...totals,
      read: (set, names) => turn("read", () => Promise.resolve(totals.read(set, names)) as Promise<never>),
    },
  });
  return {
    read: async () => {
      shown = right(await show(["tea"])());
    },
    judge: () => assertEquals(shown, [expected]),
  };
}

const twoFolds = (with_: (made: Made) => Made): World => (turn) => {
  const made = with_(make());
  const fold = async (): Promise<void> => {
    for (let i = 0; i < 2; i++) {
      await turn("fold", made.increment);
      await folderOf(made, turn)();
    }
    await turn("fold", made.increment);
  };
  const { read, judge } = readerOf(made, turn);
  return { actors: [fold(), read()], judge };
};

Deno.test("B14 what is shown is the sum at one moment, whatever steps of two folds come between", async () => {
  const { schedules, refused } = await explore(twoFolds((made) => made));
  assertEquals(refused, undefined);
  assert(schedules > 600, `expected every interleaving: received ${schedules}`);
});

Deno.test("B14 what is shown is the sum also where folders die between two steps, and others take over", async () => {
  for (let dies = 0; dies <= 3; dies++) {
    const world: World = (turn) => {
      const made = make();
      const fold = async (): Promise<void> => {
        await turn("fold", made.increment);
        await folderOf(made, turn, dies)();
        await turn("fold", made.increment);
        await folderOf(made, turn)();
      };
      const { read, judge } = readerOf(made, turn);
      return { actors: [fold(), read()], judge };
    };
    assertEquals((await explore(world)).refused, undefined, `dies before step ${dies}`);
  }
});

Deno.test("B14 what is shown is the sum while increments and a fold of two batches go on at once", async () => {
  const world: World = (turn) => {
    const made = make();
    const count = async (): Promise<void> => {
      for (let i = 0; i < 2; i++) await turn("count", made.increment);
    };
    const { read, judge } = readerOf(made, turn);
    return { actors: [count(), folderOf(made, turn)(), read()], judge };
  };
  const { schedules, refused } = await explore(world);
  assertEquals(refused, undefined);
  assert(schedules > 400, `expected every interleaving: received ${schedules}`);
});

Deno.test("the search finds what is shown wrong by one who does not compare batches", async () => {
  const { refused } = await explore(
    twoFolds((made) => ({ ...made, totals: { ...made.totals, remembers: "nothing" } })),
  );
  assert(refused !== undefined, "expected a wrong sum");
});

Deno.test("the search finds what is shown wrong where the totals say the wrong batch", async () => {
  const stale = (made: Made): Made => {
    let before: string | undefined;
    const read: Totals["read"] = async (set, names) => {
      const seen = await (made.totals.read(set, names) as ReturnType<ReturnType<typeof memoryTotals>["read"]>);
      const folded = before;
      before = seen.folded;
      return { ...seen, folded };
    };
    return { ...made, totals: { ...made.totals, read } };
  };
  assert((await explore(twoFolds(stale))).refused !== undefined, "expected a wrong sum");
});

Deno.test("totals that lost what was folded are told, and the sum of what is left is shown", async () => {
  const { counters, totals, increment } = make();
  const fold = (into: Totals) => foldCounts({ counters, totals: into })().then(right);
  await increment();
  await fold(totals);
  await increment();
  const events: AggregateEvent[] = [];
  const show = (from: Totals) =>
    shownCounts({ counters, totals: from, onEvent: (event) => events.push(event) })(["tea"])();
  assertEquals(right(await show(totals)), [4]);
  assertEquals(events, []);
  const restored = memoryTotals();
  assertEquals(right(await show(restored)), [3]);
  assertEquals(events.map(({ _tag }) => _tag), ["Diverged"]);
});

Deno.test("counters that lost everything are told, and what was folded is shown", async () => {
  const { counters, totals, increment } = make();
  await increment();
  right(await foldCounts({ counters, totals })());
  const emptied = counterSet({ port: memoryCounters(), name: "votes" });
  right(await emptied.increment({ tea: 5 })());
  const events: AggregateEvent[] = [];
  const show = shownCounts({ counters: emptied, totals, onEvent: (event) => events.push(event) });
  assertEquals(right(await show(["tea"])()), [6]);
  assertEquals(events.map(({ _tag }) => _tag), ["Diverged"]);
  right(await foldCounts({ counters: emptied, totals })());
  assertEquals([right(await show(["tea"])()), events.length], [[6], 1]);
});

Deno.test("a reader that is overtaken by folds again and again gives up, and says so", async () => {
  const { counters, totals, increment } = make();
  await increment();
  right(await foldCounts({ counters, totals })());
  const busy: Totals = {
    ...totals,
    read: async (set, names) => {
      const seen = await (totals.read(set, names) as Promise<never>);
      await increment();
      right(await foldCounts({ counters, totals })());
      return seen;
    },
  };
  assertEquals(left(await shownCounts({ counters, totals: busy })(["tea"])())._tag, "TimedOut");
  const broken: Totals = { ...totals, read: () => Promise.reject(new Error("no disk")) };
  assertEquals(left(await shownCounts({ counters, totals: broken })(["tea"])())._tag, "SourceFailed");
});

sharedTest(
  "B14 what is shown never goes back, and is all that was counted, while folds go on",
  async (place, folder) => {
    await using port = openCounters(place);
    await using totals = sqliteTotals({ database: `${folder}/totals.sqlite` });
    const counters = counterSet({ port, name: "votes" });
    const shown = shownCounts({ counters, totals });
    let [acknowledged, over] = [0, false];
    const counting = async (): Promise<void> => {
      for (let i = 0; i < 300; i++) {
        right(await counters.increment({ tea: 1 })());
        acknowledged++;
      }
      over = true;
    };
    const folding = async (): Promise<number> => {
      for (let batches = 0;;) {
        const folded = right(await foldCounts({ counters, totals })());
        if (folded._tag === "Folded") batches += folded.batches;
        if (over) return batches;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    const reading = async (): Promise<void> => {
      for (let last = 0; !over;) {
        const least = Math.max(last, acknowledged);
        const answer = await shown(["tea"])();
        // Folds here follow each other without a pause, which may overtake a reader five times.
        if (answer._tag === "Left") assertEquals(answer.left._tag, "TimedOut");
        else {
          last = answer.right[0] ?? NaN;
          assert(
            last >= least && last <= acknowledged + 1,
            `expected ${least} to ${acknowledged + 1}: received ${last}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    };
    const [, batches] = await Promise.all([counting(), folding(), reading()]);
    assert(batches > 1, "expected folds meanwhile");
    assertEquals(right(await shown(["tea"])()), [300]);
  },
);
