import { memoryBackend } from "../../lib/backend/memory.ts";
import { backendContract } from "../../lib/testing/mod.ts";

const make = (now: () => number) =>
  Promise.resolve(memoryBackend<Uint8Array>({ capacity: 100_000, clock: { now, after: () => () => {} } }));

for (const { name, run } of backendContract("the memory backend", make)) Deno.test(name, run);
