/** Protocols that break: each has to be found, in no more steps than a shortest counterexample takes. */
import { assert, assertEquals } from "@std/assert";
import { explore, narrate } from "../../lib/testing/explorer.ts";
import { runControl } from "../../lib/task/prove/result.ts";
import { controls } from "./controls.ts";

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
