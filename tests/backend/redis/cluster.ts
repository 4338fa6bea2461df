import type { RedisServer, StartRedis } from "../../servers/redis.ts";
import { type Admin, admin, eventually } from "./support.ts";

/** A Redis Cluster of primaries, with the slots shared out evenly. */
export interface TestCluster extends AsyncDisposable {
  readonly servers: ReadonlyArray<RedisServer>;
  readonly admins: ReadonlyArray<Admin>;
  /** The cluster's names of the servers. */
  readonly ids: ReadonlyArray<string>;
  /** A replica of each, in their order, if there are any. */
  readonly replicas: ReadonlyArray<Member>;
  /** Adds a replica of one of them, and waits until it has a copy. */
  readonly replicate: (primary: number) => Promise<Member>;
}

/** One of a cluster's servers. */
export interface Member {
  readonly server: RedisServer;
  readonly bus: number;
  readonly node: Admin;
}

const slotCount = 16_384;

/**
 * How long a node may be silent before the others take it for lost, in milliseconds: where nothing is to fail over, so
 * long that none is on a machine that is busy.
 */
const patient = 3_000;
const prompt = 2_000;

/** Starts a cluster of three primaries, or with a replica of each; its servers end with the test. */
export async function startCluster(start: StartRedis, replicas: "none" | "one each" = "none"): Promise<TestCluster> {
  const silence = replicas === "none" ? patient : prompt;
  const count = replicas === "none" ? 3 : 6;
  const all = await Promise.all(Array.from({ length: count }, () => startMember(start, silence)));
  const members = all.slice(0, 3);
  const share = Math.ceil(slotCount / members.length);
  await Promise.all(members.map(async ({ node }, index) => {
    await node.send("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
    const last = Math.min((index + 1) * share, slotCount) - 1;
    await node.send("CLUSTER", "ADDSLOTSRANGE", String(index * share), String(last));
  }));
  for (const [index, member] of all.entries()) {
    for (const other of all.slice(index + 1)) await meet(member, other);
  }
  await Promise.all(all.map(({ node }) => isWhole(node, all.length)));
  const admins = members.map(({ node }) => node);
  const ids = await Promise.all(admins.map(async (node) => String(await node.send("CLUSTER", "MYID"))));
  const others = all.slice(3);
  await Promise.all(others.map((replica, index) => follow(replica, ids[index]!)));
  return {
    servers: members.map(({ server }) => server),
    admins,
    ids,
    replicas: others,
    replicate: async (primary) => {
      const member = await startMember(start, silence);
      all.push(member);
      await meet(members[0]!, member);
      await isWhole(member.node, all.length);
      await follow(member, ids[primary]!);
      return member;
    },
    [Symbol.asyncDispose]: async () => {
      for (const { node } of all) await node[Symbol.asyncDispose]();
    },
  };
}

async function meet({ node }: Member, { server, bus }: Member): Promise<void> {
  await node.send("CLUSTER", "MEET", "127.0.0.1", String(server.port), String(bus));
}

async function follow({ node }: Member, primary: string): Promise<void> {
  await eventually("a replica", async () => {
    return await node.send("CLUSTER", "REPLICATE", primary).then(() => true, () => false);
  });
  await eventually("a copy", async () => {
    return String(await node.send("INFO", "replication")).includes("master_link_status:up");
  });
}

/** Moves a slot with all of its keys, in the order in which Redis wants it done. */
export async function moveSlot(
  { admins, servers, ids }: TestCluster,
  slot: number,
  from: number,
  to: number,
): Promise<number> {
  const [source, target] = [admins[from]!, admins[to]!];
  await target.send("CLUSTER", "SETSLOT", `${slot}`, "IMPORTING", ids[from]!);
  await source.send("CLUSTER", "SETSLOT", `${slot}`, "MIGRATING", ids[to]!);
  let moved = 0;
  for (;;) {
    const keys = await source.send("CLUSTER", "GETKEYSINSLOT", `${slot}`, "10") as ReadonlyArray<string>;
    for (const key of keys) {
      // One that has gone meanwhile is answered NOKEY.
      await source.send("MIGRATE", "127.0.0.1", `${servers[to]!.port}`, key, "0", "5000");
      moved++;
    }
    if (keys.length === 0) break;
  }
  const others = admins.filter((node) => node !== target && node !== source);
  for (const node of [target, source, ...others]) {
    await node.send("CLUSTER", "SETSLOT", `${slot}`, "NODE", ids[to]!);
  }
  await agree(admins);
  return moved;
}

// Whoever moves slots faster than the nodes tell each other makes them take the same epoch, and quarrel.
async function agree(nodes: ReadonlyArray<Admin>): Promise<void> {
  await eventually("one epoch, and each node's own", async () => {
    const infos = await Promise.all(nodes.map(async (node) => String(await node.send("CLUSTER", "INFO"))));
    const fields = (name: string) => new Set(infos.map((info) => new RegExp(`${name}:(\\d+)`).exec(info)?.[1]));
    return fields("cluster_current_epoch").size === 1 && fields("cluster_my_epoch").size === nodes.length;
  });
}

/**
 * Starts a server that may be in a cluster, and is in none. Somebody else may take the free port between finding and using
 * it; three times in a row is no accident.
 */
export async function startMember(start: StartRedis, silence: number = patient, attempts = 3): Promise<Member> {
  const bus = freePort();
  const options = ["--cluster-enabled", "yes", "--cluster-port", `${bus}`, "--cluster-node-timeout", `${silence}`];
  try {
    const server = await start(...options, "--repl-diskless-sync-delay", "0", "--cluster-require-full-coverage", "no");
    return { server, bus, node: await admin(server.url) };
  } catch (error) {
    if (attempts === 1) throw error;
    return await startMember(start, silence, attempts - 1);
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
