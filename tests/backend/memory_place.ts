import type { MemoryBackend, MemoryOptions } from "../../lib/backend/memory.ts";
import { memoryBackend } from "../../lib/backend/memory.ts";
import type { Operation, Reply, Stored } from "../../lib/protocol/slot.ts";

/** The lease of each step, in milliseconds. */
export const lease: number = 1_000;

/** A backend, the time it goes by, and what is asked of it in short; each says what it was answered. */
export interface MemoryPlace {
  readonly backend: MemoryBackend<string, string>;
  readonly time: { now: number };
  readonly ask: (slot: string, operation: Operation<string>) => Reply<string> | undefined;
  readonly look: (slot: string) => string | undefined;
  readonly lock: (slot: string) => string | undefined;
  readonly claim: (slot: string) => string | undefined;
  readonly fill: (slot: string, payload: string, stored?: Partial<Stored<string>>) => string | undefined;
}

/** A backend in a time that stands still until the test changes it. */
export function makeBackend(options: Omit<MemoryOptions<string>, "clock">): MemoryPlace {
  const time = { now: 5_000 };
  const backend: MemoryBackend<string, string> = memoryBackend({
    ...options,
    clock: { now: () => time.now, after: () => () => {} },
  });
  const ask = (slot: string, operation: Operation<string>): Reply<string> | undefined =>
    backend.run.one({ slot, operation }, { within: 0, lease, level: "pinned" });
  const look = (slot: string) => ask(slot, { _tag: "look" })?._tag;
  const lock = (slot: string) => ask(slot, { _tag: "lock", token: "t" })?._tag;
  const claim = (slot: string) => ask(slot, { _tag: "claim", owner: "Ann" })?._tag;
  const fill = (slot: string, payload: string, stored: Partial<Stored<string>> = {}) => {
    const mine = ask(slot, { _tag: "claim", owner: "Ann" });
    const generation = mine?._tag === "Mine" ? mine.generation : -1;
    const whole = { payload, age: 0, fresh: Infinity, until: Infinity, ...stored };
    return ask(slot, { _tag: "fill", owner: "Ann", generation, stored: whole })?._tag;
  };
  return { backend, time, ask, look, lock, claim, fill };
}

/** The names of what is kept, in its order. */
export function namesOf(backend: MemoryBackend<string, string>): ReadonlyArray<string> {
  return backend.inspect().map(([name]) => name);
}
