import { assertEquals } from "@std/assert";
import { untilSettled } from "../../lib/task/bench/redis_tier.ts";
import { countCosts } from "../../lib/task/bench/round_trips.ts";
import { redisTest } from "../servers/redis.ts";

redisTest(
  "each operation on Redis takes the round trips, loads and saves that the design says",
  async ({ url, prefix }) => {
    await untilSettled(url);
    assertEquals(await countCosts(url, prefix), {
      "a hit": { trips: 1, loads: 0, saves: 0 },
      "a miss, claiming first": { trips: 2, loads: 1, saves: 0 },
      "a miss, looking first": { trips: 3, loads: 1, saves: 0 },
      "getMany of 1000, all misses": { trips: 3, loads: 1, saves: 0 },
      "getMany of 1000, all hits": { trips: 1, loads: 0, saves: 0 },
      "a put": { trips: 2, loads: 0, saves: 1 },
      "the read after a put": { trips: 1, loads: 0, saves: 0 },
    });
  },
);
