import { assertEquals } from "@std/assert";
import { runScenario } from "../../lib/task/faults/run.ts";
import { scenarioOf } from "../../lib/task/faults/scenarios.ts";
import { faultTest } from "./fault_run.ts";

// Four processes with eight clients each read and write five keys. What they saw goes through the history checker, and
// when they are done every slot is compared with the source. Each run fails if its fault did not happen.

faultTest("the history checker catches cache-aside, without a fault", "cache-aside, without a fault");

Deno.test("a run whose fault did not happen is no success", async () => {
  const scenario = scenarioOf("kill -9 of processes that share a SQLite file");
  const idle = await runScenario({
    ...scenario,
    shown: ["solar eclipses"],
    prepare: async (folder, start) => ({
      ...await scenario.prepare(folder, start),
      fault: ({ pause }) => pause(100),
    }),
  }, { seconds: 0.2, lease: 600 });
  assertEquals(idle.problems, ["the fault was not shown: expected solar eclipses above 0"]);
});

faultTest("I1 I2 I3 I4 I5 I6 hold without a fault", "no fault");

faultTest("I1 I2 I3 I4 I6 hold when writers are killed between lock, commit and unlock", "kill -9 of a writer");

faultTest(
  "I1 I2 I3 I4 I6 hold when processes that share a SQLite file are killed",
  "kill -9 of processes that share a SQLite file",
);

faultTest("I1 I2 I3 I4 I6 hold when Redis is stopped for less and for more than the lease", "SIGSTOP of Redis");

faultTest("I1 I2 I3 I4 I6 hold when Redis pauses its clients", "CLIENT PAUSE");

faultTest("I1 I2 I3 I4 I6 hold when Redis kills its connections", "CLIENT KILL");

faultTest(
  "I1 I2 I3 I4 I6 hold behind a proxy that holds, delays, cuts and goes half-open",
  "a proxy that holds, delays, cuts and goes half-open",
);

faultTest("I1 I2 I3 I4 I6 hold under eviction that spares locks", "eviction under volatile-lru");

faultTest("I1 I2 I4 I6 hold under eviction of locks", "eviction under allkeys-lru");

faultTest(
  "I1 I2 I4 I6 hold under eviction of locks while writers are killed",
  "eviction under allkeys-lru and kill -9 of writers",
);

faultTest(
  "S32 I1 I2 I3 I4 I6 hold when one process turns the switch every second, and others stall",
  "a switch turned every second, and processes that stall",
);

faultTest("X14 I1 I2 I4 I6 hold when Redis is flushed", "FLUSHALL");

faultTest(
  "X14 I1 I2 I4 I6 hold on probation when Redis is flushed under a writer that is killed",
  "FLUSHALL and kill -9 of writers, on probation",
);

faultTest("X14 I1 I2 I4 I6 hold when Redis restarts empty", "restart");

faultTest("X14 I1 I2 I4 I6 hold when Redis restarts from an old snapshot", "restart from RDB");

faultTest("X14 I1 I2 I4 I6 hold when Redis restarts from its log", "restart from AOF");

faultTest(
  "X14 I1 I2 I4 I6 hold when an older replica is promoted, and I4 for readers left behind",
  "failover",
);

faultTest(
  "X14 I1 I2 I4 I6 hold when a replica that confirmed the locks is promoted, and I4 for readers left behind",
  "failover with waitReplicas",
);
