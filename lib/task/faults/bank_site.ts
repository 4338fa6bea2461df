import { providePostgres } from "../../../tests/servers/postgres_package.ts";
import { type PostgresServer, startPostgres } from "../../../tests/servers/postgres_server.ts";
import type { RedisServer } from "../../../tests/servers/redis_server.ts";
import { startSentinels } from "../../../tests/backend/redis/sentinels.ts";
import { endSessions, ledgerSettings } from "./bank_ledger.ts";
import type { BankWorkerSettings } from "./bank_settings.ts";
import { ask } from "./command.ts";
import type { Site, StartServer, World } from "./scenario.ts";

/** What a bank stands on, and what is done to it. */
export interface BankSite extends AsyncDisposable, Pick<Site, "direct"> {
  /** How workers get to the tier. */
  readonly through: BankWorkerSettings["through"];
  /** One round of faults; rounds follow each other until the traffic ends. */
  readonly fault: (world: World) => Promise<void>;
  /** Goes on without a failover, until what is cached may stay. */
  readonly settle: (world: World) => Promise<void>;
}

/** Starts the database of a bank. */
export async function startLedger(): Promise<PostgresServer> {
  const binaries = await providePostgres();
  if (binaries === undefined) throw new Error("Cannot open a bank: expected PostgreSQL's initdb and postgres");
  return await startPostgres(binaries, ledgerSettings);
}

/** One server that nothing happens to: the control has to be caught without a fault. */
export async function quietSite(start: StartServer): Promise<BankSite> {
  const { url } = await start();
  return {
    through: { kind: "cache-aside", url },
    direct: () => ({ kind: "redis", url, waitReplicas: 0 }),
    fault: ({ pause }) => pause(200),
    settle: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/**
 * A primary and a replica under three sentinels. A lock counts once the replica has it (`waitReplicas: 1`), and entries
 * of another server are not served (identity): with a source that refuses late commits, that is the level which keeps I1
 * and I2 also when a failover and a crash of a writer come together.
 */
export async function failoverSite(start: StartServer, database: string): Promise<BankSite> {
  const servers = await startSentinels(start);
  const nodes = servers.sentinels.map(({ url }) => url);
  const through = { kind: "sentinels", nodes, waitReplicas: 1 } as const;
  let [primary, replica] = [servers.primary, servers.replica];
  return {
    through,
    direct: () => ({ ...through, waitReplicas: 0 }),
    fault: async (world) => {
      await killSome(world, database);
      await failOver(world, { primary, replica, sentinel: servers.sentinels[0]! });
      [primary, replica] = [replica, primary];
    },
    // What is cached within a lease of a failover is on probation, and gone when the audit comes.
    settle: async (world) => {
      await world.pause(1.1 * world.lease);
      await killSome(world, database);
      await world.pause(0.3 * world.lease);
    },
    [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
  };
}

/** Kills workers where it hurts most, and ends some transactions of the others. */
async function killSome(world: World, database: string): Promise<void> {
  await world.pause(world.lease * (0.1 + 0.3 * Math.random()));
  await world.crash(Math.random() < 0.5 ? "between lock and commit" : "between commit and unlock");
  world.count("sessions ended", await endSessions(database));
}

interface Failing {
  readonly primary: RedisServer;
  readonly replica: RedisServer;
  readonly sentinel: RedisServer;
}

/** Kills the primary, and a worker while nobody has taken its place; the old one comes back as a replica. */
async function failOver(world: World, { primary, replica, sentinel }: Failing): Promise<void> {
  primary.signal("SIGKILL");
  world.count("primaries killed");
  const named = async () =>
    String(await ask(sentinel.port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main")).endsWith(`,${replica.port}`);
  await Promise.all([
    world.crash("anywhere"),
    until("the sentinels promote the replica", async () => await named() && await reports(replica, "role:master")),
  ]);
  world.count("failovers");
  // Locks need a replica: until it is back nothing is transferred, and readers go on.
  await world.pause(world.lease * 0.2);
  await primary.restart();
  // The sentinels would say so themselves, after ten seconds of watching it.
  await ask(primary.port, "REPLICAOF", "127.0.0.1", String(replica.port));
  await until("the old primary follows the new one", () => reports(primary, "master_link_status:up"));
  await until("the sentinels know that it follows", () => followed(sentinel));
  await world.pause(world.lease * 0.5);
}

async function reports({ port }: RedisServer, line: string): Promise<boolean> {
  return String(await ask(port, "INFO", "replication").catch(() => "")).includes(line);
}

/** Whether the sentinel sees a replica that it could promote. */
async function followed({ port }: RedisServer): Promise<boolean> {
  const all = await ask(port, "SENTINEL", "REPLICAS", "main") as ReadonlyArray<Readonly<Record<string, string>>>;
  return all.some((replica) => replica["flags"] === "slave" && replica["master-link-status"] === "ok");
}

/** Sentinels agree within seconds; two elections that fail in a row take ten. */
const patience = 60_000;

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + patience;
  while (!await holds()) {
    if (performance.now() > end) throw new Error(`Cannot go on with the bank: expected that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
