import { assert, assertEquals, assertThrows } from "@std/assert";
import type { AnyTable, Transition } from "../../lib/protocol/mod.ts";
import {
  advance,
  goingOn,
  isEnd,
  patient,
  reading,
  readingPhases,
  run,
  runMany,
  step,
  writing,
} from "../../lib/protocol/mod.ts";

const starts: ReadonlyArray<readonly [string, AnyTable, ReadonlyArray<string>]> = [
  ["reading", reading, ["Looking", "Claiming", "Forcing", "Waiting"]],
  ["writing", writing, ["Locking"]],
];

const behind: ReadonlyMap<string, string> = new Map(Object.entries(goingOn));

/**
 * Every way from a state to an end that is woken so often, at most; what goes on after its caller was answered included.
 * A table with a cycle that spends no patience has no longest one.
 */
function ways(
  table: AnyTable,
  state: string,
  wakes = 0,
  before: ReadonlyArray<string> = [],
  since: ReadonlyArray<string> = [],
): ReadonlyArray<ReadonlyArray<string>> {
  if (since.includes(state)) throw new RangeError(`Cannot list the ways: expected no cycle: received ${state} again`);
  const way = [...before, state];
  const goesOn = behind.get(state);
  if (goesOn !== undefined) return ways(table, goesOn, wakes, way, []);
  if (isEnd(table, state)) return [way];
  return Object.entries(table[state]!).flatMap(([reply, next]) => {
    // A caller is answered once.
    if (behind.has(next) && before.includes(next)) return [];
    if (!patient.has(state) || reply === "Spent") return ways(table, next, wakes, way, [...since, state]);
    return wakes > 0 ? ways(table, next, wakes - 1, way, []) : [];
  });
}

function longest(table: AnyTable, begins: ReadonlyArray<string>, wakes: number): number {
  const all = begins.flatMap((start) => ways(table, start, wakes));
  return Math.max(...all.map((way) => way.filter((state) => !isEnd(table, state)).length));
}

for (const [name, table, begins] of starts) {
  Deno.test(`I5 every way through the ${name} table ends within six effects of its own, and three for each wake`, () => {
    for (const wakes of [0, 1, 2]) {
      const effects = longest(table, begins, wakes);
      assert(effects <= 6 + 3 * wakes, `${effects} effects when woken ${wakes} times`);
    }
  });

  Deno.test(`every state of the ${name} table can be reached`, () => {
    const reached = new Set(begins.flatMap((start) => ways(table, start, 1)).flat());
    assertEquals(Object.keys(table).filter((state) => !reached.has(state)), []);
  });
}

Deno.test("I5 a way that comes back to a state without having been woken, or answered, would be told", () => {
  const circular = { ...reading, Waiting: { ...reading.Waiting, Spent: "Claiming" } };
  assertThrows(() => ways(circular, "Looking"), RangeError, "Cannot list the ways: expected no cycle");
});

Deno.test("a reader that meets a lock, a pass or no backend loads without filling, and so does one without patience", () => {
  for (const state of ["Looking", "Claiming", "Healing", "Forcing", "Refreshing", "Anticipating"] as const) {
    for (const reply of ["Guarded", "Pass", "Unreachable"] as const) {
      // A fresh value is at hand where it was to be renewed ahead of time.
      const spared = state === "Anticipating" && reply === "Unreachable";
      assertEquals(reading[state][reply], spared ? "Hit" : "Bypassing");
    }
    assertEquals(reading[state].Busy, state === "Forcing" ? "Bypassing" : "Waiting");
  }
  assertEquals(reading.Waiting.Spent, "Bypassing");
  assertEquals(ways(reading, "Bypassing").flat().filter((state) => state === "Filling"), []);
});

Deno.test("a claim or mark is settled before a reader waits, and only a renewal goes on without its caller", () => {
  for (const state of ["Loading", "Renewing", "Filling", "Passing", "Releasing", "Retreating"] as const) {
    assertEquals(ways(reading, state, 2).flat().filter((each) => patient.has(each)), []);
  }
  assertEquals(goingOn, { Answered: "Renewing" });
  assertEquals(
    Object.values(reading).flatMap((cells) => Object.entries(cells)).filter(([, next]) => next === "Answered"),
    [
      ["Slow", "Answered"],
    ],
  );
});

Deno.test("an entry past its freshness is served only when the slot was asked again, or while its loads rest", () => {
  const serving = Object.entries(reading).flatMap(([state, cells]) =>
    Object.entries(cells).filter(([, next]) => next === "Stale").map(([reply]) => `${state} ${reply}`)
  );
  assertEquals(serving, [
    ...["Looking Kept", "Claiming Kept", "Healing Stale", "Refreshing Stale", "Anticipating Stale"],
    "Retreating Released",
  ]);
});

