import { pipe } from "fp-ts/lib/function.js";
import * as O from "fp-ts/lib/Option.js";
import type { Backend } from "../../backend/port.ts";
import type { Duration } from "../../duration.ts";
import { memory } from "../../layer/memory.ts";
import { observe } from "../../layer/observe.ts";
import { shared } from "../../layer/shared.ts";
import { source } from "../../source/source.ts";
import type { Store } from "../../store.ts";
import { writing } from "../../write.ts";
import { City } from "./city.ts";
import { type Statistics, statisticsObserver } from "./statistics.ts";
import { memoryCapacity, memoryTtl, sharedTtl, type Subject } from "./subject.ts";
import { NotRenamed, type Truth } from "./truth_sqlite.ts";

/** What the tiers of a worker are made of. */
export interface TierParts {
  readonly truth: Truth;
  readonly backend: Backend<Uint8Array>;
  /** The name of the shared tier, the same in all workers. */
  readonly namespace: string;
  readonly statistics: Statistics;
}

/** Cities behind the tiers of this package: memory → shared → source. */
export function tieredCities(parts: TierParts): Subject {
  const cities = stack(parts);
  let renames = 0;
  const close = async () => {
    await cities.close();
    await parts.backend.close();
  };
  return {
    read: async (id) => {
      const found = await cities.get(id)();
      return found._tag === "Right" ? O.toUndefined(found.right) : undefined;
    },
    rename: async (id, name) => {
      const rename = writing((within) => parts.truth.rename(id, name, within), outcomeOf);
      // Every other one says what a read would now return, and may publish it; after the others readers load again.
      const options = renames++ % 2 === 0 ? { written: (city: City) => [O.some(city)] } : {};
      const done = await cities.mutate([id], rename, options)();
      return done._tag === "Right" ? done.right : undefined;
    },
    peek: (id) => {
      const known = cities.peek(id);
      return known._tag === "None" ? undefined : O.toNullable(known.value);
    },
    [Symbol.asyncDispose]: close,
  };
}

function stack({ truth, backend, namespace, statistics }: TierParts): Store<number, City> {
  const observer = statisticsObserver(statistics);
  return pipe(
    source({ load: truth.load, outcomeOf }),
    shared({ backend, name: namespace, codec: City, ttl: sharedTtl as Duration, observer }),
    memory({ capacity: memoryCapacity, ttl: memoryTtl as Duration, observer }),
    observe(observer),
  );
}

function outcomeOf(error: unknown): "aborted" | "unknown" {
  return error instanceof NotRenamed ? "aborted" : "unknown";
}
