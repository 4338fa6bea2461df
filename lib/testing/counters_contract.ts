import type { CountersPort, Incremented, Standing } from "../backend/counters_port.ts";
import type { ContractCase } from "./backend_contract.ts";
import { casesOf, checkAnswers, type PortOptions, rightOf } from "./port_contract.ts";
import { type Dice, diceOf } from "./simulation/dice.ts";

/** Makes the port that is tested, empty. */
export type MakeCounters = () => Promise<CountersPort>;

/** What a set of counters should know, told in the plainest way: whole maps, copied at each step. */
interface Model {
  readonly running: ReadonlyMap<string, number>;
  readonly pending: { readonly batch: number; readonly counts: ReadonlyMap<string, number> } | undefined;
  readonly acknowledged: number | undefined;
  readonly batches: number;
  readonly seen: ReadonlySet<string>;
}

type Step =
  | { readonly _tag: "increment"; readonly deltas: Deltas; readonly most: number; readonly once: string | undefined }
  | { readonly _tag: "look" | "pop" | "reset"; readonly names: ReadonlyArray<string> }
  | { readonly _tag: "take" }
  | { readonly _tag: "acknowledge"; readonly batch: "waiting" | "last" | "unknown" };

type Deltas = ReadonlyArray<{ readonly name: string; readonly by: number }>;

const empty: Model = { running: new Map(), pending: undefined, acknowledged: undefined, batches: 0, seen: new Set() };

// Names that a careless port confuses: with each other, with what every object has, or with its own words.
const names = ["a", "A", "a ", "ü", "__proto__", "once:1", "{a}", "0"];
const remembered = 3_600_000;

/**
 * What every port of counters has to do, as named cases to register with a test runner: random sequences of steps on
 * several sets, answered as a plain model answers them; and how a port ends.
 *
 * @example Counters in memory keep the contract
 * ```ts
 * import { memoryCounters } from "@lamina/cache/aggregate";
 * import { countersContract } from "@lamina/cache/testing";
 *
 * const make = () => Promise.resolve(memoryCounters());
 * for (const { run } of countersContract("memory", make, { sequences: 50 })) await run();
 * ```
 */
export function countersContract(
  name: string,
  make: MakeCounters,
  options: PortOptions = {},
): ReadonlyArray<ContractCase> {
  const checkLazy = async (port: CountersPort): Promise<void> => {
    port.increment("lazy", [{ name: "a", by: 1 }], 10);
    checkAnswers(0, "look", { running: [0] }, { running: rightOf(await port.look("lazy", ["a"])()).running }, []);
  };
  return casesOf(name, { make, playOne, checkClosed: () => checkClosed(make), checkLazy }, options);
}

async function playOne(port: CountersPort, seed: number, steps: number): Promise<void> {
  const dice = diceOf(seed);
  const models = new Map<string, Model>();
  const ids = new Map<string, string>();
  const told: string[] = [];
  for (let i = 0; i < steps; i++) {
    const set = `set ${seed} ${dice.pick(["x", "x", "y"])}`;
    const step = pickStep(dice);
    const [after, expected] = apply(models.get(set) ?? empty, step);
    const received = await perform(port, set, step, ids);
    told.push(`${set}: ${JSON.stringify(step)} → ${JSON.stringify(expected)}`);
    checkAnswers(seed, step._tag, expected, received, told);
    models.set(set, after);
  }
}

function pickStep(dice: Dice): Step {
  const some = () => Array.from({ length: 1 + dice.below(4) }, () => dice.pick(names));
  switch (dice.below(8)) {
    case 0:
    case 1:
    case 2:
      return {
        _tag: "increment",
        deltas: some().map((name) => ({ name, by: dice.pick([0, 1, 2, 7, 2 ** 31, 2 ** 52, 2 ** 53 - 1]) })),
        most: dice.pick([2, 5, 100]),
        once: dice.pick([undefined, undefined, "1", "2"]),
      };
    case 3:
      return { _tag: "look", names: some() };
    case 4:
      return { _tag: "pop", names: some() };
    case 5:
      return { _tag: "take" };
    case 6:
      return { _tag: "acknowledge", batch: dice.pick(["waiting", "waiting", "last", "unknown"]) };
    default:
      return dice.chance(0.3) ? { _tag: "reset", names: some() } : { _tag: "look", names };
  }
}

