import { askAll, readInfo } from "./command.ts";
import { underSlowCommit } from "./crash.ts";
import type { Scenario, Site, StartServer, World } from "./scenario.ts";

/** Of which size, and how many, other entries come in at once; together they need more memory than there is. */
const fillerBytes = 8_192;
const fillers = 64;

/** How much memory there is beside what the server needs for itself: so few entries that all are young. */
const room = 200_000;

/** The same, while writers are killed whose lock may have gone: nobody will ever unlock. */
export function evictionsAndCrashes(): Scenario {
  const scenario = evictions("allkeys-lru");
  return {
    ...scenario,
    name: "eviction under allkeys-lru and kill -9 of writers",
    shown: [...scenario.shown, "killed after a slow commit"],
    prepare: async (folder, start) => {
      const site = await scenario.prepare(folder, start);
      const fault = async (world: World): Promise<void> => {
        await site.fault(world);
        await underSlowCommit(world, () => site.fault(world));
      };
      return { ...site, fault };
    },
  };
}

/**
 * A server that has too little memory. Under `allkeys-lru` it also evicts locks; under `volatile-lru` it cannot, since
 * they have no ttl there.
 */
export function evictions(policy: "allkeys-lru" | "volatile-lru"): Scenario {
  const locksGo = policy === "allkeys-lru";
  return {
    name: `eviction under ${policy}`,
    needs: "redis-server",
    promised: locksGo ? "fresh" : "linearizable",
    shown: ["evicted keys", "read.HitShared", ...(locksGo ? ["tier.LockLost"] : [])],
    excluded: locksGo ? [] : ["tier.LockLost"],
    prepare: (_folder, start) => site(policy, start),
  };
}

async function site(policy: string, start: StartServer): Promise<Site> {
  const server = await start("--maxmemory-policy", policy, "--maxmemory-samples", "10");
  const base = await readInfo(server.port, "used_memory");
  let squeezed = false;
  const through = { kind: "redis", url: server.url, waitReplicas: 0 } as const;
  const set = (what: string, value: string) => askAll(server.port, [["CONFIG", "SET", what, value]]);
  return {
    through: () => through,
    direct: () => through,
    fault: async ({ pause }) => {
      if (!squeezed) {
        // By now the clients' own buffers are among what is used.
        const used = Math.max(base, await readInfo(server.port, "used_memory"));
        await set("maxmemory", String(used + room));
        squeezed = true;
      }
      const value = "x".repeat(fillerBytes);
      const names = Array.from({ length: fillers }, () => `filler:${Math.random()}`);
      await askAll(server.port, names.map((name) => ["SET", name, value, "PX", "600000"])).catch(() => {});
      await pause(10);
    },
    heal: async ({ count }) => {
      count("evicted keys", await readInfo(server.port, "evicted_keys"));
      await set("maxmemory", "0");
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
