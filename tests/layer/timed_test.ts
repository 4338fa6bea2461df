import { assert, assertEquals } from "@std/assert";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import type { Backend, MemoryBackend, Store } from "../../mod.ts";
import { memory, memoryBackend, milliseconds, shared, source } from "../../mod.ts";
import { virtualClock } from "../../lib/testing/virtual_clock.ts";
import { found } from "../support/results.ts";

/** dogpile's timed harness: how long a value may be used, how long it takes to make, and what its users do. */
interface Harness {
  readonly name: string;
  readonly expiry: number;
  readonly creation: number;
  readonly grace: boolean;
  readonly onStale: "serve" | "wait";
  readonly tier: "memory" | "shared by three" | "evicting";
}

const callers = 10;
const uses = 50;
const use = 250;
const delay = 5;

interface Made {
  readonly at: number;
  readonly ended: number;
}

/** Runs the harness and tells when values were made, and how old the oldest that was used. */
async function play({ expiry, creation, grace, onStale, tier }: Harness): Promise<{
  readonly made: ReadonlyArray<Made>;
  readonly atOnce: number;
  readonly oldest: number;
  readonly ran: number;
}> {
  const clock = virtualClock();
  const sleep = (length: number) => new Promise<void>((resolve) => clock.after(length, resolve));
  const made: Array<Made> = [];
  let running = 0;
  let atOnce = 0;
  const origin = source<string, number>({
    clock,
    load: async (keys) => {
      running++;
      atOnce = Math.max(atOnce, running);
      const at = clock.now();
      await sleep(creation);
      running--;
      made.push({ at, ended: clock.now() });
      return keys.map(() => at);
    },
  });
  const bytes = memoryBackend<Uint8Array>({ capacity: 10, clock });
  const backend: Backend<Uint8Array> = tier === "evicting" ? evicting(bytes, clock.now, 0.8 * expiry) : bytes;
  const options = {
    ttl: milliseconds(expiry),
    ...(grace ? { grace: milliseconds(2 * (expiry + creation)) } : {}),
    onStale,
    clock,
  };
  const stores = Array.from({ length: tier === "shared by three" ? 3 : 1 }, (): Store<string, number> =>
    pipe(
      origin,
      tier === "memory"
        ? memory({ capacity: 10, ...options })
        : shared({ backend, name: "timed", codec: t.number, ...options }),
    ));
  let oldest = 0;
  let over = 0;
  for (let i = 0; i < callers; i++) {
    void (async () => {
      await sleep(i * delay);
      for (let n = 0; n < uses; n++) {
        const at = found(await stores[i % stores.length]!.get("thing")())!;
        await sleep(use);
        oldest = Math.max(oldest, clock.now() - at);
        await sleep(delay);
      }
      over++;
    })();
  }
  while (over < callers) await clock.advance(100);
  return { made, atOnce, oldest, ran: clock.now() };
}

/** A backend that drops an entry when it is so old. */
function evicting<N>(
  backend: MemoryBackend<Uint8Array, N>,
  now: () => number,
  age: number,
): Backend<Uint8Array, N> {
  return {
    ...backend,
    run: (requests, call) => () => {
      if (backend.inspect().some(([, slot]) => slot._tag === "Held" && now() - slot.loaded >= age)) backend.flush();
      return backend.run(requests, call)();
    },
  };
}

const harnesses: ReadonlyArray<Harness> = [[2_000, 500] as const, [5_000, 2_000] as const].flatMap((
  [expiry, creation],
) =>
  (["memory", "shared by three", "evicting"] as const).flatMap((tier) =>
    ([[true, "serve"], [true, "wait"], [false, "serve"]] as const).map(([grace, onStale]): Harness => ({
      name: `expiry ${expiry} ms, creation ${creation} ms, ${tier}, ${grace ? `grace, ${onStale}` : "no grace"}`,
      expiry,
      creation,
      grace,
      onStale,
      tier,
    }))
  )
);

for (const harness of harnesses) {
  Deno.test(`D30 10 callers use a value 50 times: ${harness.name}`, async () => {
    const { made, atOnce, oldest, ran } = await play(harness);
    const { expiry, creation, tier } = harness;
    assertEquals(atOnce, 1, "two were made at once");
    assert(oldest <= 1.1 * (expiry + creation + use + delay), `used when ${oldest} ms old`);
    const lives = tier === "evicting" ? 0.8 * expiry : expiry;
    assert(made.length <= Math.ceil(ran / lives), `${made.length} made in ${ran} ms`);
    assert(made.length >= 2, "nothing expired");
  });
}
