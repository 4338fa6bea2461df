/** Protocols that break: each has to be found, in no more steps than a shortest counterexample takes. */
import { assert, assertEquals } from "@std/assert";
import { explore, narrate, type Protocol } from "../../lib/testing/explorer.ts";
import { keyOf } from "../../lib/testing/explorer/key.ts";
import { successors } from "../../lib/testing/explorer/search.ts";
import { settle } from "../../lib/testing/explorer/setting.ts";
import { momentsOf, renumber } from "../../lib/testing/explorer/time.ts";
import { begin } from "../../lib/testing/explorer/world.ts";
import { runControl } from "../../lib/task/prove/result.ts";
import { controls } from "./controls.ts";
import { markForAll } from "./waiting_controls.ts";

for (const control of controls) {
  const when = (control.world.faults ?? ["no fault"]).join(" and ");
  Deno.test(`${control.breaks} breaks within ${control.within} steps under ${when} with: ${control.name}`, () => {
    assertEquals(runControl(control).complaint, undefined);
  });
}

Deno.test("I3 S17 an unlock that removes another writer's token lets a read go back, without any fault", () => {
  const { world } = controls.find(({ name }) => name.startsWith("dscache"))!;
  const { broken: [counterexample] } = explore({ ...world, invariants: ["I3"] });
  const steps = counterexample!.steps;
  const unlock = steps.findIndex((step) => /^writer A unlocks.*the slot is empty/.test(step));
  const lock = steps.findIndex((step) => /^writer B locks/.test(step));
  assert(lock >= 0 && lock < unlock, narrate(counterexample!));
  assertEquals(explore({ invariants: ["I3"] }).verdict, "holds");
});

/** The most readers that are renewing an entry at once, in all that can happen without writers and faults. */
function mostRenewals(protocol: Partial<Protocol>): number {
  const setting = settle({ readers: 3, writers: 0, entries: "expired", protocol });
  const known = new Set<string>();
  const open = [begin(setting)];
  let most = 0;
  for (let world = open.pop(); world !== undefined; world = open.pop()) {
    most = Math.max(most, world.readers.filter(({ state }) => state === "Renewing").length);
    for (const { world: next } of successors(world, setting)) {
      const moments = momentsOf(next);
      const key = keyOf(next, moments, setting);
      if (!known.has(key)) open.push(renumber(next, moments));
      known.add(key);
    }
  }
  return most;
}

Deno.test("one reader renews an expired entry; with a mark for everybody all do, which breaks no invariant", () => {
  assertEquals(mostRenewals({}), 1);
  assertEquals(mostRenewals({ apply: markForAll }), 3);
  assertEquals(explore({ entries: "expired", protocol: { apply: markForAll } }).verdict, "holds");
});
