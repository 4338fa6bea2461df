import type { Backend, Call } from "../backend/port.ts";
import type { At, Level, Operation, Reply, Slot } from "../protocol/slot.ts";
import { apply } from "../protocol/slot.ts";
import { showPlayed } from "./backend_contract_compare.ts";
import type { Model, Stage } from "./backend_contract_play.ts";
import { faultOf, play } from "./backend_contract_play.ts";
import type { Shape, Step } from "./backend_contract_sequence.ts";
import { generate } from "./backend_contract_sequence.ts";
import { shrink } from "./backend_contract_shrink.ts";

/** A test without a runner: rejects, with what was expected and received, if the backend fails it. */
export interface ContractCase {
  /** A sentence that says what is shown. */
  readonly name: string;
  /** Resolves if the backend does it. */
  readonly run: () => Promise<void>;
}

/** Makes the backend that is tested, empty; `time` is what it has to take for its server's time, in milliseconds. */
export type MakeBackend = (time: () => number) => Promise<Backend<Uint8Array>>;

/** How much is tried. */
export interface ContractOptions {
  /** How many sequences in all, a third at each level. 10,000 unless told: the rarest known fault takes about 1,000 to find. */
  readonly sequences?: number;
  /** How many calls a sequence; 12 unless told: the longest known counterexample takes as many. */
  readonly stepsPerSequence?: number;
  /** Whether the contract's time passes in the backend; `false` if it has a clock of its own that cannot be set. */
  readonly passesTime?: boolean;
  /** What the backend should do; the slot function unless told. */
  readonly model?: Model;
  /** The first sequence's seed; a failure names the one to start from. */
  readonly seed?: number;
}

/** A moment such as servers have, so that no precision is lost unseen. */
const start = 1_700_000_000_000;

/** Leases: with time that can be made to pass any will do; without, one that outlasts a sequence by far. */
const virtualLease = 1_000;
const realLease = 60_000;

/** By how much lengths of time may differ where the backend's own clock goes on: a sequence's share of a slow server. */
const realSlack = 10_000;

const levels: ReadonlyArray<Level> = ["pinned", "probation", "strict"];

/**
 * What every backend has to do, as named cases to register with a test runner: random sequences of calls, answered as
 * the slot function answers them, at each level; and how a backend ends. A sequence that fails is shortened and told.
 *
 * The backend must have room for a few thousand slots. Time passes between two calls, at least a millisecond.
 *
 * @example A backend that is the slot function keeps the contract
 * ```ts
 * import { memoryBackend } from "@lamina/cache";
 * import { backendContract } from "@lamina/cache/testing";
 *
 * const make = (now: () => number) =>
 *   Promise.resolve(memoryBackend<Uint8Array>({ capacity: 10_000, clock: { now, after: () => () => {} } }));
 *
 * for (const { run } of backendContract("memory", make, { sequences: 300 })) await run();
 * ```
 */
export function backendContract(
  name: string,
  make: MakeBackend,
  options: ContractOptions = {},
): ReadonlyArray<ContractCase> {
  const { sequences = 10_000, model = apply } = options;
  const count = Math.ceil(sequences / levels.length);
  return [
    ...levels.map((level) => ({
      name: `${name} answers ${count} sequences at level ${level} as its model does`,
      run: () => checkSequences(make, level, count, options),
    })),
    { name: `${name} answers many slots of one call in their order`, run: () => checkOrder(make, model) },
    { name: `${name} answers a call that has no time left`, run: () => checkNoTime(make) },
    { name: `${name} does nothing before its task is run`, run: () => checkLaziness(make, model) },
    {
      name: `${name} answers everything with Unreachable, because closed, once it is closed`,
      run: () => checkClosed(make),
    },
  ];
}

async function checkSequences(make: MakeBackend, level: Level, count: number, options: ContractOptions): Promise<void> {
  const { stepsPerSequence = 12, passesTime = true, model = apply, seed = 1 } = options;
  const lease = passesTime ? virtualLease : realLease;
  const shape: Shape = { steps: stepsPerSequence, lease, passesTime };
  const time = { now: start };
  await using backend = await make(() => time.now);
  const stage: Stage = {
    backend,
    model,
    call: { within: 10_000, lease, level },
    time,
    slack: passesTime ? 0 : realSlack,
  };
  for (let index = 0; index < count; index++) {
    const steps = generate(seed + index, shape);
    if (faultOf(await play(stage, `${index}:`, steps)) !== undefined) await tell(make, stage, steps, seed + index);
  }
}

