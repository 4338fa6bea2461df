import { assert, assertEquals } from "@std/assert";
import type { Backend, Call } from "../../../lib/backend/port.ts";
import type { Operation, Reply, Stored } from "../../../lib/protocol/slot.ts";

/** Two backends that see the same slots: what one does, the other waits for. They may be one and the same. */
export interface Pair {
  readonly worker: Backend<Uint8Array>;
  readonly waiter: Backend<Uint8Array>;
  /** A name for a slot that nobody else uses. */
  readonly nameOf: (slot: string) => string;
}

/** One thing that is expected of `changed`. */
export type Expectation = (pair: Pair) => Promise<void>;

/** How long waits may take at most; whoever is woken is woken long before. */
export const patience = 5_000;

/** Long enough for a wait to begin, and for one that should not end to end. */
const moment = 40;

const stored: Stored<Uint8Array> = { payload: Uint8Array.of(1), age: 0, fresh: 60_000, until: 60_000 };

/** Runs one operation. */
export async function ask(
  backend: Backend<Uint8Array>,
  slot: string,
  operation: Operation<Uint8Array>,
  lease = 30_000,
): Promise<Reply<Uint8Array>> {
  const call: Call = { within: patience, lease, level: "pinned" };
  return (await backend.run([{ slot, operation }], call)())[0]!;
}

/** Claims a slot; the claim's generation. */
export async function claimed(backend: Backend<Uint8Array>, slot: string, lease?: number): Promise<number> {
  const reply = await ask(backend, slot, { _tag: "claim", owner: "worker" }, lease);
  assert(reply._tag === "Mine", `expected Mine: received ${reply._tag}`);
  return reply.generation;
}

/** Fills a slot that was claimed. */
export async function filled(backend: Backend<Uint8Array>, slot: string, generation: number): Promise<void> {
  assertEquals((await ask(backend, slot, { _tag: "fill", owner: "worker", generation, stored }))._tag, "Filled");
}

/** A wait that has begun. */
export interface Wait {
  readonly isOver: () => boolean;
  /** It ends, and long before its time. */
  readonly endsEarly: () => Promise<void>;
  readonly ended: Promise<void>;
}

/** Begins to wait. */
export function waiting(backend: Backend<Uint8Array>, slot: string, within: number = patience): Wait {
  const begun = performance.now();
  let over = false;
  const ended = backend.changed!(slot, within)().then(() => void (over = true));
  return {
    isOver: () => over,
    ended,
    endsEarly: async () => {
      await ended;
      const took = performance.now() - begun;
      assert(took < within - 500, `expected an end long before ${within} ms: received it after ${Math.round(took)} ms`);
    },
  };
}

/** Lets a moment pass, so that what has begun is under way. */
export function aMoment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, moment));
}

/** Waits for what somebody does to a claim. */
function ending(act: (pair: Pair, slot: string, generation: number) => Promise<unknown>): Expectation {
  return async (pair) => {
    const slot = pair.nameOf("a");
    const generation = await claimed(pair.worker, slot);
    const waits = Array.from({ length: 5 }, () => waiting(pair.waiter, slot));
    await aMoment();
    assertEquals(waits.map(({ isOver }) => isOver()), waits.map(() => false));
    await act(pair, slot, generation);
    for (const wait of waits) await wait.endsEarly();
  };
}

/** What every backend that tells of changes does. */
export const expectations: Readonly<Record<string, Expectation>> = {
  "ends at once where nobody is at work": async ({ worker, waiter, nameOf }) => {
    const [absent, held, locked] = [nameOf("absent"), nameOf("held"), nameOf("locked")];
    await filled(worker, held, await claimed(worker, held));
    await ask(worker, locked, { _tag: "lock", token: "t" });
    for (const slot of [absent, held, locked]) await waiting(waiter, slot).endsEarly();
  },
  "ends with the fill of a claim": ending(({ worker }, slot, generation) => filled(worker, slot, generation)),
  "ends with the release of a claim": ending(({ worker }, slot, generation) =>
    ask(worker, slot, { _tag: "release", owner: "worker", generation, pass: 0 })
  ),
  "ends with a pass": ending(({ worker }, slot, generation) =>
    ask(worker, slot, { _tag: "release", owner: "worker", generation, pass: 1_000 })
  ),
  "ends with a writer's lock": ending(({ worker }, slot) => ask(worker, slot, { _tag: "lock", token: "t" })),
  "ends with an invalidation": ending(({ worker }, slot) =>
    ask(worker, slot, { _tag: "unlock", token: "stranger", generation: -1, written: undefined })
  ),
  "ends with the close of the waiting backend": ending(({ waiter }) => waiter.close()),
  "ends at once on a closed backend": async ({ waiter, nameOf }) => {
    await waiter.close();
    await waiting(waiter, nameOf("a")).endsEarly();
  },
  "ends with the renewal of an entry": async ({ worker, waiter, nameOf }) => {
    const slot = nameOf("a");
    await filled(worker, slot, await claimed(worker, slot));
    const mark = await ask(worker, slot, { _tag: "refresh", owner: "worker", which: "any" });
    assert(mark._tag === "Mine");
    const wait = waiting(waiter, slot);
    await aMoment();
    assert(!wait.isOver());
    await filled(worker, slot, mark.generation);
    await wait.endsEarly();
  },
  "ends for the slot that changed and for no other": async ({ worker, waiter, nameOf }) => {
    const slots = ["a", "b", "c"].map(nameOf);
    const generations: Array<number> = [];
    for (const slot of slots) generations.push(await claimed(worker, slot));
    const waits = slots.map((slot) => waiting(waiter, slot));
    await aMoment();
    for (const i of [1, 0, 2]) {
      await filled(worker, slots[i]!, generations[i]!);
      await waits[i]!.endsEarly();
      await aMoment();
      const left = i === 1 ? [false, true, false] : i === 0 ? [true, true, false] : [true, true, true];
      assertEquals(waits.map(({ isOver }) => isOver()), left);
    }
  },
  "ends with its time where nothing happens": async ({ worker, waiter, nameOf }) => {
    const slot = nameOf("a");
    const generation = await claimed(worker, slot);
    const begun = performance.now();
    await waiting(waiter, slot, 300).ended;
    // Timers are early by up to a millisecond or two.
    assert(performance.now() - begun > 290);
    await filled(worker, slot, generation);
  },
  "ends where a slot has been claimed, filled and claimed again": async ({ worker, waiter, nameOf }) => {
    const slot = nameOf("a");
    for (let round = 0; round < 20; round++) {
      const generation = await claimed(worker, slot);
      const wait = waiting(waiter, slot);
      if (round % 2 === 0) await aMoment();
      await filled(worker, slot, generation);
      await wait.endsEarly();
      await ask(worker, slot, { _tag: "unlock", token: "stranger", generation: -1, written: undefined });
    }
  },
};

/** What a backend does besides that knows when a claim runs out. */
export const lapsing: Readonly<Record<string, Expectation>> = {
  "ends with the lease of a claim whose owner crashed": async ({ worker, waiter, nameOf }) => {
    const slot = nameOf("a");
    await claimed(worker, slot, 400);
    await waiting(waiter, slot).endsEarly();
    assertEquals((await ask(waiter, slot, { _tag: "claim", owner: "next" }))._tag, "Mine");
  },
};
