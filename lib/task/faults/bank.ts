import type { PostgresServer } from "../../../tests/servers/postgres_server.ts";
import type { RedisServer } from "../../../tests/servers/redis_server.ts";
import { startRedis } from "../../../tests/servers/redis_server.ts";
import { audit, nothingAudited } from "./audit.ts";
import { type Books, createLedger, openLedger, readBooks } from "./bank_ledger.ts";
import { total, totalOf } from "./bank_settings.ts";
import { type BankSite, failoverSite, quietSite, startLedger } from "./bank_site.ts";
import { type BankKind, conclude } from "./bank_verdict.ts";
import { clients, type Crew, crewOf, type RunSettings } from "./crew.ts";
import { sleep } from "./patience.ts";
import type { FaultReport } from "./run.ts";
import { makeTraffic } from "./traffic.ts";
import { startWorker } from "./team.ts";
import { openBackend, tierOn } from "./tiers.ts";

/**
 * A bank: four processes transfer between 100 accounts in transactions of PostgreSQL through a shared tier, are killed,
 * and lose their Redis to its replica again and again. No transaction sees another total, and what the tier holds when
 * all leases are over is what the database has.
 */
export async function runBank(kind: BankKind, settings: RunSettings): Promise<FaultReport> {
  const folder = await Deno.makeTempDir({ prefix: "lamina-bank-" });
  const servers: Array<RedisServer> = [];
  const start = async (...args: ReadonlyArray<string>): Promise<RedisServer> => {
    const server = await startRedis(args);
    servers.push(server);
    return server;
  };
  try {
    await using ledger = await startLedger();
    await createLedger(ledger.url());
    await using site = kind === "cache-aside" ? await quietSite(start) : await failoverSite(start, ledger.url());
    await using crew = hire(folder, ledger, site, settings);
    const counts = new Map<string, number>();
    const world = await makeTraffic(crew, site.fault, settings, counts);
    await site.settle(world);
    const hung = await crew.stop();
    // Half a lease more than the last one: an audit that comes early would see what is still allowed.
    await sleep(1.5 * settings.lease);
    const books = await readBooks(ledger.url());
    const audited = kind === "cache-aside" ? nothingAudited : await audit(site, books.truth, settings.lease);
    const sums = kind === "cache-aside" ? [] : await compareTotals(site, ledger.url(), books, settings.lease);
    return await conclude(kind, settings, { crew, counts, hung, audited, sums, books });
  } finally {
    for (const server of servers) await server.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

function hire(folder: string, ledger: PostgresServer, site: BankSite, { lease }: RunSettings): Crew {
  return crewOf((_index, number) => {
    const name = `w${number}`;
    const journal = `${folder}/${name}.journal`;
    const own = { name, journal, database: ledger.url(), through: site.through, lease, clients };
    return startWorker("bank_worker.ts", own);
  });
}

/** What all accounts hold as the tier has them, as the database has them, and as it was in the beginning. */
async function compareTotals(
  site: BankSite,
  database: string,
  { truth }: Books,
  lease: number,
): Promise<ReadonlyArray<string>> {
  const ledger = openLedger(database, lease, { before: () => {}, after: () => {} });
  const backend = openBackend(site.direct(), lease);
  const read = await tierOn(backend, { lease, level: "pinned" })(ledger.store).getMany([...truth.keys()])();
  await ledger.close();
  await backend.close();
  const inSource = totalOf([...truth.values()]);
  if (inSource !== total) return [`the database holds ${inSource} of ${total}`];
  if (read._tag === "Left") return [`the accounts could not be read through the tier: ${read.left._tag}`];
  const texts = read.right.map((each) => each._tag === "Some" ? each.value : "");
  return totalOf(texts) === inSource ? [] : [`the tier holds ${totalOf(texts)} of ${inSource}`];
}
