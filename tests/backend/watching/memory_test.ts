import { memoryBackend } from "../../../lib/backend/memory.ts";
import { expectations } from "./contract.ts";

for (const [expectation, show] of Object.entries(expectations)) {
  Deno.test(`a wait on a memory backend ${expectation}`, async () => {
    await using backend = memoryBackend<Uint8Array>({ capacity: 100 });
    await show({ worker: backend, waiter: backend, nameOf: (slot) => slot });
  });
}