async function tell(
  make: MakeBackend,
  { time, ...rest }: Stage,
  steps: ReadonlyArray<Step>,
  seed: number,
): Promise<void> {
  await using backend = await make(() => time.now);
  const stage: Stage = { ...rest, backend, time };
  let tries = 0;
  const again = (shorter: ReadonlyArray<Step>) => play(stage, `shrunk ${tries++}:`, shorter);
  const played = await again(await shrink(steps, async (shorter) => faultOf(await again(shorter)) !== undefined));
  const fault = faultOf(played) ?? "nothing in a fresh backend: it depends on what came before";
  throw new Error(`The backend differs at level ${rest.call.level} (seed ${seed}): ${fault}\n${showPlayed(played)}`);
}

const patient: Call = { within: 10_000, lease: realLease, level: "pinned" };

/** More than a backend asks for at once anywhere. */
const manySlots = 300;

async function checkOrder(make: MakeBackend, model: Model): Promise<void> {
  const asked = Array.from(
    { length: manySlots },
    (_, index): readonly [string, ReadonlyArray<Operation<Uint8Array>>] => {
      const prepared: ReadonlyArray<Operation<Uint8Array>> = index % 3 === 0
        ? [{ _tag: "lock", token: "t" }]
        : index % 3 === 1
        ? [{ _tag: "claim", owner: "Ann" }]
        : [];
      return [`slot ${index}`, prepared];
    },
  );
  await using backend = await make(() => start);
  await backend.run(asked.flatMap(([slot, ops]) => ops.map((operation) => ({ slot, operation }))), patient)();
  const backwards = asked.toReversed();
  const replies = await backend.run(backwards.map(([slot]) => ({ slot, operation: { _tag: "look" } })), patient)();
  const at: At = { now: start, lease: realLease, level: "pinned", identity: "", changed: -Infinity };
  const expected = backwards.map(([, operations]) => {
    const slot = operations.reduce<Slot<Uint8Array>>((before, operation) => model(before, operation, at)[0], {
      _tag: "Absent",
    });
    return model(slot, { _tag: "look" }, at)[1]._tag;
  });
  expectTags(replies, expected);
}

async function checkNoTime(make: MakeBackend): Promise<void> {
  await using backend = await make(() => start);
  for (const within of [0, -1]) {
    const replies = await backend.run([{ slot: "a", operation: { _tag: "look" } }], { ...patient, within })();
    if (replies.length !== 1) throw new Error(`The backend differs: expected one reply: received ${replies.length}`);
  }
}

async function checkLaziness(make: MakeBackend, model: Model): Promise<void> {
  await using backend = await make(() => start);
  backend.run([{ slot: "a", operation: { _tag: "lock", token: "t" } }], patient);
  const at: At = { now: start, lease: realLease, level: "pinned", identity: "", changed: -Infinity };
  const expected = model({ _tag: "Absent" }, { _tag: "look" }, at)[1]._tag;
  expectTags(await backend.run([{ slot: "a", operation: { _tag: "look" } }], patient)(), [expected]);
}

async function checkClosed(make: MakeBackend): Promise<void> {
  const backend = await make(() => start);
  await backend.close();
  await backend.close();
  const operations: ReadonlyArray<Operation<Uint8Array>> = [
    { _tag: "look" },
    { _tag: "claim", owner: "Ann" },
    { _tag: "lock", token: "t" },
  ];
  for (const asked of [operations, operations.slice(0, 1), []]) {
    const replies = await backend.run(asked.map((operation) => ({ slot: "a", operation })), patient)();
    expectTags(replies, asked.map(() => "Unreachable"));
    const other = replies.find((reply) => reply._tag !== "Unreachable" || reply.reason !== "closed");
    if (other !== undefined) {
      const reason = other._tag === "Unreachable" ? other.reason : other._tag;
      throw new Error(`The backend differs: expected the reason "closed": received ${JSON.stringify(reason)}`);
    }
  }
}

function expectTags(replies: ReadonlyArray<Reply<Uint8Array>>, expected: ReadonlyArray<string>): void {
  if (replies.length !== expected.length) {
    throw new Error(`The backend differs: expected ${expected.length} replies: received ${replies.length}`);
  }
  const index = replies.findIndex(({ _tag }, position) => _tag !== expected[position]);
  if (index === -1) return;
  throw new Error(
    `The backend differs: expected ${expected[index]} as reply ${index + 1} of ${expected.length}: received ${
      replies[index]?._tag
    }`,
  );
}
