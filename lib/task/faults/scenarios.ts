import { coherentScenarios } from "./coherent_scenarios.ts";
import { redisScenarios } from "./redis_scenarios.ts";
import type { Scenario } from "./scenario.ts";
import { sqliteScenarios } from "./sqlite_scenarios.ts";
import { switching } from "./switching.ts";

/** Everything that is run. */
export const scenarios: ReadonlyArray<Scenario> = [
  ...redisScenarios,
  ...coherentScenarios,
  ...sqliteScenarios,
  switching,
];

/** The scenario of a name. */
export function scenarioOf(name: string): Scenario {
  const found = scenarios.find((each) => each.name === name);
  if (found === undefined) throw new RangeError(`Cannot find a scenario: received ${JSON.stringify(name)}`);
  return found;
}
