import { redisBackend } from "../../../lib/backend/redis/mod.ts";
import { redisTest } from "../../servers/redis.ts";
import { expectations, lapsing } from "./contract.ts";

for (const [expectation, show] of Object.entries({ ...expectations, ...lapsing })) {
  redisTest(`a wait on Redis ${expectation}`, async ({ url, prefix }) => {
    await using worker = redisBackend({ url });
    await using waiter = redisBackend({ url });
    await show({ worker, waiter, nameOf: (slot) => `lamina:${prefix}:0:${slot}` });
  });
}
