import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { invariants, replay, showFailure, simulate } from "../../lib/testing/mod.ts";
import { asserting, promises } from "./circumstances.ts";
import { stacks } from "./stacks.ts";

Deno.test("a seed is one run, to the letter, and another seed another one", async () => {
  const options = { stacks, circumstances: promises };
  let before: string | undefined;
  for (let seed = 1; seed <= 400; seed++) {
    const { log } = await replay(seed, options);
    const text = log.join("\n");
    assertEquals((await replay(seed, options)).log.join("\n"), text, `seed ${seed}`);
    assertNotEquals(text, before);
    assert(log.length > 20, text);
    before = text;
  }
});

Deno.test("a failure is found again from its seed, shrunk to the same steps each time", async () => {
  const options = { stacks: stacks.slice(0, 3), circumstances: [asserting(invariants, "pinned", "laggingReplica")] };
  const { failure } = await simulate(options);
  assert(failure !== undefined);
  const { violations } = await replay(failure.seed, options);
  assertEquals(violations, failure.violations);
  const { failure: again } = await simulate({ ...options, first: failure.seed, seeds: 1 });
  assertEquals(again && showFailure(again), showFailure(failure));
});

Deno.test("what cannot be simulated is refused", async () => {
  const one = { stacks: stacks.slice(0, 1) };
  await assertRejects(() => simulate({ ...one, seeds: 0 }), RangeError, "expected whole numbers of seeds");
  await assertRejects(() => simulate({ ...one, first: 0.5 }), RangeError, "expected whole numbers of seeds");
  await assertRejects(() => simulate({ stacks: [] }), RangeError, "expected a stack and circumstances");
  await assertRejects(() => simulate({ ...one, circumstances: [] }), RangeError, "expected a stack and circumstances");
  const unstorable = { name: "it", faults: ["unstorable"] as const, promised: invariants };
  await assertRejects(() => simulate({ ...one, circumstances: [unstorable] }), RangeError, "received unstorable");
});
