/**
 * The simulation: whole stacks, as they ship, in front of a simulated server and source, with many clients and with faults.
 *
 * The explorer searches everything that a few readers and writers of one slot can do. A simulation runs what is built on
 * it: several processes, each with its own stack of tiers, on one server; clients that read, write, read in batches,
 * force, peek, invalidate; processes that crash, are closed and start again. It cannot try everything, and tries what a
 * seed chooses: who does what when, how long each command, load and commit takes, and what goes wrong. The stores are
 * the library's own; the server is the slot function that every backend runs or is tested against.
 *
 * **What is checked.** The history of each run goes through the checkers {@linkcode checkFreshness} and
 * {@linkcode checkLinearizable} (I2, I3, I4). Each operation has to end in time, without rejecting, and without an error
 * if nothing went wrong (I5). When all is over and the leases have passed, every process must read what the source has
 * (I1), a second read must hit (I6), and a closed process must answer so and leave no timer behind. A tier in memory
 * may be `behind` the writes of other processes, by its ttl at most: so much older than allowed its reads may be, and
 * no more. Where a stack can be invalidated as a whole, rows also change behind its back: such a change counts as
 * acknowledged once an `invalidateAll` was that began after it, a soft one for what is served as fresh. Which invariants hold under which faults is said by `promised`: see the table in the README.
 *
 * **Time** is virtual, and the same seed is the same run, to the letter: {@linkcode replay} writes it down. A run that
 * breaks something is shrunk to the few events that it takes, and told as numbered steps.
 *
 * **Gotchas.** A stack has to use the clock that it is given, and no randomness that changes what it does: one shard, not
 * two. Each of its tiers has to ask for the `level` that it is given.
 *
 * Deterministic simulation is FoundationDB's idea; counting what was met, so that a test which never met a fault cannot
 * pass for one that did, is its `BUGGIFY` and Antithesis's "sometimes".
 *
 * @module
 */
import type { Circumstances, Setting, SimulatedStack, SlotOfBytes } from "./simulation/setting.ts";
import { settingOf } from "./simulation/setting.ts";
import { planOf } from "./simulation/plan.ts";
import { run } from "./simulation/run.ts";
import { stepsOf } from "./simulation/show.ts";
import { shrink } from "./simulation/shrink.ts";
import type { Violation, World } from "./simulation/world.ts";

export type { Circumstances, SimulatedProcess, SimulatedStack, SlotOfBytes } from "./simulation/setting.ts";
export type { Violation as SimulationViolation } from "./simulation/world.ts";

/** What is simulated, and how often. */
export interface SimulationOptions {
  /** The stacks; the seeds go round them. */
  readonly stacks: ReadonlyArray<SimulatedStack>;
  /** What they are simulated under, all stacks under one of them after the other; without a fault unless told. */
  readonly circumstances?: ReadonlyArray<Circumstances>;
  /** How many seeds; 1,000 unless told, which takes two seconds. */
  readonly seeds?: number;
  /** The first seed; 1 unless told. */
  readonly first?: number;
  /** What replaces the server's slot function, to see what a backend of that kind would break. */
  readonly slot?: SlotOfBytes;
}

/** A run that broke something. */
export interface SimulationFailure {
  /** Its seed, to {@linkcode replay}. */
  readonly seed: number;
  /** The name of its stack. */
  readonly stack: string;
  /** The name of its circumstances, and what goes wrong in them. */
  readonly circumstances: string;
  /** What it breaks. */
  readonly violations: ReadonlyArray<Violation>;
  /** The smallest run that was found to break the first of these invariants, as steps with their times. */
  readonly steps: ReadonlyArray<string>;
  /** What that run breaks. */
  readonly breaks: Violation;
}

/** What a simulation found. */
export interface SimulationReport {
  /** The first run that broke something; none after it are run. */
  readonly failure: SimulationFailure | undefined;
  /** How many runs there were. */
  readonly seeds: number;
  /** How many operations their clients began. */
  readonly operations: number;
  /** How long they took. */
  readonly seconds: number;
  /**
   * How often each fault, reply (`unlock → Lost`), verdict (`verdict Overtaken`) and end of an operation
   * (`put → committed`) was met: what was never met was not tested.
   */
  readonly met: ReadonlyMap<string, number>;
}

/** One run, to the letter. */
export interface Replayed {
  /** Everything that happened, a line each, with its time. */
  readonly log: ReadonlyArray<string>;
  /** What it breaks. */
  readonly violations: ReadonlyArray<Violation>;
}

