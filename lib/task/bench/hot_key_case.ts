import { startCluster, type TestCluster } from "../../../tests/backend/redis/cluster.ts";
import { type RedisServer, startRedis } from "../../../tests/servers/redis_server.ts";
import { isOnPath } from "../test_redis.ts";
import type { Case, Count, Finding, FindingRow } from "./comparison.ts";
import type { HotKeySettings, HotKeyTurn } from "./hot_key_worker.ts";
import { untilSettled } from "./redis_tier.ts";
import { medianOf, summarize } from "./statistics.ts";
import { startTold, type ToldProcess } from "./told_process.ts";

/** Each count of shards; a dozen are spread evenly enough over three nodes. */
const shards = [1, 3, 12] as const;

/** How many processes read at once, and how many reads each has under way. */
const processes = 4;
const lanes = 64;

/** How large the value is: small enough that its node works on commands, and not on copies. */
const bytes = 1_024;

/** How often all counts take turns, and how long a turn lasts, in milliseconds. */
const rounds = 7;
const lasts = 700;

/** What goes before: the compiler has to have seen what it compiles, and every shard its value. */
const warmUp = 1_500;

/** What a turn came to. */
interface Figure {
  /** Reads a second, of all processes. */
  readonly rate: number;
  /** The computing time of the node that had most of it, in microseconds for each read of the key. */
  readonly busiest: number;
  /** How many nodes served at least a tenth of the reads. */
  readonly nodes: number;
}

/** What shards buy on one hot key in a cluster of three nodes. */
export const hotKeyCase: Case = {
  name: "hot-key",
  about: `one hot key of ${processes} processes in a cluster of 3 nodes, in ${shards.join(", ")} shards`,
  needs: "redis",
  open: async () => {
    const nothing = { comparisons: [], [Symbol.asyncDispose]: () => Promise.resolve() };
    if (!isOnPath("redis-server")) {
      console.log("hot-key: left out: it starts a cluster of its own, and there is no redis-server on PATH");
      return { counts: [], ...nothing };
    }
    const figures = await measureAll();
    const spread: ReadonlyArray<Count> = [[1, 1], [12, 3]].map(([count, wanted]) => ({
      title: `nodes that serve a key in ${count} shard${count === 1 ? "" : "s"}`,
      wanted: wanted!,
      received: medianOf(figures.get(count!)!.map(({ nodes }) => nodes)),
      unit: "nodes",
    }));
    return { counts: spread, findings: [findingOf(figures)], ...nothing };
  },
};

type Figures = ReadonlyMap<number, Array<Figure>>;

async function measureAll(): Promise<Figures> {
  const servers: Array<RedisServer> = [];
  try {
    await using cluster = await startCluster(async (...args) => {
      const server = await startRedis(args);
      servers.push(server);
      return server;
    });
    const nodes = cluster.servers.map(({ url }) => url);
    for (const url of nodes) await untilSettled(url);
    const settings: HotKeySettings = { nodes, shards, lanes, bytes };
    const crew = Array.from({ length: processes }, () => startTold("hot_key_worker.ts", settings));
    try {
      await Promise.all(crew.map(({ ready }) => ready()));
      return await turns(cluster, crew);
    } finally {
      await Promise.all(crew.map((each) => each.end()));
    }
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function turns(cluster: TestCluster, crew: ReadonlyArray<ToldProcess>): Promise<Figures> {
  const figures = new Map(shards.map((count) => [count as number, [] as Array<Figure>]));
  const turn = async (what: HotKeyTurn): Promise<Figure> => {
    const before = await Promise.all(cluster.admins.map(loadOf));
    const reads = (await Promise.all(crew.map(({ tell }) => tell(what)))).reduce<number>(
      (sum, each) => sum + Number(each),
      0,
    );
    const after = await Promise.all(cluster.admins.map(loadOf));
    const spent = after.map(({ cpu }, i) => cpu - before[i]!.cpu);
    const served = after.map(({ gets }, i) => gets - before[i]!.gets);
    const all = served.reduce((sum, each) => sum + each, 0);
    return {
      rate: reads / what.lasts * 1_000,
      busiest: Math.max(...spent) * 1e6 / reads,
      nodes: served.filter((each) => each > all / 10).length,
    };
  };
  for (const count of shards) await turn({ shards: count, lasts: warmUp });
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < shards.length; i++) {
      const count = shards[(i + round) % shards.length]!;
      figures.get(count)!.push(await turn({ shards: count, lasts }));
    }
  }
  return figures;
}

/** What a node has done so far: seconds of computing, and looks served. */
async function loadOf(
  { send }: TestCluster["admins"][number],
): Promise<{ readonly cpu: number; readonly gets: number }> {
  const info = String(await send("INFO", "everything"));
  const number = (field: RegExp): number => Number(field.exec(info)?.[1] ?? 0);
  const cpu = number(/^used_cpu_user:([\d.]+)/m) + number(/^used_cpu_sys:([\d.]+)/m);
  return { cpu, gets: number(/^cmdstat_get:calls=(\d+)/m) };
}

function findingOf(figures: Figures): Finding {
  const one = figures.get(1)!;
  const rows = [...figures].flatMap(([count, those]): ReadonlyArray<FindingRow> => {
    const name = `${count} shard${count === 1 ? "" : "s"}`;
    return [
      { name: `${name}: reads a second`, value: summarize(those.map(({ rate }) => rate / 1_000)), unit: "thousand" },
      {
        name: `${name}: reads a second, of one shard's`,
        value: summarize(those.map(({ rate }, round) => rate / one[round]!.rate)),
        unit: "×",
      },
      {
        name: `${name}: computing of the busiest node for a read`,
        value: summarize(those.map(({ busiest }) => busiest)),
        unit: "µs",
      },
    ];
  });
  return { title: `one hot key, ${processes} processes × ${lanes} reads at once, 3 nodes on this machine`, rows };
}
