import type { Backend } from "../../lib/backend/port.ts";
import { memoryBackend } from "../../lib/backend/memory.ts";
import type { Lens } from "../../lib/backend/memory_columns.ts";
import { backendContract } from "../../lib/testing/mod.ts";

const open = (now: () => number) =>
  memoryBackend<Uint8Array>({ capacity: 100_000, clock: { now, after: () => () => {} } });

const make = (now: () => number) => Promise.resolve(open(now));

for (const { name, run } of backendContract("the memory backend", make)) Deno.test(name, run);

/** Keeps the bytes as text, so that a payload that was not had back through it would be seen. */
const asText: Lens<Uint8Array> = {
  keep: (payload) => String.fromCharCode(...payload),
  take: (kept) => Uint8Array.from(String(kept), (char) => char.charCodeAt(0)),
};

const makeStepping = (now: () => number): Promise<Backend<Uint8Array>> => {
  const clock = { now, after: () => () => {} };
  const backend = memoryBackend<Uint8Array>({ capacity: 100_000, maxBytes: 1e9, sizeOf: () => 1, lens: asText, clock });
  const run: Backend<Uint8Array>["run"] = (requests, call) => () =>
    Promise.resolve(requests.map((request) => backend.run.one(request, call)));
  return Promise.resolve({ ...backend, run });
};

for (const { name, run } of backendContract("the memory backend, step by step, through a lens,", makeStepping)) {
  Deno.test(name, run);
}
