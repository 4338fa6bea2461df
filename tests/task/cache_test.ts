import { assert, assertEquals, assertMatch } from "@std/assert";
import * as E from "fp-ts/lib/Either.js";
import * as t from "io-ts";
import { redisBackend, type RedisOptions } from "../../lib/backend/redis/mod.ts";
import { runCache } from "../../lib/task/cache.ts";
import { defaultLease, defaultWait, help, parseArguments } from "../../lib/task/cache/arguments.ts";
import { shared, source, type Store } from "../../mod.ts";
import { startCluster } from "../backend/redis/cluster.ts";
import { eventually } from "../backend/redis/support.ts";
import { redisServersTest } from "../servers/redis.ts";

const url = "redis://127.0.0.1:6379";

function refusal(...args: ReadonlyArray<string>): string {
  const read = parseArguments(args);
  return read._tag === "Left" ? read.left : "accepted";
}

Deno.test("the command, the server and the namespace are read, in any order", () => {
  const read = { command: "off", redis: url, namespace: "user", lease: 2, wait: 5 } as const;
  assertEquals(parseArguments(["off", "--redis", url, "--namespace=user", "--lease=2", "--wait", "5"]), E.right(read));
  assertEquals(
    parseArguments(["--redis", url, "--wait=5", "--lease", "2", "--namespace", "user", "off"]),
    E.right(read),
  );
  const least = {
    command: "status",
    redis: url,
    namespace: undefined,
    lease: defaultLease,
    wait: defaultWait,
  } as const;
  assertEquals(parseArguments(["status", "--redis", url]), E.right(least));
  assertEquals(parseArguments(["--help"]), E.right("help"));
  for (const each of ["status", "drain", "off", "on", "--redis", "--namespace", "--lease", "--wait"]) {
    assertEquals(help.includes(`\n  ${each} `), true, each);
  }
});

Deno.test("what is not understood is refused with what was expected, and exit code 2", async () => {
  const start = "Cannot use the switch: expected ";
  assertEquals(refusal("--redis", url), `${start}one of status, drain, off, on: received nothing`);
  assertEquals(refusal("offf", "--redis", url), `${start}one of status, drain, off, on: received "offf"`);
  assertEquals(refusal("off", "on", "--redis", url), `${start}one command: received "on"`);
  assertEquals(refusal("off"), `${start}--redis <url>: received nothing`);
  assertEquals(
    refusal("off", "--server"),
    `${start}one of --redis, --namespace, --lease, --wait, --help: received "--server"`,
  );
  assertMatch(refusal("off", "--redis", "http://me:secret@host"), /received "http:\/\/…@host"$/);
  assertMatch(refusal("off", "--namespace", "a:b"), /without ":" after --namespace: received "a:b"$/);
  for (const bad of ["-1", "3601", "1.5", "soon", ""]) assertMatch(refusal("off", "--wait", bad), /from 0 to 3600/);
  const said: Array<string> = [];
  assertEquals(await runCache(["of", "--redis", url], () => {}, (line) => said.push(line)), 2);
  assertMatch(said.join(), /^Cannot use the switch: expected one of status/);
  for (const bad of ["0", "-1", "1.5"]) assertMatch(refusal("off", "--lease", bad), /from 1 to 3600/);
});

Deno.test("a server that is not there is said so, without its password, and exit code 1", async () => {
  const said: Array<string> = [];
  const args = ["status", "--redis", "redis://:wrong-secret@127.0.0.1:1"];
  assertEquals(await runCache(args, () => {}, (line) => said.push(line)), 1);
  assertMatch(said.join(), /expected a Redis at 127\.0\.0\.1:1/);
  assert(!said.join().includes("wrong-secret"));
});

