import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { HistoryOperation } from "../../lib/testing/history.ts";
import { checkFreshness, checkLinearizable, checkWritten, showViolation } from "../../lib/testing/history.ts";
import { anyHistory, likelyHistory, type SmallHistory } from "./arbitrary.ts";
import { isLinearizableBySearch } from "./search.ts";

type History = ReadonlyArray<HistoryOperation<string, string>>;

const initial = () => 0;

function withoutOrder(history: SmallHistory): SmallHistory {
  return history.map((each) => {
    if (each.kind === "read") return each;
    const { order: _, ...rest } = each;
    return rest;
  });
}

/** Compares the checker with the search on so many histories, and gives how many of them were linearizable. */
function agreeOn(
  histories: fc.Arbitrary<SmallHistory>,
  runs: number,
  order: "any order" | "the source's order",
): number {
  let linearizable = 0;
  fc.assert(
    fc.property(histories, (made) => {
      const history = order === "any order" ? withoutOrder(made) : made;
      const wanted = isLinearizableBySearch(history, 0, order);
      if (wanted) linearizable += 1;
      const { violated, violations } = checkLinearizable(history, { initial });
      assertEquals(violated === 0, wanted, violations.map(showViolation).join("\n"));
    }),
    { numRuns: runs },
  );
  return linearizable;
}

Deno.test("the zone test and a general search agree on 6,000 small histories, linearizable ones and others", () => {
  const linearizable = agreeOn(anyHistory, 3_000, "any order") + agreeOn(likelyHistory, 3_000, "any order");
  assert(linearizable > 1_500 && linearizable < 4_500, `${linearizable} of 6,000 were linearizable`);
});

Deno.test("so they do where the source's commit order is known", () => {
  const linearizable = agreeOn(anyHistory, 1_500, "the source's order") +
    agreeOn(likelyHistory, 1_500, "the source's order");
  assert(linearizable > 500 && linearizable < 2_500, `${linearizable} of 3,000 were linearizable`);
});

