import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import type { Backend, Store } from "../../../mod.ts";
import { memory, memoryBackend, shared, source } from "../../../mod.ts";
import type { Row } from "./memory_loops.ts";

const Row: t.Type<Row, unknown, unknown> = t.type({ n: t.number });

/** How many keys are read at once while a tier is filled: no more than a claim's lease has time for. */
const together = 10_000;

/** A backend in this process that proves at once that all was told, and stays so: what a hit costs is the tier's. */
function telling(capacity: number): Backend<Uint8Array> {
  const below = memoryBackend<Uint8Array>({ capacity });
  return {
    ...below,
    run: (requests, call) => async () =>
      (await below.run(requests, call)()).map((reply) =>
        reply._tag === "Hit" && call.watched === true ? { ...reply, watched: true } : reply
      ),
    listen: ({ proven }) => {
      proven(Infinity);
      return () => {};
    },
  };
}

/** Two memory tiers with the same entries, each above a shared one: one is told of changes, the other is not. */
export async function filledTold(
  rows: ReadonlyMap<string, Row>,
): Promise<Readonly<Record<"told" | "untold", Store<string, Row>>>> {
  const fill = async (invalidations: "pushed" | "none"): Promise<Store<string, Row>> => {
    const store = pipe(
      source({ load: (keys: ReadonlyArray<string>) => Promise.resolve(keys.map((key) => rows.get(key))) }),
      shared({ backend: telling(rows.size), name: "told", codec: Row, ttl: "1h" }),
      memory({ capacity: rows.size, ttl: "1h", invalidations }),
    );
    const keys = [...rows.keys()];
    // Of what is told only the second read is kept: the first one loads it.
    for (let read = 0; read < 2; read++) {
      for (let at = 0; at < keys.length; at += together) await store.getMany(keys.slice(at, at + together))();
    }
    return store;
  };
  return { told: await fill("pushed"), untold: await fill("none") };
}
