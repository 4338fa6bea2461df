/** A process with traffic through a store that tells OpenTelemetry; started by the tests beside it. */
import * as t from "io-ts";
import { trace } from "@opentelemetry/api";
import { pipe } from "fp-ts/lib/function.js";
import { memory, memoryBackend, observe, promises, shared, source } from "../../mod.ts";
import { otelObserver } from "../../lib/otel/mod.ts";

const [keys = "none"] = Deno.args;
const observer = otelObserver({
  name: "users",
  ...(keys === "none" ? {} : { keyOf: (key) => `user ${key}` }),
});
const backend = memoryBackend<Uint8Array>({ capacity: 1_000 });
const users = promises(pipe(
  source<number, string>({
    load: async (ids) => {
      await Promise.resolve();
      if (ids.includes(13)) throw new Error("secret reason");
      return ids.map((id) => `secret value ${id}`);
    },
    save: async () => await Promise.resolve(),
  }),
  shared({ backend, name: "user", codec: t.string, ttl: "10m", observer }),
  memory({ capacity: 100, ttl: "60s", observer }),
  observe(observer),
));

await trace.getTracer("application").startActiveSpan("request", async (span) => {
  await users.get(4711);
  await users.get(4711);
  await users.getMany([4711, 4712, 4713]);
  await users.get(13).catch(() => {});
  await users.put(4711, "another secret");
  // Nothing that a tier of this version wrote.
  await backend.run([{ slot: "lamina:user:0:4714", operation: { _tag: "claim", owner: "other" } }], {
    within: 1_000,
    lease: 10_000,
    level: "pinned",
  })().then(async ([claimed]) => {
    if (claimed?._tag !== "Mine") throw new Error("expected a claim");
    const stored = { payload: Uint8Array.of(255, 1, 2), age: 0, fresh: 60_000, until: 60_000 };
    const fill = { _tag: "fill", owner: "other", generation: claimed.generation, stored } as const;
    await backend.run([{ slot: "lamina:user:0:4714", operation: fill }], {
      within: 1_000,
      lease: 10_000,
      level: "pinned",
    })();
  });
  await users.get(4714);
  span.end();
});
await users.close();
console.log("done");
