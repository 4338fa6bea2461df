import type { RedisServer } from "../../../tests/servers/redis_server.ts";
import { ask, readInfo } from "./command.ts";
import { type Gate, openGate } from "./gate.ts";
import type { Scenario, Site, StartServer, World } from "./scenario.ts";

interface Servers {
  primary: RedisServer;
  replica: RedisServer;
  /** On the way of most workers to the primary, of the last one, and of the replica. */
  readonly main: Gate;
  readonly stale: Gate;
  readonly replication: Gate;
  readonly kept: "identity" | "waitReplicas";
}

/**
 * A replica that is promoted while it lacks the latest writes and the old primary still answers; all workers but the
 * last, which only reads, are then led to the new primary.
 */
export function failovers(kept: "identity" | "waitReplicas"): Scenario {
  return {
    name: kept === "identity" ? "failover" : "failover with waitReplicas",
    needs: "redis-server",
    promised: "fresh",
    shown: ["failovers", "bytes that the new primary lacks", "backend.IdentityChanged", "reads left behind"],
    prepare: (_folder, start) => site(kept, start),
  };
}

async function site(kept: Servers["kept"], start: StartServer): Promise<Site> {
  // A primary waits for more replicas before it begins, unless told.
  const prompt = ["--repl-diskless-sync-delay", "0"];
  const primary = await start(...prompt);
  const replication = openGate(primary.port);
  const replica = await start("--replicaof", "127.0.0.1", String(replication.port), ...prompt);
  const main = openGate(primary.port);
  const stale = openGate(primary.port);
  const servers: Servers = { primary, replica, main, stale, replication, kept };
  await linked(replica);
  const gates = [main, stale, replication];
  const waitReplicas = kept === "waitReplicas" ? 1 : 0;
  return {
    last: "left behind",
    through: (index) => ({ kind: "redis", url: `redis://127.0.0.1:${gates[index === 3 ? 1 : 0]!.port}`, waitReplicas }),
    direct: () => ({ kind: "redis", url: servers.primary.url, waitReplicas: 0 }),
    fault: (world) => failOver(servers, world),
    heal: () => Promise.resolve(),
    [Symbol.asyncDispose]: async () => {
      for (const gate of gates) await gate[Symbol.asyncDispose]();
    },
  };
}

/** How long a replica may take to follow, in milliseconds: it needs tens of them. */
const following = 5_000;

async function linked(replica: RedisServer): Promise<void> {
  const end = performance.now() + following;
  while (!String(await ask(replica.port, "INFO", "replication")).includes("master_link_status:up")) {
    if (performance.now() > end) throw new Error("Cannot fail over: the replica does not follow");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function failOver(servers: Servers, world: World): Promise<void> {
  const { primary, replica, main, stale, replication } = servers;
  await world.pause(world.lease * 0.6);
  // What is acknowledged from now on the replica does not get.
  replication.hold("replies");
  await world.pause(world.lease * 0.2);
  const ahead = await readInfo(primary.port, "master_repl_offset") - await readInfo(replica.port, "slave_repl_offset");
  world.count("bytes that the new primary lacks", Math.max(0, ahead));
  await ask(replica.port, "REPLICAOF", "NO", "ONE");
  replication.cut();
  replication.open("replies");
  main.lead(replica.port);
  main.cut();
  world.count("failovers");
  if (servers.kept === "waitReplicas") {
    // Writes need a replica, so the old primary becomes one; the last worker has had its time with it by then.
    await world.pause(world.lease * 0.5);
  } else await world.pause(world.lease);
  replication.lead(replica.port);
  await ask(primary.port, "REPLICAOF", "127.0.0.1", String(replication.port));
  await linked(primary);
  servers.primary = replica;
  servers.replica = primary;
  stale.lead(replica.port);
  stale.cut();
}
