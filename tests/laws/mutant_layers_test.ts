import { assert, assertMatch, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import type { ContractCase } from "../../lib/testing/mod.ts";
import { storeLaws } from "../../lib/testing/mod.ts";
import type { Change } from "./mutant_layers.ts";
import { changed, mutants } from "./mutant_layers.ts";

function lawsOf(change: Change): ReadonlyArray<ContractCase> {
  return storeLaws("it", changed(change), { scripts: 100 });
}

/** What the case of a law says. */
async function complaintOf(law: string, change: Change): Promise<string> {
  const { run } = lawsOf(change).find(({ name }) => name.includes(law))!;
  return (await assertRejects(run, Error)).message;
}

Deno.test("the laws accept the layer that the mutants are made from", async () => {
  for (const { run } of lawsOf((verbs) => verbs)) await run();
});

for (const [name, [law, change]] of Object.entries(mutants)) {
  Deno.test(`the laws catch a layer that ${name}`, async () => {
    assertStringIncludes(await complaintOf(law, change), "The store differs");
  });
}

Deno.test("a fault is told as the few steps that it takes, with its seed", async () => {
  const why = await complaintOf(...mutants["does not forget what is written"]!);
  assertMatch(why, /^The store differs \(seed \d+\): .*expected '[a-d]' to be .*: received /);
  assert(why.split("\n").length <= 3, why);
});

Deno.test("fewer than three keys tell no order from another, and are refused", () => {
  const keys = ["a", "b"];
  assertThrows(() => storeLaws("it", changed((verbs) => verbs), { keys, makeValue: String }), RangeError, "three keys");
});
