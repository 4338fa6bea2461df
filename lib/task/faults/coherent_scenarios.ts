import { rounds } from "./redis_rounds.ts";
import { coherentScenario } from "./redis_scenarios.ts";
import type { Scenario } from "./scenario.ts";

const quiet = { shown: ["rounds without a fault"] } as const;
const halfOpen = { shown: ["connections muted"] } as const;
const gated = { way: "through a gate" } as const;

/** Memory tiers that are told what other processes change, and how word of it is lost; the last two must be caught. */
export const coherentScenarios: ReadonlyArray<Scenario> = [
  coherentScenario({ name: "memory tiers that are told of changes", ...quiet }, rounds.quiet),
  coherentScenario({
    name: "memory tiers whose telling connections are killed",
    shown: ["telling connections killed"],
  }, rounds.killingTelling),
  coherentScenario({ name: "memory tiers on half-open connections", ...halfOpen }, rounds.muting, gated),
  coherentScenario(
    { name: "memory tiers without a lease, half-open", ...halfOpen },
    rounds.muting,
    { ...gated, invalidations: "pushed" },
    "nothing",
  ),
  coherentScenario(
    { name: "memory tiers that hear of nothing", ...quiet },
    rounds.quiet,
    { invalidations: "none" },
    "nothing",
  ),
];