Deno.test("a history that is linearizable is fresh and written; one that is fresh is written", () => {
  fc.assert(
    fc.property(fc.oneof(anyHistory, likelyHistory), (history) => {
      const counts = [checkLinearizable, checkFreshness, checkWritten].map((check) =>
        check(history, { initial }).violated
      );
      if (counts[0] === 0) assertEquals(counts, [0, 0, 0]);
      if (counts[1] === 0) assertEquals(counts[2], 0);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("more staleness and a larger clock error never make a violation", () => {
  const slack = fc.integer({ min: 0, max: 6 });
  fc.assert(
    fc.property(fc.oneof(anyHistory, likelyHistory), slack, slack, (history, staleness, clockError) => {
      for (const check of [checkLinearizable, checkFreshness]) {
        const strict = check(history, { initial }).violated === 0;
        if (strict) assertEquals(check(history, { initial, staleness, clockError }).violated, 0);
      }
    }),
    { numRuns: 2_000 },
  );
});

const write = (value: string, start: number, end: number): History[number] => (
  { kind: "write", key: "k", value, start, end, outcome: "committed" }
);
const read = (value: string, start: number, end: number): History[number] => ({
  kind: "read",
  key: "k",
  value,
  start,
  end,
});

function tagsOf(history: History, check = checkLinearizable<string, string>, options = {}): ReadonlyArray<string> {
  return check(history, { initial: () => "first", ...options }).violations.map(({ _tag }) => _tag);
}

Deno.test("I2 a read that began after an acknowledgement and returns what was before is found", () => {
  const history = [write("new", 0, 10), read("first", 11, 12)];
  assertEquals(tagsOf(history), ["Interleaved"]);
  assertEquals(tagsOf(history, checkFreshness), ["Stale"]);
  assertEquals(tagsOf([write("new", 0, 10), read("first", 10, 12)]), []);
});

Deno.test("I3 a value that is read after its successor was read is found, also while the write is under way", () => {
  const history = [write("new", 0, 10), read("new", 1, 2), read("first", 3, 4)];
  assertEquals(tagsOf(history), ["Interleaved"]);
  assertEquals(tagsOf(history, checkFreshness), []);
});

Deno.test("I3 concurrent writes seen against the source's commit order are found only where that is known", () => {
  const write = (value: string, order?: number): History[number] => (
    {
      kind: "write",
      key: "k",
      value,
      start: 0,
      end: 10,
      outcome: "committed",
      ...(order === undefined ? {} : { order }),
    }
  );
  const reads = [read("two", 1, 2), read("one", 3, 4)];
  assertEquals(tagsOf([write("one"), write("two"), ...reads]), []);
  assertEquals(tagsOf([write("one", 1), write("two", 2), ...reads]), ["Backwards"]);
});

Deno.test("I4 what nobody wrote, what was aborted, and what was read before it was written are found", () => {
  const aborted = { ...write("no", 0, 1), outcome: "aborted" } as const;
  assertEquals(tagsOf([read("other", 0, 1)], checkWritten), ["Invented"]);
  assertEquals(tagsOf([aborted, read("no", 2, 3)], checkWritten), ["Invented"]);
  assertEquals(tagsOf([write("late", 5, 6), read("late", 1, 2)], checkWritten), ["Early"]);
});

Deno.test("a write of unknown outcome stays open: it may be seen late, or never, but not be undone", () => {
  const unknown = { ...write("maybe", 0, 1), outcome: "unknown" } as const;
  assertEquals(tagsOf([unknown, read("first", 50, 60)]), []);
  assertEquals(tagsOf([unknown, read("first", 50, 60), read("maybe", 70, 80)]), []);
  assertEquals(tagsOf([unknown, read("maybe", 50, 60), read("first", 70, 80)]), ["Interleaved"]);
});

Deno.test("a repeated value is reported, since it cannot be judged", () => {
  assertEquals(tagsOf([write("one", 0, 1), write("one", 2, 3)]), ["Repeated"]);
  assertEquals(tagsOf([write("first", 0, 1)]), ["Repeated"]);
});

Deno.test("without an initial value a key is absent, which is read as undefined", () => {
  const absent: HistoryOperation<string, string | undefined> = { ...read("", 0, 1), value: undefined };
  assertEquals(checkLinearizable([absent]).violated, 0);
  assertEquals(checkLinearizable([read("first", 0, 1)]).violated, 1);
});

Deno.test("clocks that may differ excuse what lies within twice their error, and no more", () => {
  const history = [write("new", 0, 10), read("first", 12, 13)];
  for (const check of [checkLinearizable, checkFreshness]) {
    assertEquals(tagsOf(history, check, { clockError: 1 }), []);
    assertEquals(tagsOf(history, check, { clockError: 0.9 }).length, 1);
  }
});

Deno.test("a violation says which operations contradict each other, with values, times and who did them", () => {
  const history: History = [
    { kind: "write", key: "k", value: "one", start: 0, end: 1, outcome: "committed", order: 1, by: "w" },
    { kind: "write", key: "k", value: "two", start: 2, end: 3, outcome: "committed", order: 2, by: "w" },
    { kind: "read", key: "k", value: "one", start: 4.0004, end: 5, by: "r" },
  ];
  assertEquals(checkLinearizable(history, { initial: () => "first" }).violations.map(showViolation), [
    'key "k": two values at one time:\n' +
    `  "one", 1 in the source's order: once w's write of "one" [0, 1] had ended, until r's read of "one" [4, 5] began\n` +
    `  "two", 2 in the source's order: once w's write of "two" [2, 3] had ended, until w's write of "two" [2, 3] began`,
    'key "k": an older value after a newer one:\n' +
    `  newer: "two", 2 in the source's order: once w's write of "two" [2, 3] had ended, until w's write of "two" [2, 3] began\n` +
    `  older: "one", 1 in the source's order: once w's write of "one" [0, 1] had ended, until r's read of "one" [4, 5] began`,
  ]);
  assertEquals(checkFreshness(history, { initial: () => "first" }).violations.map(showViolation), [
    `key "k": r's read of "one" [4, 5] after w's write of "two" [2, 3]`,
  ]);
});

Deno.test("all violations are counted, and only as many listed as were asked for", () => {
  const history = Array.from({ length: 100 }, (_, i) => read(`invented ${i}`, i, i));
  const { violated, violations } = checkWritten(history, { most: 3 });
  assertEquals([violated, violations.length], [100, 3]);
});

Deno.test("options out of range are refused", () => {
  for (const options of [{ clockError: -1 }, { clockError: Infinity }, { staleness: -1 }, { most: NaN }]) {
    assertThrows(() => checkLinearizable([], options), RangeError);
  }
});

Deno.test("a million operations are checked in seconds, and one stale read among them is found", () => {
  const history: Array<HistoryOperation<string, string>> = [];
  // Ten keys, each with a write and nine reads in turn, all overlapping with their neighbours.
  for (let i = 0; i < 1_000_000; i++) {
    const key = `key ${i % 10}`;
    const turn = Math.floor(i / 10);
    const round = Math.floor(turn / 10);
    const times = { key, value: `${key} ${round}`, start: turn, end: turn + 0.5 };
    history.push(turn % 10 === 0 ? { kind: "write", outcome: "committed", ...times } : { kind: "read", ...times });
  }
  const begun = performance.now();
  assertEquals(checkLinearizable(history).violated, 0);
  // About a second on an idle machine; the rest is for one that is not.
  assert(performance.now() - begun < 10_000);
  history.push({ kind: "read", key: "key 3", value: "key 3 500", start: 90_000, end: 90_001 });
  assert(checkLinearizable(history).violated >= 1);
});
