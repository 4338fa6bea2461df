import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { duration } from "../../../../lib/duration.ts";
import { right } from "fp-ts/lib/Either.js";
import { diagnose, type DoctorOptions, type Finding } from "../../../../lib/backend/redis/doctor/mod.ts";
import { redisBackend, redisCounters, redisLeases, redisQueue } from "../../../../lib/backend/redis/mod.ts";
import { parseArguments } from "../../../../lib/task/doctor/arguments.ts";
import { lockFlags, pathOf } from "../../../../lib/task/stand_in.ts";
import { redisServersTest } from "../../../servers/redis.ts";
import { left, right as taken } from "../../../support/results.ts";
import { startCluster } from "../cluster.ts";
import { startSentinels } from "../sentinels.ts";
import { admin, ask, claim, eventually, lock, store, stored } from "../support.ts";

/** Runs the task, as a user would. */
async function run(...args: ReadonlyArray<string>): Promise<{ readonly code: number; readonly output: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...lockFlags(), "--allow-env", "--allow-net", "--allow-read", pathOf("lib/task/doctor.ts"), ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

async function found(options: DoctorOptions, severity: Finding["severity"] = "breaks"): Promise<ReadonlyArray<string>> {
  const { findings } = await diagnose({ timeout: "2s", ...options });
  return findings.filter((each) => each.severity === severity).map(({ what }) => what);
}

redisServersTest("a Redis that is as it should be: exit code 0, and the keys counted by namespace", async (start) => {
  const server = await start();
  await using backend = redisBackend({ url: server.url });
  for (const key of ["a", "b", "c"]) await store(backend, `lamina:user:0:${key}`, stored(1));
  await ask(backend, "lamina:user:0:d", claim("one"));
  await ask(backend, "lamina:order:0:a", lock("one"));
  await ask(backend, "lamina:order:0:a", lock("two"));
  const { code, output } = await run("--redis", server.url);
  assertEquals(code, 0, output);
  assert(/user: 3 entries \(0 outdated\), 1 claims, 0 locks/.test(output), output);
  assert(
    /order: 0 entries \(0 outdated\), 0 claims, 1 locks with 2 live tokens \(oldest \d+\.\d s\)/.test(output),
    output,
  );
  assert(output.includes("each step was answered as it should be"), output);
  assert(output.includes("0 broken promises"), output);
  await using watcher = await admin(server.url);
  assertEquals(await watcher.send("KEYS", "lamina:doctor:*"), []);
});

redisServersTest("a Redis with all that can be wrong: exit code 1, each thing said, and what to do", async (start) => {
  const server = await start("--maxmemory-policy", "allkeys-lru", "--maxmemory", "50mb");
  await using watcher = await admin(server.url);
  {
    // A writer that crashed: its token stays, and runs out.
    await using backend = redisBackend({ url: server.url });
    await watcher.send("CONFIG", "SET", "maxmemory-policy", "noeviction");
    await eventually("a lock without a ttl", async () => {
      await ask(backend, "lamina:user:0:dead", lock("crashed"), { lease: 20 });
      return await watcher.send("PTTL", "lamina:user:0:dead") === -1;
    });
    await ask(backend, "lamina:user:0:long", lock("endless"), { lease: 7_200_000 });
    await ask(backend, "lamina:user:0:claimed", claim("one"), { lease: 60_000 });
    await watcher.send("PERSIST", "lamina:user:0:claimed");
    await watcher.send("SET", "lamina:user:0:foreign", "theirs");
    await watcher.send("RPUSH", "lamina:user:0:list", "theirs");
    await watcher.send("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // Without scripts, and without tracking.
  await watcher.send("ACL", "SETUSER", "app", "on", ">s3cret", "~*", "&*", "+@all", "-@scripting", "-client|tracking");
  const { code, output } = await run(`--redis=redis://app:s3cret@127.0.0.1:${server.port}`);
  assertEquals(code, 1, output);
  for (
    const part of [
      "NOPERM this user has no permissions to run the 'eval",
      "+eval +evalsha",
      "its policy is allkeys-lru",
      "CONFIG SET maxmemory-policy volatile-lru",
      "1 claims have lost their ttl",
      "which is no lease of 10 s",
      "1 tokens of writers have run out",
      "2 keys hold none of ours",
      "it does not tell of changes (NOPERM",
    ]
  ) assert(output.includes(part), `${part}\n${output}`);
  assert(!output.includes("s3cret"), output);
});

redisServersTest("entries that came back from disk are counted as outdated", async (start) => {
  const server = await start("--appendonly", "yes", "--appendfsync", "always");
  {
    await using backend = redisBackend({ url: server.url });
    await store(backend, "lamina:user:0:a", stored(1));
  }
  await server.restart();
  assertEquals(await found({ url: server.url }), []);
  const notes = await found({ url: server.url }, "notes");
  assert(notes.some((what) => what.startsWith("1 entries are from another life")), JSON.stringify(notes));
});

redisServersTest(
  "a replica, a primary without the replicas that locks wait for, and a sentinel are told",
  async (start) => {
    await using servers = await startSentinels(start, [], 1);
    const [replica, primary, sentinel] = [servers.replica, servers.primary, servers.sentinels[0]!];
    assert((await found({ url: replica.url })).some((what) => what.startsWith("it is a replica")));
    assertEquals(await found({ url: primary.url, waitReplicas: 1 }), []);
    assert((await found({ url: primary.url, waitReplicas: 2 })).some((what) => what.includes("1 replicas of the 2")));
    assert((await found({ url: sentinel.url })).some((what) => what.startsWith("it is a sentinel")));
  },
);

redisServersTest("a cluster is looked at as a whole: each primary, by any node", async (start) => {
  await using cluster = await startCluster(start);
  await using backend = redisBackend({ cluster: { nodes: [cluster.servers[0]!.url] } });
  for (let i = 0; i < 60; i++) await store(backend, `lamina:user:0:${i}`, stored(1));
  const { readings, isBroken } = await diagnose({ url: cluster.servers[1]!.url });
  assertEquals([isBroken, readings.nodes.length, readings.stepFailed], [false, 3, undefined]);
  const entries = readings.nodes.map((each) =>
    each._tag === "Read" && typeof each.keys !== "string" ? each.keys.namespaces[0]?.entries ?? 0 : NaN
  );
  assertEquals(entries.reduce((sum, each) => sum + each, 0), 60);
  cluster.servers[2]!.signal("SIGSTOP");
  const { findings } = await diagnose({ url: cluster.servers[1]!.url, timeout: "300ms" });
  const where = `127.0.0.1:${cluster.servers[2]!.port}`;
  assert(findings.some((each) => each.severity === "breaks" && each.where === where), JSON.stringify(findings));
});

redisServersTest("more keys than are looked at are said to be more", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await Promise.all(Array.from({ length: 3_000 }, (_, i) => watcher.send("SET", `lamina:many:0:${i}`, "?")));
  const { readings: { nodes: [node] } } = await diagnose({ url: server.url, mostKeys: 1_000 });
  assert(node?._tag === "Read" && typeof node.keys !== "string");
  assert(!node.keys.all && node.keys.looked >= 1_000 && node.keys.looked < 2_500, `${node.keys.looked}`);
});

redisServersTest(
  "counters, queues and leases are none of a tier's slots, and nothing is wrong with them",
  async (start) => {
    const { url } = await start();
    await using counters = redisCounters({ url });
    await using queue = redisQueue({ url });
    await using leases = redisLeases({ url });
    taken(await counters.increment("votes", [{ name: "tea", by: 1 }], 10, { id: "1", milliseconds: 60_000 })());
    taken(await queue.hold("visits/0", [{ key: "'a", value: Uint8Array.of(1) }], 10)());
    taken(await leases.acquire("job", "me", duration("1m"))());
    assertEquals(await found({ url }, "warns"), []);
  },
);

redisServersTest("keys that the user may not read are not taken for somebody else's", async (start) => {
  const server = await start();
  await using watcher = await admin(server.url);
  await watcher.send("SET", "lamina:secret:0:a", "?");
  const about = async (): Promise<string> => {
    const { findings } = await diagnose({ url: `redis://app:pass@127.0.0.1:${server.port}`, timeout: "2s" });
    return findings.map(({ what }) => what).join();
  };
  await watcher.send("ACL", "SETUSER", "app", "on", ">pass", "~lamina:doctor:*", "&*", "+@all");
  assert(!(await about()).includes("none of ours"));
  await watcher.send("ACL", "SETUSER", "app", "~*", "-getrange");
  assertMatch(await about(), /its keys cannot be looked at: NOPERM/);
});

redisServersTest("a stopped server and a wrong password are found within the time that is given", async (start) => {
  const server = await start("--requirepass", "right");
  const wrong = await diagnose({ url: `redis://:wr0ng@127.0.0.1:${server.port}` });
  assert(
    wrong.isBroken && wrong.findings.some(({ what }) => what.includes("WRONGPASS")),
    JSON.stringify(wrong.findings),
  );
  assert(!JSON.stringify(wrong).includes("wr0ng"));
  server.signal("SIGSTOP");
  const stopped = await diagnose({ url: `redis://:right@127.0.0.1:${server.port}`, timeout: "200ms" });
  assert(stopped.isBroken && stopped.findings.some(({ what }) => what.startsWith("it cannot be asked")));
});

Deno.test("refused arguments: exit code 2, what was expected, and no password", async () => {
  const url = "redis://127.0.0.1:1";
  const refused = [
    [[], "expected --redis with a url"],
    [["--redis"], "expected a url like redis://host:6379 after --redis: received nothing"],
    [["--redis", "http://me:s3cret@host"], "expected a url like redis://host:6379"],
    [["--redis", url, "--redis", url], "expected --redis once"],
    [["--redis", url, "--lease", "10"], "expected"],
    [["--redis", url, "--keys", "-1"], "expected a whole number of keys"],
    [["--redis", url, "--wait-replicas=some"], "expected a whole number of replicas"],
    [["--redis", url, "--namespace", "a:b"], "without"],
    [["redis://me:s3cret@host"], "expected one of --redis"],
  ] as const;
  for (const [args, part] of refused) {
    const said = left(parseArguments(args));
    assert(said.includes(part) && !said.includes("s3cret"), said);
  }
  const refusal = await run("--redis", "http://me:s3cret@host");
  assertEquals(refusal.code, 2, refusal.output);
  assert(refusal.output.includes("--help") && !refusal.output.includes("s3cret"), refusal.output);
  assertEquals(parseArguments(["--help"]), right("help"));
  const { code, output } = await run("--redis", url, "--json");
  assertEquals([code, JSON.parse(output).isBroken], [1, true]);
  assertThrows(() => void diagnose({ url: "nowhere" }), RangeError, "Cannot make a Redis backend: expected a url");
});
