import type { RedisServer, StartRedis } from "../../servers/redis.ts";
import { type Admin, admin, eventually } from "./support.ts";

/** A Redis Cluster of primaries, with the slots shared out evenly. */
export interface TestCluster extends AsyncDisposable {
  readonly servers: ReadonlyArray<RedisServer>;
  readonly admins: ReadonlyArray<Admin>;
  /** The cluster's names of the servers. */
  readonly ids: ReadonlyArray<string>;
  /** Adds a replica of one of them, and waits until it has a copy. */
  readonly replicate: (primary: number) => Promise<Admin>;
}

interface Member {
  readonly server: RedisServer;
  readonly bus: number;
  readonly node: Admin;
}

const slotCount = 16_384;

/** Starts a cluster of three primaries; its servers end with the test. */
export async function startCluster(start: StartRedis): Promise<TestCluster> {
  const members = await Promise.all([1, 2, 3].map(() => startMember(start)));
  const share = Math.ceil(slotCount / members.length);
  await Promise.all(members.map(async ({ node }, index) => {
    await node.send("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
    const last = Math.min((index + 1) * share, slotCount) - 1;
    await node.send("CLUSTER", "ADDSLOTSRANGE", String(index * share), String(last));
    await node.send("CLUSTER", "MEET", "127.0.0.1", String(members[0]!.server.port), String(members[0]!.bus));
  }));
  const admins = members.map(({ node }) => node);
  const added: Admin[] = [];
  for (const node of admins) await isWhole(node, members.length);
  return {
    servers: members.map(({ server }) => server),
    admins,
    ids: await Promise.all(admins.map(async (node) => String(await node.send("CLUSTER", "MYID")))),
    replicate: async (primary) => {
      const { node } = await startMember(start);
      added.push(node);
      await node.send("CLUSTER", "MEET", "127.0.0.1", String(members[0]!.server.port), String(members[0]!.bus));
      await isWhole(node, members.length + 1);
      const id = String(await admins[primary]!.send("CLUSTER", "MYID"));
      await eventually("a replica", async () => {
        return await node.send("CLUSTER", "REPLICATE", id).then(() => true, () => false);
      });
      await eventually("a copy", async () => {
        return String(await node.send("INFO", "replication")).includes("master_link_status:up");
      });
      return node;
    },
    [Symbol.asyncDispose]: async () => {
      for (const each of [...admins, ...added]) await each[Symbol.asyncDispose]();
    },
  };
}

// Somebody else may take the free port between finding and using it; three times in a row is no accident.
async function startMember(start: StartRedis, attempts = 3): Promise<Member> {
  const bus = freePort();
  const options = ["--cluster-enabled", "yes", "--cluster-port", String(bus), "--cluster-node-timeout", "1000"];
  try {
    const server = await start(...options, "--repl-diskless-sync-delay", "0", "--cluster-require-full-coverage", "no");
    return { server, bus, node: await admin(server.url) };
  } catch (error) {
    if (attempts === 1) throw error;
    return await startMember(start, attempts - 1);
  }
}

function isWhole(node: Admin, members: number): Promise<void> {
  return eventually("a whole cluster", async () => {
    const info = String(await node.send("CLUSTER", "INFO"));
    return info.includes("cluster_state:ok") && info.includes(`cluster_known_nodes:${members}`) &&
      info.includes(`cluster_slots_assigned:${slotCount}`);
  });
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
