import type { Backend, Call, Request } from "../backend/port.ts";
import type { At, Operation, Reply, Slot } from "../protocol/slot.ts";
import { absent } from "../protocol/slot.ts";
import { compare } from "./backend_contract_compare.ts";
import type { Ask, Step } from "./backend_contract_sequence.ts";

/** What a backend should do with a slot; the slot function, unless the backend forgets on purpose. */
export type Model = (
  slot: Slot<Uint8Array>,
  operation: Operation<Uint8Array>,
  at: At,
) => readonly [Slot<Uint8Array>, Reply<Uint8Array>];

/** What a sequence is played on, and what it is compared with. */
export interface Stage {
  readonly backend: Backend<Uint8Array>;
  readonly model: Model;
  readonly call: Call;
  readonly time: { now: number };
  /** By how much lengths of time may differ: 0 where the contract makes the time. */
  readonly slack: number;
}

/** An ask with its answers, as far as the sequence was played. */
export interface Played {
  readonly id: number;
  readonly wait: number;
  readonly slot: string;
  readonly ask: Ask;
  readonly expected: Reply<Uint8Array>;
  readonly received: Reply<Uint8Array> | undefined;
  readonly fault: string | undefined;
}

/** A generation as the model gave it, and as the backend did: two numbers that need not be the same. */
interface Given {
  readonly model: number;
  readonly backend: number;
}

interface Memory {
  readonly given: Map<number, Given>;
  /** By slot and the model's generation, the backend's, and the step it is from; undefined where they are several. */
  readonly pairs: Map<string, { readonly backend: number | undefined; readonly step: number }>;
}

const neverGiven: Given = { model: -1, backend: -1 };

/** Plays a sequence on slots of its own, up to the call that shows a fault. */
export async function play(stage: Stage, prefix: string, steps: ReadonlyArray<Step>): Promise<ReadonlyArray<Played>> {
  const { backend, model, call, time } = stage;
  const slots = new Map<string, Slot<Uint8Array>>();
  const memory: Memory = { given: new Map(), pairs: new Map() };
  const played: Played[] = [];
  for (const [number, { wait, asked }] of steps.entries()) {
    time.now += wait;
    const at = { now: time.now, lease: call.lease, level: call.level, identity: "", changed: -Infinity };
    const asks = asked.map(({ slot, ask }) => ({ slot, ask, given: resolve(memory, slot, ask) }));
    const requests = asks.map(({ slot, ask, given }): Request<Uint8Array> => ({
      slot: prefix + slot,
      operation: operationOf(ask, given.backend),
    }));
    const replies = await backend.run(requests, call)();
    for (const [index, { slot, ask, given }] of asks.entries()) {
      const [after, expected] = model(slots.get(slot) ?? absent, operationOf(ask, given.model), at);
      slots.set(slot, after);
      const { id } = asked[index]!;
      const received = replies[index];
      const fault = compare(expected, received, stage.slack) ?? remember(memory, number, id, slot, expected, received);
      played.push({ id, wait: index === 0 ? wait : 0, slot, ask, expected, received, fault });
    }
    if (faultOf(played) !== undefined) return played;
  }
  return played;
}

/** What is wrong with a sequence that was played. */
export function faultOf(played: ReadonlyArray<Played>): string | undefined {
  return played.find(({ fault }) => fault !== undefined)?.fault;
}

function resolve(memory: Memory, slot: string, ask: Ask): Given {
  const given = "from" in ask ? memory.given.get(ask.from) : undefined;
  // Where the model cannot tell two generations apart that the backend can, it has nothing to say about them.
  return given === undefined || memory.pairs.get(pairOf(slot, given.model))?.backend === undefined ? neverGiven : given;
}

function pairOf(slot: string, generation: number): string {
  return `${slot} ${generation}`;
}

/** Learns which generation of the backend is which of the model's; a claim or lock that is still there keeps its own. */
function remember(
  memory: Memory,
  step: number,
  id: number,
  slot: string,
  expected: Reply<Uint8Array>,
  received: Reply<Uint8Array> | undefined,
): string | undefined {
  if (received === undefined || !("generation" in expected) || !("generation" in received)) return undefined;
  const given = { model: expected.generation, backend: received.generation };
  memory.given.set(id, given);
  const pair = pairOf(slot, given.model);
  const known = memory.pairs.get(pair);
  const isSame = known === undefined || known.backend === given.backend;
  memory.pairs.set(pair, { step: known?.step ?? step, backend: isSame ? given.backend : undefined });
  if (isSame || known.step === step || known.backend === undefined) return undefined;
  return `another generation (${given.backend}) than the one that it has (${known.backend})`;
}

function operationOf(ask: Ask, generation: number): Operation<Uint8Array> {
  switch (ask._tag) {
    case "fill":
      return { _tag: "fill", owner: ask.owner, generation, stored: ask.stored };
    case "release":
      return { _tag: "release", owner: ask.owner, generation, pass: ask.pass };
    case "unlock":
      return { _tag: "unlock", token: ask.token, generation, written: ask.written };
    default:
      return ask;
  }
}