/**
 * Runs seeds until one breaks something.
 *
 * Throws a RangeError on options out of range.
 *
 * @example Two tiers, under no fault and under a crash
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memory, shared } from "@lamina/cache";
 * import { simulate, type SimulatedStack } from "@lamina/cache/testing";
 * import { pipe } from "fp-ts/lib/function.js";
 * import * as t from "io-ts";
 *
 * const tiers: SimulatedStack = {
 *   name: "memory + shared",
 *   behind: "30s",
 *   build: ({ source, backend, clock, level }) =>
 *     pipe(
 *       source,
 *       shared({ backend, name: "text", codec: t.string, ttl: "10m", clock, level }),
 *       memory({ capacity: 100, ttl: "30s", clock }),
 *     ),
 * };
 * const circumstances = [{ name: "nothing" }, { name: "a crash", faults: ["crash"] as const }];
 * const { failure, met } = await simulate({ stacks: [tiers], circumstances, seeds: 100 });
 * assertEquals(failure, undefined);
 * assertEquals((met.get("crash") ?? 0) > 0, true);
 * ```
 */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const { seeds = 1_000, first = 1 } = options;
  if (!(Number.isInteger(seeds) && seeds > 0 && Number.isInteger(first))) {
    throw new RangeError(`Cannot simulate: expected whole numbers of seeds: received ${seeds} from ${first}`);
  }
  const began = performance.now();
  const settings = settingsOf(options);
  const met = new Map<string, number>();
  let operations = 0;
  const ended = (count: number, failure: SimulationFailure | undefined): SimulationReport => {
    return { failure, seeds: count, operations, seconds: (performance.now() - began) / 1_000, met };
  };
  for (let seed = first; seed < first + seeds; seed++) {
    const setting = settingFor(settings, seed);
    const world = await run(setting, planOf(seed, setting.faults, setting.stack.invalidates), met);
    operations += world.recorded.length;
    if (world.violations.length > 0) return ended(seed - first + 1, await failureOf(setting, world));
  }
  return ended(seeds, undefined);
}

/**
 * Runs one seed of a simulation again, and writes down everything that happens.
 *
 * @example The same seed is the same run
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memory } from "@lamina/cache";
 * import { replay, type SimulatedStack } from "@lamina/cache/testing";
 *
 * const stacks: ReadonlyArray<SimulatedStack> = [{
 *   name: "memory",
 *   behind: "30s",
 *   build: ({ source, clock }) => memory({ capacity: 10, ttl: "30s", clock })(source),
 * }];
 * const { log, violations } = await replay(7, { stacks });
 * assertEquals(violations, []);
 * assertEquals((await replay(7, { stacks })).log, log);
 * ```
 */
export async function replay(seed: number, options: SimulationOptions): Promise<Replayed> {
  const setting = settingFor(settingsOf(options), seed);
  const log: Array<string> = [];
  const { violations } = await run(setting, planOf(seed, setting.faults, setting.stack.invalidates), new Map(), log);
  return { log, violations };
}

/**
 * Says a {@linkcode SimulationFailure}: what was run, the numbered steps, and what they break.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { showFailure } from "@lamina/cache/testing";
 *
 * const breaks = { invariant: "I2", reason: "a read of a0 after the write of a1" } as const;
 * const run = { seed: 7, stack: "memory", circumstances: "a crash", violations: [breaks] };
 * const text = showFailure({ ...run, breaks, steps: ["at 0 ms get a → a0"] });
 * assertEquals(text, `seed 7, memory, a crash:\n1. at 0 ms get a → a0\nI2: ${breaks.reason}`);
 * ```
 */
export function showFailure({ seed, stack, circumstances, steps, breaks }: SimulationFailure): string {
  return [
    `seed ${seed}, ${stack}, ${circumstances}:`,
    ...steps.map((step, i) => `${i + 1}. ${step}`),
    `${breaks.invariant}: ${breaks.reason}`,
  ].join("\n");
}

function settingsOf(
  { stacks, circumstances = [{ name: "no fault" }], slot }: SimulationOptions,
): ReadonlyArray<Setting> {
  if (stacks.length === 0 || circumstances.length === 0) {
    throw new RangeError("Cannot simulate: expected a stack and circumstances: received none");
  }
  return circumstances.flatMap((each) => stacks.map((stack) => settingOf(stack, each, slot)));
}

function settingFor(settings: ReadonlyArray<Setting>, seed: number): Setting {
  const { length } = settings;
  return settings[((seed % length) + length) % length]!;
}

async function failureOf(setting: Setting, world: World): Promise<SimulationFailure> {
  const { invariant } = world.violations[0]!;
  const shrunk = await shrink(setting, world);
  return {
    seed: world.plan.seed,
    stack: setting.stack.name,
    circumstances: [setting.name, ...setting.faults].join(", "),
    violations: world.violations,
    steps: stepsOf(shrunk),
    breaks: shrunk.violations.find((each) => each.invariant === invariant)!,
  };
}
