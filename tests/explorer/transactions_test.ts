/** Transactions of several keys, begun anew where their commit met another one, as `deno task prove` explores them. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { explore, narrate } from "../../lib/testing/explorer.ts";
import { runRow } from "../../lib/task/prove/result.ts";
import { transactionRows, transactions } from "../../lib/task/prove/transaction_rows.ts";
import { transactionControls } from "./transaction_controls.ts";

const results = transactionRows.map((row) => ({ row, ...runRow(row) }));
const met = (variant: string) =>
  new Set(results.filter((each) => each.variant === variant).flatMap(({ exploration }) => [...exploration.met.keys()]));

for (const { name } of transactions) {
  Deno.test(`I1 I2 I3 I4 I5 I6 S27 hold as the level pinned promises, and S28, for transactions of ${name}`, () => {
    const own = results.filter(({ variant }) => variant === name);
    assert(own.length >= 13);
    assertEquals(own.flatMap(({ complaint }) => complaint ?? []), []);
    for (const each of ["another attempt", "writing Writing → Unknown", "writing Withdrawing → Unconfirmed"]) {
      assert(met(name).has(each), each);
    }
  });
}

Deno.test("I1 I2 I3 I4 I5 I6 S27 hold for two transactions at once, in one order and in opposite ones, and for 3 attempts", () => {
  const own = results.filter(({ variant }) => transactions.every(({ name }) => name !== variant));
  assertEquals(own.map(({ exploration }) => exploration.verdict), own.map(() => "holds"));
  for (const { variant } of own) assert(met(variant).has("another attempt"), variant);
});

Deno.test("S27 a transaction begun anew without unlocking leaves a key locked that only its first attempt wrote", () => {
  const { world } = transactionControls.find(({ breaks }) => breaks === "S27")!;
  const { broken: [counterexample] } = explore({ ...world, readers: 0, invariants: ["S27"] });
  assertEquals(
    narrate(counterexample!),
    `1. writer A locks key 1: locked
2. writer A locks key 2: locked
3. writer A meets another transaction: the source refuses its commit; it begins anew
4. writer A locks key 2: locked
5. writer A commits v1
6. writer A unlocks, publishing v1 key 2: other locks remain; the write ends acknowledged
S27: the write is over, and its lock of key 1 is left`,
  );
});

Deno.test("transactions of keys that the world does not have, or of none, are refused", () => {
  for (const transactions of [[], [[]], [[[]]], [[[0, 2]]], [[[-1]]]]) {
    assertThrows(() => explore({ keys: 2, transactions }), RangeError, "expected transactions of some of its keys");
  }
});
