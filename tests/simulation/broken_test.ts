/** What breaks is found, soon, again from its seed, and shrunk to what a person can follow. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Fault, Invariant, SimulationFailure, SimulationOptions } from "../../lib/testing/mod.ts";
import { invariants, replay, showFailure, simulate } from "../../lib/testing/mod.ts";
import { layers, slots } from "./broken.ts";
import { regions } from "./broken_regions.ts";
import { asserting } from "./circumstances.ts";
import { impatient, stacks } from "./stacks.ts";

/** The most steps of a failure that is told. */
const mostSteps = 12;

async function find(options: SimulationOptions): Promise<SimulationFailure> {
  const { failure, seeds } = await simulate(options);
  assert(failure !== undefined, `nothing found in ${seeds} seeds`);
  const { violations } = await replay(failure.seed, options);
  assertEquals(violations, failure.violations);
  assert(failure.steps.length <= mostSteps, showFailure(failure));
  return failure;
}

const lowest = stacks.slice(0, 4);

interface Broken {
  readonly name: string;
  readonly breaks: Invariant;
  readonly under?: readonly [variant: string, ...faults: ReadonlyArray<Fault>];
  readonly seeds: number;
}

const broken: ReadonlyArray<Broken> = [
  { name: "cache-aside", breaks: "I2", seeds: 200 },
  { name: "cache-aside", breaks: "I1", seeds: 200 },
  { name: "a flight that anybody may join", breaks: "I2", seeds: 200 },
  {
    name: "an unknown outcome taken for an aborted one",
    breaks: "I1",
    under: ["pinned", "sourceAppliedLate"],
    seeds: 500,
  },
  {
    name: "an unknown outcome taken for an aborted one",
    breaks: "I4",
    under: ["pinned", "sourceUnknownApplied"],
    seeds: 200,
  },
  { name: "a memory that is staler than it says", breaks: "I2", seeds: 200 },
  { name: "a forgotten timer", breaks: "I5", seeds: 10 },
  { name: "a read that never ends", breaks: "I5", seeds: 10 },
  { name: "a fill without compare", breaks: "I2", seeds: 200 },
  { name: "a fill without compare", breaks: "I1", seeds: 200 },
  { name: "an unconditional unlock", breaks: "I3", seeds: 2_000 },
  { name: "an unconditional unlock", breaks: "I1", under: ["pinned", "crash"], seeds: 2_000 },
  { name: "a lock that is never contended", breaks: "I1", seeds: 200 },
  { name: "a lost unlock that leaves the slot", breaks: "I2", under: ["pinned", "flush"], seeds: 2_000 },
  { name: "an identity that nobody asks for", breaks: "I1", under: ["pinned", "failover"], seeds: 200 },
  { name: "a claim that never ends", breaks: "I6", under: ["pinned", "crash"], seeds: 200 },
];

for (const { name, breaks, under: [variant, ...faults] = ["pinned"], seeds } of broken) {
  Deno.test(`${breaks} breaks within ${seeds} seeds, and is told in a dozen steps, with ${name}`, async () => {
    const build = layers[name];
    const slot = slots[name];
    const circumstances = [asserting([breaks], variant, ...faults)];
    const options = { stacks: build === undefined ? lowest : [{ name, build }], circumstances, seeds };
    await find(slot === undefined ? options : { ...options, slot });
  });
}

for (const [name, build] of Object.entries(regions)) {
  Deno.test(`I2 breaks within 500 seeds, and is told in a dozen steps, with ${name}`, async () => {
    const stacks = [{ name, build, invalidates: "all" as const }];
    const failure = await find({ stacks, circumstances: [asserting(["I2"], "pinned")], seeds: 500 });
    assertStringIncludes(failure.steps.join("\n"), "clear");
  });
}

const unpromised: ReadonlyArray<readonly [breaks: Invariant, variant: string, ...faults: ReadonlyArray<Fault>]> = [
  ["I3", "pinned", "flush"],
  ["I3", "pinned", "expire"],
  ["I3", "probation", "evict"],
  ["I1", "pinned + fence", "flush", "crash"],
  ["I2", "pinned", "laggingReplica"],
];

for (const [breaks, variant, ...faults] of unpromised) {
  Deno.test(`${breaks} breaks where the table of levels does not promise it: ${variant}, ${faults.join(" and ")}`, async () => {
    const circumstances = [asserting(invariants, variant, ...faults)];
    const failure = await find({ stacks: [...impatient, ...lowest], circumstances, seeds: 6_000 });
    assertEquals(failure.breaks.invariant, breaks);
    assertStringIncludes(failure.steps.join("\n"), faults[0]!);
  });
}
