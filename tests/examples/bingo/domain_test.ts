import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { left, right } from "../../support/results.ts";
import { choose, create, mostExperiments, take } from "./domain/change.ts";
import type { Definition } from "./domain/definition.ts";
import { readDefinition } from "./domain/definition.ts";
import type { Experiments } from "./domain/experiment.ts";
import { convert, isBot, joined, participate, stranger } from "./domain/identity.ts";
import { rateOf, wilson } from "./domain/statistics.ts";
import { stickyAlternative } from "./domain/sticky.ts";
import { ledger } from "./store/ledger.ts";

const nothing: Experiments = { shelf: "live", all: [] };
const price: Definition = {
  canonical: "price",
  alternatives: [{ name: "low", weight: 1 }, { name: "high", weight: 3 }],
  conversions: ["bought", "came back"],
};

function born() {
  let count = 0;
  return { now: 7, newId: () => `id${count++}` };
}

Deno.test("a test with several conversions is an experiment for each, and all give an identity the same alternative", () => {
  const { all } = right(create(nothing, price, born()));
  assertEquals(all.map(({ id, name, conversion }) => [id, name, conversion]), [
    ["id0", "price", "bought"],
    ["id1", "price (2)", "came back"],
  ]);
  fc.assert(fc.property(fc.string(), (identity) => {
    assertEquals(stickyAlternative(all[0]!, identity), stickyAlternative(all[1]!, identity));
  }));
});

Deno.test("identities are spread by the weights, and tests independently of each other", () => {
  const [one] = right(create(nothing, price, born())).all;
  const [other] = right(create(nothing, { ...price, canonical: "colour" }, born())).all;
  const seen = { low: 0, high: 0, both: 0 };
  for (let i = 0; i < 8_000; i++) {
    const name = stickyAlternative(one!, `visitor ${i}`).name as "low" | "high";
    seen[name]++;
    if (name === "low" && stickyAlternative(other!, `visitor ${i}`).name === "low") seen.both++;
  }
  // Five standard deviations of what chance gives; the same each time.
  assert(Math.abs(seen.low - 2_000) < 200, `${seen.low}`);
  assert(Math.abs(seen.both - 500) < 110, `${seen.both}`);
});

Deno.test("what is there already is not made again, and is not what another definition says", () => {
  const live = right(create(nothing, price, born()));
  assertEquals(right(create(live, { ...price, conversions: ["came back", "bought"] }, born())), live);
  for (const other of [{ conversions: ["bought"] }, { alternatives: price.alternatives.slice().reverse() }]) {
    assertEquals(left(create(live, { ...price, ...other }, born()))._tag, "Conflict");
  }
  const full = { ...live, all: Array.from({ length: mostExperiments - 1 }, () => live.all[0]!) };
  assertEquals(left(create(full, { ...price, canonical: "one more" }, born())).received, "501");
});

Deno.test("a winner and a deletion are of a whole test", () => {
  const live = right(create(right(create(nothing, price, born())), { ...price, canonical: "colour" }, born()));
  const chosen = right(choose(live, "price", "low"));
  assertEquals(chosen.all.map(({ winner }) => winner), ["low", "low", null, null]);
  assertEquals(right(choose(chosen, "price", null)), live);
  const { left: rest, taken } = right(take(live, "price"));
  assertEquals([taken.map(({ name }) => name), rest.all.map(({ name }) => name)], [
    ["price", "price (2)"],
    ["colour", "colour (2)"],
  ]);
});

Deno.test("nobody takes back a step: two values of one identity join to the same, whichever comes first", () => {
  const step = fc.constantFrom("participating" as const, "converted" as const);
  const identity = fc.dictionary(fc.constantFrom("a", "b", "c"), step).map((experiments) => ({
    id: "ada",
    experiments,
  }));
  fc.assert(fc.property(identity, identity, identity, (one, other, third) => {
    assertEquals(joined(one, other).experiments, joined(other, one).experiments);
    assertEquals(joined(joined(one, other), third), joined(one, joined(other, third)));
    assertEquals(joined(joined(one, other), other), joined(one, other));
  }));
});

Deno.test("a step is counted once, and only while the test is running", () => {
  const live = right(create(nothing, price, born()));
  const first = participate(stranger("ada"), live.all);
  assertEquals([first.counted.length, participate(first.identity, live.all).counted], [2, []]);
  const bought = right(convert(first.identity, live, "bought"));
  assertEquals(bought.identity.experiments, { id0: "converted", id1: "participating" });
  assertEquals(right(convert(bought.identity, live, "bought")), { identity: bought.identity, counted: [] });
  const over = right(choose(live, "price", "low"));
  assertEquals([
    participate(stranger("grace"), over.all).counted,
    right(convert(first.identity, over, "bought")).counted,
  ], [[], []]);
  assertEquals([
    left(convert(stranger("grace"), live, "bought"))._tag,
    left(convert(first.identity, live, "sold"))._tag,
  ], [
    "Conflict",
    "Unknown",
  ]);
});

Deno.test("an interval is Wilson's, and holds the rate", () => {
  // Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I.
  for (
    const [conversions, participants, low, high] of [[81, 263, 0.2553, 0.3662], [15, 148, 0.0624, 0.1605], [
      0,
      20,
      0,
      0.1611,
    ], [1, 29, 0.0061, 0.1718]] as const
  ) {
    const interval = wilson(conversions, participants);
    assertAlmostEquals(interval.low, low, 0.00006);
    assertAlmostEquals(interval.high, high, 0.00006);
  }
  assertEquals(wilson(0, 0), { low: 0, high: 1 });
  fc.assert(fc.property(fc.nat(1_000_000), fc.nat(1_000_000), (conversions, more) => {
    const { low, high } = wilson(conversions, conversions + more);
    const rate = rateOf(conversions, conversions + more);
    assert(low >= 0 && high <= 1 && (conversions + more === 0 || low <= rate + 1e-12 && rate <= high + 1e-12));
  }));
});

Deno.test("a weight is a whole number, a bot says that it is one, and a definition reads as it is written", () => {
  const read = right(readDefinition({ name: "a", alternatives: ["x", { name: "y", weight: 3 }], conversions: ["z"] }));
  assertEquals(read.alternatives, [{ name: "x", weight: 1 }, { name: "y", weight: 3 }]);
  for (const weight of [0, -1, 1.5, NaN, "2", 1_001]) {
    assertEquals(
      left(readDefinition({ name: "a", alternatives: ["x", { name: "y", weight }], conversions: ["z"] }))._tag,
      "Malformed",
    );
  }
  const agents = [
    "Googlebot/2.1 (+http://www.google.com/bot.html)",
    "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
    "Deno/2.9.6",
    "Yahoo! Slurp",
  ];
  assertEquals([...agents, null].map(isBot), [true, false, false, true, false]);
});

Deno.test("a ledger says how much is missing, and what is counted while it looks is not", () => {
  const book = ledger();
  book.counted(["a", "a", "b"]);
  const compare = book.look();
  book.counted(["a"]);
  assertEquals(compare(new Map([["a", 2], ["b", 1]])), []);
  assertEquals(book.look()(new Map([["a", 2], ["b", 1]])), [{
    _tag: "CountsLost",
    counter: "a",
    expected: 3,
    shown: 2,
  }]);
  // What others counted is known once it was seen.
  assertEquals(book.look()(new Map([["a", 10], ["b", 1]])), []);
  assertEquals(book.look()(new Map([["a", 4]])), [{ _tag: "CountsLost", counter: "a", expected: 10, shown: 4 }]);
});