Deno.test("a server that accepts connections and never answers is given up, with exit code 1", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Array<Deno.Conn> = [];
  const accepting = (async () => {
    for await (const connection of listener) open.push(connection);
  })();
  const said: Array<string> = [];
  const at = `redis://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
  assertEquals(await runCache(["status", "--redis", at], () => {}, (line) => said.push(line)), 1);
  assertEquals(said.length, 1);
  listener.close();
  await accepting;
  for (const connection of open) connection.close();
});

/** A tier that is used all the time, as one of a service. */
function inUse(options: RedisOptions, name: string): { readonly store: Store<number, string> } & AsyncDisposable {
  const backend = redisBackend(options);
  const store = shared({
    backend,
    name,
    codec: t.string,
    ttl: "1h",
    lease: "1s",
    switch: { poll: "100ms" },
    epoch: "every read",
  })(
    source({ commit: "300ms", load: (keys: ReadonlyArray<number>) => Promise.resolve(keys.map(String)) }),
  );
  let over = false;
  const using = (async () => {
    while (!over) {
      await store.get(1)();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    store,
    [Symbol.asyncDispose]: async () => {
      over = true;
      await using;
      await store.close();
      await backend.close();
    },
  };
}

async function task(...args: ReadonlyArray<string>): Promise<readonly [code: number, said: string]> {
  const said: Array<string> = [];
  const listen = (line: string): void => void said.push(line);
  // As the tiers below have it: a server that is younger keeps nothing that it is told.
  const code = await runCache([...args, "--lease=1"], listen, listen);
  return [code, said.join("\n").replaceAll(/\d+\.\d s/g, "… s")];
}

redisServersTest(
  "the switches on a server are shown, turned off, and on again, of one name or of all",
  async (start) => {
    const { url: redis } = await start();
    assertEquals(await task("status", "--redis", redis), [0, "no tier with a switch has used this server"]);
    assertEquals(await task("off", "--redis", redis), [1, "no tier with a switch has used this server"]);
    await using user = inUse({ url: redis }, "user");
    await using _page = inUse({ url: redis }, "page");
    const isOn = async (): Promise<boolean> =>
      (await task("status", "--redis", redis))[1] === "page: on, for … s\nuser: on, for … s";
    await eventually("both on", isOn);
    assertEquals(await task("off", "--redis", redis, "--namespace", "user"), [0, "user: off, for … s"]);
    const [, between] = await task("status", "--redis", redis);
    assertEquals(between, "page: on, for … s\nuser: off, for … s");
    const [entry] = await user.store.entries([1])();
    assertEquals(entry?._tag === "Right" && entry.right.verdict._tag, "Bypassed");
    assertEquals(await task("drain", "--redis", redis), [0, "page: drain, for … s\nuser: drain, for … s"]);
    assertEquals(await task("on", "--redis", redis), [0, "page: on, for … s\nuser: on, for … s"]);
  },
);

redisServersTest(
  "a switch that nobody brings on is said to be on its way, with a hint, and exit code 1",
  async (start) => {
    const { url: redis } = await start();
    assertEquals(await task("status", "--redis", redis, "--namespace=user"), [
      0,
      "user: none: no tier with a switch has used this name",
    ]);
    // A young server keeps what it is told for a lease only, and is told again.
    const [code, said] = await task("on", "--redis", redis, "--namespace=user", "--wait=0");
    assertEquals(code, 1);
    assertMatch(said, /^user: drain, on its way to on, for … s; a process that uses the tier brings it on/);
  },
);

redisServersTest("switches are found on every node of a cluster", async (start) => {
  await using cluster = await startCluster(start);
  const nodes = cluster.servers.map((server) => server.url);
  await using _user = inUse({ cluster: { nodes } }, "user");
  await using _page = inUse({ cluster: { nodes } }, "page");
  for (const redis of nodes) {
    await eventually("both switches", async () => {
      const [code, said] = await task("status", "--redis", redis);
      return code === 0 && said.split("\n").map((line) => line.split(":")[0]).join() === "page,user";
    });
  }
});
