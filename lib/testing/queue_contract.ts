import type { QueuePort, TakenBatch } from "../backend/queue_port.ts";
import type { ContractCase } from "./backend_contract.ts";
import { casesOf, checkAnswers, type PortOptions, rightOf } from "./port_contract.ts";
import { type Dice, diceOf } from "./simulation/dice.ts";

/** Makes the port that is tested, empty. */
export type MakeQueue = () => Promise<QueuePort>;

/** What a bucket should have, told in the plainest way. */
interface Model {
  readonly values: ReadonlyMap<string, number>;
  readonly queue: ReadonlyArray<string>;
  readonly pending: { readonly batch: number; readonly keys: ReadonlyArray<string> } | undefined;
  readonly batches: number;
}

type Step =
  | {
    readonly _tag: "hold";
    readonly parcels: ReadonlyArray<readonly [key: string, value: number]>;
    readonly most: number;
  }
  | { readonly _tag: "read"; readonly keys: ReadonlyArray<string> }
  | { readonly _tag: "take" }
  | { readonly _tag: "acknowledge" | "putBack"; readonly which: "waiting" | "another" };

const empty: Model = { values: new Map(), queue: [], pending: undefined, batches: 0 };
const keys = ["a", "A", "'a", "ü", "__proto__", "{b}", "7"];

/**
 * What every port of a write-behind has to do, as named cases to register with a test runner: random sequences of steps
 * on several buckets, answered as a plain model answers them; versions that grow; and how a port ends.
 *
 * @example A queue in memory keeps the contract
 * ```ts
 * import { memoryQueue } from "@lamina/cache/aggregate";
 * import { queueContract } from "@lamina/cache/testing";
 *
 * for (const { run } of queueContract("memory", () => Promise.resolve(memoryQueue()), { sequences: 50 })) await run();
 * ```
 */
export function queueContract(
  name: string,
  make: MakeQueue,
  options: PortOptions = {},
): ReadonlyArray<ContractCase> {
  const checkLazy = async (port: QueuePort): Promise<void> => {
    port.hold("lazy", [{ key: "a", value: new Uint8Array() }], 10);
    checkAnswers(0, "take", "None", rightOf(await port.take("lazy", "n")())._tag, []);
  };
  return casesOf(name, { make, playOne, checkClosed: () => checkClosed(make), checkLazy }, options);
}

async function playOne(port: QueuePort, seed: number, steps: number): Promise<void> {
  const dice = diceOf(seed);
  const models = new Map<string, Model>();
  const asked: Asked = { port, ids: new Map(), versions: new Map() };
  const told: string[] = [];
  for (let i = 0; i < steps; i++) {
    const bucket = `bucket ${seed} ${dice.pick(["x", "x", "y"])}`;
    const step = pickStep(dice, i);
    const [after, expected] = apply(models.get(bucket) ?? empty, step);
    const received = await perform(asked, bucket, step, models.get(bucket)?.pending?.batch);
    told.push(`${bucket}: ${JSON.stringify(step)} → ${JSON.stringify(expected)}`);
    checkAnswers(seed, step._tag, expected, received, told);
    models.set(bucket, after);
  }
}

function pickStep(dice: Dice, value: number): Step {
  const some = () => Array.from({ length: 1 + dice.below(3) }, () => dice.pick(keys));
  switch (dice.below(7)) {
    case 0:
      return { _tag: "read", keys: some() };
    case 1:
      return { _tag: "take" };
    case 2:
      return { _tag: "acknowledge", which: dice.pick(["waiting", "waiting", "another"]) };
    case 3:
      return { _tag: "putBack", which: dice.pick(["waiting", "another"]) };
    default:
      return { _tag: "hold", parcels: some().map((key, i) => [key, 4 * value + i]), most: dice.pick([2, 4, 100]) };
  }
}

