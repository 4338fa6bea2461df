import { assert, assertEquals, assertThrows } from "@std/assert";
import type { AnyTable, Transition } from "../../lib/protocol/mod.ts";
import { isEnd, reading, readingPhases, run, runMany, step, writing } from "../../lib/protocol/mod.ts";

const starts: ReadonlyArray<readonly [string, AnyTable, ReadonlyArray<string>]> = [
  ["reading", reading, ["Looking", "Claiming", "Forcing"]],
  ["writing", writing, ["Locking"]],
];

/** Every way from a state to an end. A table with a cycle has no longest one. */
function ways(
  table: AnyTable,
  state: string,
  before: ReadonlyArray<string> = [],
): ReadonlyArray<ReadonlyArray<string>> {
  if (before.includes(state)) throw new RangeError(`Cannot list the ways: expected no cycle: received ${state} again`);
  const way = [...before, state];
  if (isEnd(table, state)) return [way];
  return [...new Set(Object.values(table[state]!))].flatMap((next) => ways(table, next, way));
}

for (const [name, table, begins] of starts) {
  Deno.test(`I5 every way through the ${name} table ends within six effects of its own`, () => {
    const longest = Math.max(...begins.flatMap((start) => ways(table, start)).map((way) => way.length - 1));
    assert(longest <= 6, `${longest} effects`);
  });

  Deno.test(`every state of the ${name} table can be reached`, () => {
    const reached = new Set(begins.flatMap((start) => ways(table, start)).flat());
    assertEquals(Object.keys(table).filter((state) => !reached.has(state)), []);
  });
}

Deno.test("a reader that meets a lock, a claim, a pass or no backend loads without filling", () => {
  for (const state of ["Looking", "Claiming", "Healing", "Forcing"] as const) {
    for (const reply of ["Busy", "Guarded", "Pass", "Unreachable"] as const) {
      assertEquals(reading[state][reply], "Bypassing");
    }
  }
  assertEquals(ways(reading, "Bypassing").flat().filter((state) => state === "Filling"), []);
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
