import type { Backend } from "../../lib/backend/port.ts";
import { strictest } from "../../lib/backend/port.ts";
import { redisBackend } from "../../lib/backend/redis/mod.ts";
import { apply } from "../../lib/protocol/slot.ts";
import { backendContract } from "../../lib/testing/mod.ts";
import { openGate } from "../backend/redis/gate.ts";
import { redisServersTest, startRedis } from "../servers/redis.ts";

/** A backend whose servers, gates and the like end with it. */
function ending(backend: Backend<Uint8Array>, end: () => void | Promise<void>): Backend<Uint8Array> {
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => closing ??= backend.close().then(end);
  return { ...backend, close, [Symbol.asyncDispose]: close };
}

const onScripts = (...args: ReadonlyArray<string>) => async (time: () => number) => {
  const server = await startRedis(args);
  return ending(redisBackend({ url: server.url, time }), server.stop);
};

for (const { name, run } of backendContract("the Redis backend, on scripts,", onScripts())) redisServersTest(name, run);

const evicting = backendContract(
  "the Redis backend, where locks can be evicted,",
  onScripts("--maxmemory-policy", "allkeys-lru"),
  {
    sequences: 3_000,
    seed: 20_000,
    model: (slot, operation, at) => apply(slot, operation, { ...at, level: strictest(at.level, "probation") }),
  },
);
for (const { name, run } of evicting) redisServersTest(name, run);

/** Makes a server seem to have run for years, or it would put all that is stored in its first lease on probation. */
function aged(chunk: Uint8Array): Uint8Array {
  const text = new TextDecoder("latin1").decode(chunk);
  const older = text.replace(/uptime_in_seconds:\d+\r\nuptime_in_days:\d+/, (found) => {
    return "uptime_in_seconds:".padEnd(found.length, "9");
  });
  return older === text ? chunk : Uint8Array.from(older, (letter) => letter.charCodeAt(0));
}

const natively = async () => {
  const server = await startRedis();
  const gate = openGate(server.port, aged);
  return ending(redisBackend({ url: gate.url }), async () => {
    gate[Symbol.dispose]();
    await server.stop();
  });
};

const real = backendContract("the Redis backend, on native commands in real time,", natively, {
  sequences: 3_000,
  seed: 40_000,
  passesTime: false,
});
for (const { name, run } of real) redisServersTest(name, run);