function apply(model: Model, step: Step): readonly [Model, unknown] {
  const { values, queue, pending, batches } = model;
  switch (step._tag) {
    case "hold": {
      const added = unique(step.parcels.map(([key]) => key)).filter((key) => !queue.includes(key));
      const counted = added.filter((key) => !pending?.keys.includes(key)).length;
      const held = unique([...queue, ...pending?.keys ?? []]).length;
      if (counted > 0 && held + counted > step.most) return [model, ["Full", queue.length]];
      const after = [...queue, ...added];
      return [{ ...model, queue: after, values: new Map([...values, ...step.parcels]) }, ["Queued", after.length]];
    }
    case "read":
      return [model, step.keys.map((key) => values.get(key) ?? null)];
    case "take": {
      if (pending === undefined && queue.length === 0) return [model, undefined];
      const waits = pending ?? { batch: batches, keys: queue };
      const after = pending === undefined ? { ...model, pending: waits, queue: [], batches: batches + 1 } : model;
      return [after, { batch: waits.batch, parcels: waits.keys.map((key) => [key, values.get(key) ?? null]) }];
    }
    case "acknowledge": {
      if (pending === undefined || step.which === "another") return [model, false];
      const written = pending.keys.filter((key) => !queue.includes(key));
      const kept = new Map([...values].filter(([key]) => !written.includes(key)));
      return [{ ...model, values: kept, pending: undefined }, true];
    }
    case "putBack":
      if (pending === undefined || step.which === "another") return [model, false];
      return [{ ...model, queue: unique([...pending.keys, ...queue]), pending: undefined }, true];
  }
}

function unique(all: ReadonlyArray<string>): ReadonlyArray<string> {
  return [...new Set(all)];
}

interface Asked {
  readonly port: QueuePort;
  /** By bucket, the ids of its batches in the order in which they were made. */
  readonly ids: Map<string, string[]>;
  /** By bucket, key and value, the version that it had when it was taken. */
  readonly versions: Map<string, { readonly value: number; readonly version: number }>;
}

async function perform(asked: Asked, bucket: string, step: Step, waiting: number | undefined): Promise<unknown> {
  const { port, ids } = asked;
  const own = ids.get(bucket) ?? [];
  ids.set(bucket, own);
  switch (step._tag) {
    case "hold": {
      const parcels = step.parcels.map(([key, value]) => ({ key, value: new Uint8Array([0, value, 255]) }));
      const held = rightOf(await port.hold(bucket, parcels, step.most)());
      return [held._tag, held.queued];
    }
    case "read":
      return rightOf(await port.read(bucket, step.keys)()).map((value) =>
        value._tag === "Some" ? value.value[1] : null
      );
    case "take": {
      const taken = rightOf(await port.take(bucket, "nonce")());
      if (taken._tag === "None") return undefined;
      checkVersions(asked, bucket, taken.value);
      if (!own.includes(taken.value.id)) own.push(taken.value.id);
      const parcels = taken.value.parcels.map(({ key, value }) => [key, value._tag === "Some" ? value.value[1] : null]);
      return { batch: own.indexOf(taken.value.id), parcels };
    }
    default: {
      const id = step.which === "waiting" && waiting !== undefined ? own[waiting]! : "another";
      return rightOf(await port[step._tag](bucket, id)());
    }
  }
}

/** Another value of a key has a higher version; the same one keeps its own. */
function checkVersions({ versions }: Asked, bucket: string, { parcels }: TakenBatch): void {
  for (const { key, value, version } of parcels) {
    const now = { value: value._tag === "Some" ? value.value[1] ?? -1 : -1, version };
    const before = versions.get(`${bucket} ${key}`);
    versions.set(`${bucket} ${key}`, now);
    if (before === undefined || now.version > before.version) continue;
    if (now.version === before.version && now.value === before.value) continue;
    throw new Error(`The port differs: expected a version above ${before.version}: received ${version}`);
  }
}

async function checkClosed(make: MakeQueue): Promise<void> {
  const port = await make();
  await port.close();
  await port.close();
  const steps = [port.hold("a", [], 1), port.read("a", ["a"]), port.take("a", "n"), port.acknowledge("a", "id")];
  for (const step of [...steps, port.putBack("a", "id")]) {
    const answer = await step();
    if (answer._tag === "Left" && answer.left.reason === "closed") continue;
    throw new Error(`The port differs: expected the reason "closed": received ${JSON.stringify(answer)}`);
  }
}
