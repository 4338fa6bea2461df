import type { Operation, Reply } from "../../../protocol/slot.ts";
import { namespace } from "../../../key.ts";
import { redisBackend, type RedisOptions } from "../mod.ts";

/** What stands under the doctor's own key, for as long as it is looked at. */
const stored = { payload: Uint8Array.of(1), age: 0, fresh: 1_000, until: 1_000 };

/** Lives no longer than this where something goes wrong between two steps, in milliseconds. */
const lease = 1_000;

/**
 * Does what readers and writers do, on a slot of its own: whatever forbids or changes a command shows here. Answers why
 * a step went wrong; undefined if none did.
 */
export async function tryStep(options: RedisOptions, name: string, within: number): Promise<string | undefined> {
  await using backend = redisBackend(options);
  const slot = namespace({ namespace: name }).slotName(`'doctor ${crypto.randomUUID()}`, 0);
  const ask = async (operation: Operation<Uint8Array>): Promise<Reply<Uint8Array>> => {
    const [reply] = await backend.run([{ slot, operation }], { within, lease, level: "pinned" })();
    return reply ?? { _tag: "Unreachable", reason: "no reply" };
  };
  let generation = NaN;
  for (const [operationOf, expected] of steps) {
    const operation = operationOf(generation);
    const reply = await ask(operation);
    if (reply._tag === "Unreachable") return `${operation._tag}: ${reply.reason}`;
    if (!expected.includes(reply._tag)) {
      return `${operation._tag}: expected ${expected.join(" or ")}: received ${reply._tag}`;
    }
    if ("generation" in reply) generation = reply.generation;
  }
  return undefined;
}

type Step = readonly [
  operation: (generation: number) => Operation<Uint8Array>,
  expected: ReadonlyArray<Reply<never>["_tag"]>,
];

const steps: ReadonlyArray<Step> = [
  [() => ({ _tag: "look" }), ["Vacant"]],
  [() => ({ _tag: "claim", owner: "doctor" }), ["Mine"]],
  [(generation) => ({ _tag: "fill", owner: "doctor", generation, stored }), ["Filled"]],
  // Its second may be over before it is asked for.
  [() => ({ _tag: "look" }), ["Hit", "Vacant"]],
  [() => ({ _tag: "lock", token: "doctor" }), ["Locked"]],
  [() => ({ _tag: "look" }), ["Guarded"]],
  [(generation) => ({ _tag: "unlock", token: "doctor", generation, written: undefined }), ["Cleared"]],
];
