import { pipe } from "fp-ts/lib/function.js";
import * as O from "fp-ts/lib/Option.js";
import * as t from "io-ts";
import type { MemoryTierOptions, SharedOptions, Store } from "../../mod.ts";
import { batch, fromVerbs, memory, observe, scope, shared } from "../../mod.ts";
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

/** A request for each operation, which ends behind its answer, as requests do. */
function requestsIn({ clock }: SimulatedProcess): Tier {
  return (below) => {
    const within = async <A>(run: (request: Store<string, string>) => Promise<A>): Promise<A> => {
      const request = scope(below, { clock });
      const answer = await run(request);
      void request[Symbol.asyncDispose]();
      return answer;
    };
    return fromVerbs({
      ...below,
      entries: (keys, options) => () => within((request) => request.entries(keys, options)()),
      mutate: (keys, write, options) => () => within((request) => request.mutate(keys, write, options)()),
    });
  };
}

const isPicked = (value: string | undefined): boolean => value === undefined || !/[37]$/.test(value);

/** Tiers whose readers wait for nobody: what may break is met there more often. */
export const impatient: ReadonlyArray<SimulatedStack> = [
  { name: "shared that bypasses", build: (here) => pipe(here.source, sharedIn(here, { onBusy: "bypass" })) },
  {
    name: "shared that looks first and bypasses + batch",
    build: (here) => pipe(here.source, sharedIn(here, { probe: "look", onBusy: "bypass" }), batchIn(here)),
  },
];

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
  ...impatient,
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
    name: "shared that renews what has expired",
    build: (here) => pipe(here.source, sharedIn(here, { ttl: "40ms", grace: "5s" })),
  },
  {
    name: "shared that waits for what is renewed, also ahead, and rests + memory with a grace",
    behind: "2s",
    build: (here) =>
      pipe(
        here.source,
        sharedIn(here, { ttl: "100ms", grace: "5s", onStale: "wait", refresh: { ahead: 0.5 }, backOff: "20ms" }),
        memoryIn(here, { ttl: "100ms", grace: "1s" }),
      ),
  },
  {
    name: "shared + memory + batch + a request each",
    behind: "30s",
    build: (here) => pipe(here.source, sharedIn(here), memoryIn(here), batchIn(here), requestsIn(here)),
  },
  {
    name: "shared as a region + memory",
    behind: "30s",
    invalidates: "all",
    build: (here) => pipe(here.source, sharedIn(here, { epoch: "every read" }), memoryIn(here)),
  },
  {
    name: "shared as a region with a grace + batch",
    invalidates: "all",
    build: (here) => pipe(here.source, sharedIn(here, { epoch: "every read", grace: "1h" }), batchIn(here)),
  },
  {
    name: "shared as a region that leases its epoch",
    invalidates: "all",
    build: (here) => pipe(here.source, sharedIn(here, { epoch: { lease: "200ms" } })),
  },
  {
    name: "batch with a window",
    build: (here) => batch({ maxSize: 3, window: "4ms", clock: here.clock })(here.source),
  },
];
