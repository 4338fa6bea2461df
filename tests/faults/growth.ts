/**
 * A process that reads many distinct keys through small tiers and prints how much memory it has after each tenth:
 * measured apart from everything else, and after a collection (`--expose-gc`).
 *
 * @module
 */
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { batch, memory, memoryBackend, shared, source } from "../../mod.ts";

declare const gc: () => void;

const [keys = 1_000_000, capacity = 1_000] = Deno.args.map(Number);

// A hundred at a time, as callers do.
const together = 100;

const store = pipe(
  source({ load: (wanted: ReadonlyArray<number>) => Promise.resolve(wanted.map((key) => `value ${key}`)) }),
  shared({ backend: memoryBackend({ capacity }), name: "growth", codec: t.string, ttl: "1h" }),
  memory({ capacity, ttl: "1h" }),
  batch({ maxSize: together }),
);

for (let tenth = 0; tenth < 10; tenth++) {
  for (let key = tenth * keys / 10; key < (tenth + 1) * keys / 10; key += together) {
    await store.getMany(Array.from({ length: together }, (_, i) => key + i))();
  }
  gc();
  console.log(Deno.memoryUsage().heapUsed);
}
await store.close();
