import { pipe } from "fp-ts/lib/function.js";
import * as O from "fp-ts/lib/Option.js";
import * as t from "io-ts";
import type { MemoryTierOptions, SharedOptions, Store } from "../../mod.ts";
import { batch, memory, observe, shared } from "../../mod.ts";
import type { SimulatedProcess, SimulatedStack } from "../../lib/testing/mod.ts";

type Tier = (below: Store<string, string>) => Store<string, string>;

/** A shared tier on a process's server. */
export function sharedIn(here: SimulatedProcess, options: Partial<SharedOptions<string>> = {}): Tier {
  const { backend, clock, level, observer } = here;
  return shared({ backend, name: "text", codec: t.string, ttl: "10m", clock, level, observer, ...options });
}

/** A memory tier in a process. */
export function memoryIn({ clock, observer }: SimulatedProcess, options: Partial<MemoryTierOptions> = {}): Tier {
  return memory({ capacity: 100, ttl: "30s", clock, observer, ...options });
}

function batchIn({ clock }: SimulatedProcess, maxSize = 10): Tier {
  return batch({ maxSize, clock });
}

const isPicked = (value: string | undefined): boolean => value === undefined || !/[37]$/.test(value);

/** What users stack, and a few of what they hardly would. */
export const stacks: ReadonlyArray<SimulatedStack> = [
  { name: "shared", build: (here) => pipe(here.source, sharedIn(here)) },
  {
    name: "shared + memory + batch",
    behind: "30s",
    build: (here) => pipe(here.source, sharedIn(here), memoryIn(here), batchIn(here, 2)),
  },
  {
    name: "shared that looks first + batch",
    build: (here) => pipe(here.source, sharedIn(here, { probe: "look", onUnconfirmed: "fail" }), batchIn(here)),
  },
  { name: "shared + memory", behind: "30s", build: (here) => pipe(here.source, sharedIn(here), memoryIn(here)) },
  {
    name: "shared + batch + memory, observed",
    behind: "30s",
    build: (here) => pipe(here.source, sharedIn(here), batchIn(here), memoryIn(here), observe({}, here.clock)),
  },
  {
    name: "shared + a memory of one",
    behind: "500ms",
    build: (here) => pipe(here.source, sharedIn(here), memoryIn(here, { capacity: 1, ttl: "500ms" })),
  },
  {
    name: "shared that keeps only some, and those not for long",
    keeps: isPicked,
    build: (here) =>
      pipe(
        here.source,
        sharedIn(here, { ttl: (value) => isPicked(O.toUndefined(value)) ? "300ms" : "do not store" }),
      ),
  },
  {
    name: "shared + shared",
    build: (here) => pipe(here.source, sharedIn(here), sharedIn(here, { name: "upper" })),
  },
  { name: "memory + batch", behind: "30s", build: (here) => pipe(here.source, memoryIn(here), batchIn(here)) },
  {
    name: "batch with a window",
    build: (here) => batch({ maxSize: 3, window: "4ms", clock: here.clock })(here.source),
  },
];
