import { assert, assertEquals } from "@std/assert";
import type { Slot } from "../../lib/protocol/slot.ts";
import { apply } from "../../lib/protocol/slot.ts";
import { search } from "./search.ts";
import type { Apply, Setting } from "./world.ts";
import { begin } from "./world.ts";

const settings: ReadonlyArray<Setting> = (["Looking", "Claiming", "Healing", "Forcing"] as const).flatMap((start) => [
  { apply, start, publish: true },
  { apply, start, publish: false },
]);

for (const setting of settings) {
  const how = `${setting.start} first, writers ${setting.publish ? "publish" : "clear"}`;
  Deno.test(`I1 I2 I3 I4 I5 I6 hold in every interleaving of two readers and two writers (${how})`, () => {
    const found = search(begin(2, 2, 2), setting);
    assertEquals(found.counterexample, undefined);
    assert(found.ends > 0 && found.states > 1_000, `${found.states} states, ${found.ends} ends`);
  });
}

Deno.test("I1 I2 I3 hold in every interleaving of three writers and two readers", () => {
  const found = search(begin(2, 1, 3), { apply, start: "Looking", publish: true });
  assertEquals(found.counterexample, undefined);
});

Deno.test("every reply that a world without faults can give is reached", () => {
  const seen = new Set(settings.flatMap((setting) => [...search(begin(2, 2, 2), setting).transitions]));
  const wanted = [
    ...["Fresh", "Vacant", "Busy", "Guarded"].map((reply) => `reader Looking → ${reply}`),
    ...["Fresh", "Mine", "Busy", "Guarded"].map((reply) => `reader Claiming → ${reply}`),
    ...["Filled", "Refused"].map((reply) => `reader Filling → ${reply}`),
    ...["Released", "Refused"].map((reply) => `reader Releasing → ${reply}`),
    ...["Committed", "Aborted"].map((reply) => `writer Writing → ${reply}`),
    "writer Unlocking → Confirmed",
    "writer Withdrawing → Confirmed",
  ];
  assertEquals(wanted.filter((transition) => !seen.has(transition)), []);
});

/** Slot functions that are known to be wrong: a search that does not find them finds nothing. */
const mutants: Readonly<Record<string, { readonly apply: Apply; readonly start?: Setting["start"] }>> = {
  "an unlock that removes every writer's lock": {
    apply: (slot, operation, at) => {
      if (operation._tag !== "unlock") return apply(slot, operation, at);
      return [{ _tag: "Absent" }, { _tag: "Cleared" }];
    },
  },
  "a fill that does not compare": {
    apply: (slot, operation, at) => {
      if (operation._tag !== "fill" || slot._tag === "Locked") return apply(slot, operation, at);
      const claimed: Slot<number> = {
        _tag: "Claimed",
        born: 0,
        owner: operation.owner,
        generation: operation.generation,
        deadline: 10,
      };
      return apply(claimed, operation, at);
    },
  },
  "a fill under a lock": {
    apply: (slot, operation, at) => {
      if (operation._tag !== "fill") return apply(slot, operation, at);
      const claimed: Slot<number> = {
        _tag: "Claimed",
        born: 0,
        owner: operation.owner,
        generation: operation.generation,
        deadline: 10,
      };
      return apply(claimed, operation, at);
    },
  },
  "a writer that publishes although it was not alone": {
    apply: (slot, operation, at) => apply(slot._tag === "Locked" ? { ...slot, contended: false } : slot, operation, at),
  },
  "a lock that leaves a refresher's mark": {
    start: "Forcing",
    apply: (slot, operation, at) => {
      const [after, reply] = apply(slot, operation, at);
      const kept = slot._tag === "Held" && slot.mark !== undefined && operation._tag === "unlock";
      return kept ? [slot, reply] : operation._tag === "lock" && slot._tag === "Held" ? [slot, reply] : [after, reply];
    },
  },
  "a hit with a value that nobody wrote": {
    apply: (slot, operation, at) => {
      const [after, reply] = apply(slot, operation, at);
      if (reply._tag !== "Hit") return [after, reply];
      return [after, { _tag: "Hit", found: { ...reply.found, payload: reply.found.payload + 1 } }];
    },
  },
  "a lock that is never released": {
    apply: (slot, operation, at) =>
      operation._tag === "unlock" ? [slot, { _tag: "Cleared" }] : apply(slot, operation, at),
  },
};

for (const [name, { apply: mutant, start = "Claiming" }] of Object.entries(mutants)) {
  Deno.test(`the search finds ${name}`, () => {
    const found = search(begin(2, 2, 2), { apply: mutant, start, publish: true });
    assert(found.counterexample !== undefined, `${found.states} states without a violation`);
  });
}