Deno.test("no reply to a fill leads anywhere but to an answer with the loaded value", () => {
  assertEquals(Object.values(reading.Filling), ["Filled", "Overtaken", "Unfilled"]);
});

Deno.test("the source is written only behind placed locks, and what may have been written is never withdrawn", () => {
  assertEquals(writing.Locking, { Locked: "Writing", Refused: "Withdrawing" });
  const intoWithdrawing = Object.entries(writing).flatMap(([state, cells]) =>
    Object.entries(cells).filter(([, next]) => next === "Withdrawing").map(([reply]) => `${state} ${reply}`)
  );
  assertEquals(intoWithdrawing, ["Locking Refused", "Writing Aborted"]);
  assertEquals(writing.Writing.Unknown, "Unknown");
});

Deno.test("an unlock that is not confirmed is tried once more, and no more", () => {
  for (const state of ["Unlocking", "Clearing", "Withdrawing"] as const) {
    assertEquals(writing[state].Unconfirmed, `${state}Again`);
    assert(isEnd(writing, writing[`${state}Again`].Unconfirmed));
  }
});

Deno.test("a run performs the pending effect, steps by its reply, and tells every transition", async () => {
  const seen: Array<Transition> = [];
  const replies: Record<string, string> = {
    Looking: "Vacant",
    Claiming: "Mine",
    Loading: "Loaded",
    Filling: "Refused",
  };
  const end = await run(reading, "Looking", (state: string) => replies[state]!, (each) => seen.push(each));
  assertEquals(end, "Overtaken");
  assertEquals(seen.map(({ from, reply, to }) => `${from} ${reply} ${to}`), [
    "Looking Vacant Claiming",
    "Claiming Mine Loading",
    "Loading Loaded Filling",
    "Filling Refused Overtaken",
  ]);
});

Deno.test("what is answered at once is gone on with at once, and every way may be interrupted anywhere", () => {
  for (const [, table, from] of starts) {
    for (const start of from) {
      const states = Object.keys(table);
      for (let mask = 0; mask < 64; mask++) {
        // Bit by bit, whether the effect of a state is answered at once; each takes one reply of its cell, by the mask.
        const isAtOnce = (state: string) => (mask >> states.indexOf(state) % 6 & 1) === 1;
        const replyOf = (state: string) => Object.keys(table[state]!).at(mask % Object.keys(table[state]!).length)!;
        const told: Array<Transition> = [];
        const perform = (state: string) => isAtOnce(state) ? replyOf(state) : undefined;
        let [state, reply]: [string, string | undefined] = [start, undefined];
        for (let steps = 0; !isEnd(table, state) && steps < 20; steps++) {
          state = advance(table, state, reply, perform, undefined, (step) => told.push(step));
          if (isEnd(table, state)) break;
          assertEquals(isAtOnce(state), false);
          reply = replyOf(state);
        }
        told.forEach(({ from, reply, to }, i) => {
          assertEquals([from, reply, to], [i === 0 ? start : told[i - 1]!.to, replyOf(from), step(table, from, reply)]);
        });
        assertEquals(told.at(-1)!.to, state);
      }
    }
  }
});

Deno.test("many machines share a call as long as they are in one phase, and what is owned is filled last", async () => {
  const calls: Array<string> = [];
  const replies: ReadonlyArray<Record<string, string>> = [
    { Looking: "Fresh" },
    { Looking: "Vacant", Claiming: "Mine", Loading: "Loaded", Filling: "Filled" },
    { Looking: "Guarded", Bypassing: "Loaded" },
  ];
  const ends = await runMany(reading, ["Looking", "Looking", "Looking"], readingPhases, (positions, states) => {
    calls.push(states.map((state, i) => `${positions[i]} ${state}`).join(", "));
    return Promise.resolve(positions.map((position, i) => replies[position]![states[i]!]!));
  });
  assertEquals(ends, ["Hit", "Filled", "Bypassed"]);
  assertEquals(calls, ["0 Looking, 1 Looking, 2 Looking", "1 Claiming", "1 Loading, 2 Bypassing", "1 Filling"]);
});

Deno.test("a reply that a table does not know is refused by name", () => {
  assertThrows(
    () => step(reading, "Looking", "Mine"),
    TypeError,
    "Cannot step from Looking: no such reply: received Mine",
  );
});
