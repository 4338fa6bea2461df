import { type RedisServer, type StartRedis, startSentinel } from "../../servers/redis.ts";
import { type Admin, admin, eventually } from "./support.ts";

/** A primary, a replica, and sentinels that watch them under the name `main`. */
export interface TestSentinels extends AsyncDisposable {
  readonly primary: RedisServer;
  readonly replica: RedisServer;
  readonly sentinels: ReadonlyArray<RedisServer>;
  /** At the replica; a sentinel ends the connections of whom it promotes. */
  readonly there: Pick<Admin, "send">;
}

/** Starts them with these settings of both servers; the servers end with the test. */
export async function startSentinels(
  start: StartRedis,
  args: ReadonlyArray<string> = [],
  count = 3,
): Promise<TestSentinels> {
  const primary = await start("--repl-diskless-sync-delay", "0", ...args);
  const replica = await start("--repl-diskless-sync-delay", "0", "--replicaof", `127.0.0.1 ${primary.port}`, ...args);
  const password = args[args.indexOf("--requirepass") + 1];
  const entitled = args.includes("--requirepass") ? [`sentinel auth-pass main ${password}`] : [];
  const there = reconnecting(replica.url.replace("//", args.includes("--requirepass") ? `//:${password}@` : "//"));
  await eventually("a copy", async () => {
    return String(await there.send("INFO", "replication")).includes("master_link_status:up");
  });
  const lines = [
    `sentinel monitor main 127.0.0.1 ${primary.port} ${Math.floor(count / 2) + 1}`,
    // A primary on a busy machine is silent for a while, and not down.
    "sentinel down-after-milliseconds main 2000",
    "sentinel failover-timeout main 3000",
    ...entitled,
  ];
  const sentinels = await Promise.all(Array.from({ length: count }, () => startSentinel(lines)));
  for (const each of sentinels) await knowsAll(each, count - 1);
  return {
    primary,
    replica,
    sentinels,
    there,
    [Symbol.asyncDispose]: async () => {
      for (const each of sentinels) await each.stop();
    },
  };
}

function reconnecting(url: string): Pick<Admin, "send"> {
  return {
    send: async (...command) => {
      const ask = async () => {
        await using once = await admin(url);
        return await once.send(...command);
      };
      return await ask().catch(ask);
    },
  };
}

// They learn of each other, and of the replica, from what is published at the primary, within seconds.
async function knowsAll({ url }: RedisServer, others: number): Promise<void> {
  await using sentinel = await admin(url);
  await eventually("sentinels that know each other", async () => {
    const fields = await sentinel.send("SENTINEL", "MASTER", "main") as ReadonlyArray<string>;
    const valueOf = (name: string) => fields[fields.indexOf(name) + 1];
    return valueOf("num-other-sentinels") === String(others) && valueOf("num-slaves") === "1";
  });
}
