import { openGate } from "./gate.ts";
import { type Round, rounds } from "./redis_rounds.ts";
import { evictions, evictionsAndCrashes } from "./evictions.ts";
import { failovers } from "./failovers.ts";
import type { Promised, Scenario, StartServer } from "./scenario.ts";
import { memoryLease } from "./settings.ts";
import type { Duration } from "../../duration.ts";
import type { Invalidations } from "../../layer/memory.ts";
import type { Level } from "../../protocol/slot.ts";

/** How workers reach a server: as users do, or through a gate. */
type Way = "directly" | "through a gate";

function redisScenario(
  said: Pick<Scenario, "name" | "promised" | "shown" | "bound">,
  round: Round,
  options: Partial<SiteOptions> = {},
): Scenario {
  const { way = "directly", args = [], kind = "redis", level = "pinned", ...above } = options;
  const prepare: Scenario["prepare"] = (_folder, start) => site(start, round, { way, args, kind, level, ...above });
  return { ...said, needs: "redis-server", prepare };
}

interface SiteOptions {
  readonly way: Way;
  readonly args: ReadonlyArray<string>;
  readonly kind: "redis" | "cache-aside";
  readonly level: Level;
  readonly invalidations?: Invalidations;
}

/** A scenario in which each process has a memory tier that is told of changes, and goes by that for a lease. */
export function coherentScenario(
  said: Pick<Scenario, "name" | "shown">,
  round: Round,
  options: Partial<SiteOptions> = {},
  promised: Promised = "bounded",
): Scenario {
  const shown = [...said.shown, "read.HitMemory"];
  const invalidations: Invalidations = { lease: memoryLease as Duration };
  return redisScenario({ ...said, shown, promised, bound: memoryLease }, round, { invalidations, ...options });
}

async function site(
  start: StartServer,
  round: Round,
  { way, args, kind, level, ...above }: SiteOptions,
): Promise<Awaited<ReturnType<Scenario["prepare"]>>> {
  const server = await start(...args);
  const gate = openGate(server.port);
  const url = way === "directly" ? server.url : `redis://127.0.0.1:${gate.port}`;
  return {
    level,
    through: () => kind === "redis" ? { kind, url, waitReplicas: 0, ...above } : { kind, url },
    direct: () => ({ kind: "redis", url: server.url, waitReplicas: 0 }),
    fault: (world) => round(world, server, gate),
    heal: (world) => {
      const { held, cut, numbed, muted } = gate.counts();
      const counted = { "pieces held": held, "connections cut": cut, "connections numbed": numbed };
      for (const [what, by] of Object.entries({ ...counted, "connections muted": muted })) {
        if (by > 0) world.count(what, by);
      }
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => gate[Symbol.asyncDispose](),
  };
}

const linear = "linearizable";

/** The faults of a Redis and of the way to it. */
export const redisScenarios: ReadonlyArray<Scenario> = [
  redisScenario(
    { name: "no fault", promised: linear, shown: ["rounds without a fault", "read.HitShared"] },
    rounds.quiet,
  ),
  redisScenario(
    { name: "cache-aside, without a fault", promised: "nothing", shown: ["rounds without a fault"] },
    rounds.quiet,
    { kind: "cache-aside" },
  ),
  redisScenario({
    name: "kill -9 of a writer",
    promised: linear,
    shown: ["killed between lock and commit", "killed between commit and unlock"],
  }, rounds.crashing),
  redisScenario({
    name: "SIGSTOP of Redis",
    promised: linear,
    shown: ["stops shorter than the lease", "stops longer than the lease", "tier.Unreachable"],
  }, rounds.stopping),
  redisScenario(
    { name: "restart", promised: "fresh", shown: ["restarts", "backend.IdentityChanged"] },
    rounds.restarting,
  ),
  redisScenario(
    {
      name: "restart from RDB",
      promised: "fresh",
      shown: ["restarts from RDB with old entries", "backend.IdentityChanged"],
    },
    rounds.restartingFromRdb,
  ),
  redisScenario(
    {
      name: "restart from AOF",
      promised: "fresh",
      shown: ["restarts from AOF with old entries", "backend.IdentityChanged"],
    },
    rounds.restartingFromAof,
    { args: ["--appendonly", "yes", "--appendfsync", "everysec"] },
  ),
  redisScenario({ name: "FLUSHALL", promised: "fresh", shown: ["flushes", "tier.LockLost"] }, rounds.flushing),
  redisScenario(
    {
      name: "FLUSHALL and kill -9 of writers, on probation",
      promised: "fresh",
      shown: ["flushes", "killed after a slow commit"],
    },
    rounds.flushingUnder,
    { level: "probation" },
  ),
  redisScenario({
    name: "CLIENT PAUSE",
    promised: linear,
    shown: ["pauses shorter than the lease", "pauses longer than the lease", "tier.Unreachable"],
  }, rounds.pausing),
  redisScenario(
    { name: "CLIENT KILL", promised: linear, shown: ["connections killed", "backend.ConnectionLost"] },
    rounds.killing,
  ),
  redisScenario(
    {
      name: "a proxy that holds, delays, cuts and goes half-open",
      promised: linear,
      shown: ["pieces held", "delays", "connections cut", "connections numbed", "tier.Unreachable"],
    },
    rounds.proxying,
    { way: "through a gate" },
  ),
  evictions("allkeys-lru"),
  evictionsAndCrashes(),
  evictions("volatile-lru"),
  failovers("identity"),
  failovers("waitReplicas"),
];
