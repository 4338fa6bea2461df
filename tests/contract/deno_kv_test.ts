import { denoKvBackend } from "../../lib/backend/deno_kv.ts";
import { backendContract } from "../../lib/testing/mod.ts";

const inMemory = async (now: () => number) => {
  const kv = await Deno.openKv(":memory:");
  const backend = denoKvBackend({ kv, clock: { now } });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => closing ??= backend.close().then(() => kv.close());
  return { ...backend, close, [Symbol.asyncDispose]: close };
};

for (const { name, run } of backendContract("the Deno KV backend", inMemory, { sequences: 6_000 })) {
  Deno.test(name, run);
}
