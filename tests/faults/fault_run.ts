import { fail } from "@std/assert";
import { runScenario, showReport } from "../../lib/task/faults/run.ts";
import { scenarioOf } from "../../lib/task/faults/scenarios.ts";
import { redisServersAvailable } from "../servers/redis.ts";

/** Several rounds of every fault; `deno task faults` runs them for a minute each. */
const settings = { seconds: 10, lease: 1_000 };

/** Registers a test that runs real processes under a scenario's fault. */
export function faultTest(name: string, scenario: string): void {
  const { needs } = scenarioOf(scenario);
  const required = Deno.env.get("CI") === "true";
  Deno.test({
    name,
    ignore: needs === "redis-server" && !redisServersAvailable && !required,
    fn: async () => {
      const report = await runScenario(scenarioOf(scenario), settings);
      console.log(showReport(report));
      if (report.problems.length > 0) fail(report.problems.join("\n"));
    },
  });
}