/** What the model answers: batches are numbered by when they were taken. */
function apply(model: Model, step: Step): readonly [Model, unknown] {
  const { running, pending, acknowledged, batches } = model;
  switch (step._tag) {
    case "increment":
      return increment(model, step);
    case "look":
      return [model, {
        running: step.names.map((name) => running.get(name) ?? 0),
        pending: pending && { batch: pending.batch, counts: step.names.map((name) => pending.counts.get(name) ?? 0) },
        acknowledged,
      }];
    case "pop": {
      const first = (name: string, i: number) => step.names.indexOf(name) === i;
      return [
        { ...model, running: without(running, step.names) },
        step.names.map((name, i) => first(name, i) ? running.get(name) ?? 0 : 0),
      ];
    }
    case "reset": {
      const counts = pending && { ...pending, counts: without(pending.counts, step.names) };
      return [{ ...model, running: without(running, step.names), pending: counts }, undefined];
    }
    case "take": {
      if (pending === undefined && running.size === 0) return [model, undefined];
      const waits = pending ?? { batch: batches, counts: running };
      const after = pending === undefined
        ? { ...model, pending: waits, running: new Map(), batches: batches + 1 }
        : model;
      return [after, { batch: waits.batch, counts: [...waits.counts].sort(([a], [b]) => a < b ? -1 : 1) }];
    }
    case "acknowledge":
      if (pending === undefined || step.batch !== "waiting") return [model, false];
      return [{ ...model, pending: undefined, acknowledged: pending.batch }, true];
  }
}

function increment(model: Model, step: Extract<Step, { readonly _tag: "increment" }>): readonly [Model, Incremented] {
  if (step.once !== undefined && model.seen.has(step.once)) return [model, "Repeated"];
  const running = new Map(model.running);
  for (const { name, by } of step.deltas) if (by > 0) running.set(name, (running.get(name) ?? 0) + by);
  if ([...running.values()].some((count) => count > Number.MAX_SAFE_INTEGER)) return [model, "TooLarge"];
  if (running.size > Math.max(step.most, model.running.size)) return [model, "Full"];
  const seen = step.once === undefined ? model.seen : new Set([...model.seen, step.once]);
  return [{ ...model, running, seen }, "Counted"];
}

function without<A>(map: ReadonlyMap<string, A>, names: ReadonlyArray<string>): ReadonlyMap<string, A> {
  return new Map([...map].filter(([name]) => !names.includes(name)));
}

/** Asks the port, and writes its answer as the model writes it; the ids of batches are learnt in the order they are made. */
async function perform(port: CountersPort, set: string, step: Step, ids: Map<string, string>): Promise<unknown> {
  const numberOf = (id: string): number => Number((ids.get(id) ?? "-1").split(" ").at(-1));
  switch (step._tag) {
    case "increment": {
      const once = step.once === undefined ? undefined : { id: step.once, milliseconds: remembered };
      return rightOf(await port.increment(set, step.deltas, step.most, once)());
    }
    case "look":
      return seen(rightOf(await port.look(set, step.names)()), numberOf);
    case "pop":
      return rightOf(await port.pop(set, step.names)());
    case "reset":
      return rightOf(await port.reset(set, step.names)());
    case "take": {
      const nonce = `nonce${ids.size}`;
      const taken = rightOf(await port.take(set, nonce)());
      if (taken._tag === "None") return undefined;
      const { id, counts } = taken.value;
      if (!ids.has(id) && !id.startsWith(`${nonce}-`)) throw new Error(`The id of a new batch is of no nonce: ${id}`);
      if (!ids.has(id)) ids.set(id, `${set} ${[...ids.values()].filter((each) => each.startsWith(set)).length}`);
      if (!ids.get(id)!.startsWith(set)) throw new Error(`Two batches are called ${id}`);
      return { batch: numberOf(id), counts: counts.map(({ name, count }) => [name, count]) };
    }
    case "acknowledge":
      return rightOf(await port.acknowledge(set, await idFor(port, set, step.batch))());
  }
}

async function idFor(port: CountersPort, set: string, which: "waiting" | "last" | "unknown"): Promise<string> {
  const { pending, acknowledged } = rightOf(await port.look(set, [])());
  if (which === "waiting" && pending._tag === "Some") return pending.value.id;
  return which === "last" && acknowledged._tag === "Some" ? acknowledged.value : "unknown";
}

function seen({ running, pending, acknowledged }: Standing, numberOf: (id: string) => number): unknown {
  return {
    running,
    pending: pending._tag === "None" ? undefined : { batch: numberOf(pending.value.id), counts: pending.value.counts },
    acknowledged: acknowledged._tag === "None" ? undefined : numberOf(acknowledged.value),
  };
}

async function checkClosed(make: MakeCounters): Promise<void> {
  const port = await make();
  await port.close();
  await port.close();
  const steps = [port.increment("a", [{ name: "a", by: 1 }], 1), port.look("a", ["a"]), port.pop("a", ["a"])];
  for (const step of [...steps, port.take("a", "n"), port.acknowledge("a", "id"), port.reset("a", ["a"])]) {
    const answer = await step();
    if (answer._tag === "Left" && answer.left.reason === "closed") continue;
    throw new Error(`The port differs: expected the reason "closed": received ${JSON.stringify(answer)}`);
  }
}
