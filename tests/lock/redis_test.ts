import { assert, assertEquals } from "@std/assert";
import { redisLeases } from "../../lib/backend/redis/lease.ts";
import { leaseLocks, type LeasePort, lockName } from "../../lib/lock/mod.ts";
import { admin } from "../backend/redis/support.ts";
import { type PlainRedis, redisServersTest, redisTest } from "../servers/redis.ts";
import { left, right } from "../support/results.ts";
import { lockContract, type Make } from "./contract.ts";
import { eventually, isFree, mustTake, realTime } from "./support.ts";

/** Long enough for a loaded machine, short enough to wait for its end. */
const crashedFor = 300;

async function inRedis(redis: PlainRedis, run: (make: Make) => Promise<void>): Promise<void> {
  const leases = () => redisLeases({ url: redis.url, namespace: redis.prefix });
  await using mine = leases();
  await using theirs = leases();
  const crash = async (name: string): Promise<void> => {
    right(await theirs.acquire(right(lockName(name)), "crashed", crashedFor)());
  };
  await run((options) => {
    const [locks, others] = [leaseLocks({ port: mine, ...options }), leaseLocks({ port: theirs, ...options })];
    return { locks, others, until: realTime, size: () => locks.size() + others.size(), crash };
  });
}

lockContract("Redis lease", (name, run) => redisTest(name, (redis) => inRedis(redis, run)), "crashes");

redisTest("D16 a lease on Redis has an owner, ends, is renewed and released by its owner only", async (redis) => {
  await using leases = redisLeases({ url: redis.url, namespace: redis.prefix });
  const port: LeasePort = leases;
  const first = right(await port.acquire("a", "Ann", 60_000)());
  assert(first._tag === "Some");
  assertEquals(right(await port.acquire("a", "Bob", 60_000)())._tag, "None");
  assertEquals(right(await port.acquire("a", "Ann", 60_000)())._tag, "None", "A new attempt takes a new token");
  assertEquals([right(await port.renew("a", "Bob", 1)()), right(await port.release("a", "Bob")())], [false, false]);

  await using server = await admin(redis.url);
  const key = `lamina:${redis.prefix}:lease:a`;
  assert(Number(await server.send("PTTL", key)) > 50_000);
  assertEquals(right(await port.renew("a", "Ann", 600_000)()), true);
  assert(Number(await server.send("PTTL", key)) > 500_000);
  assertEquals(right(await port.renew("a", "Ann", 1)()), true);
  await eventually("the lease to end", async () => await server.send("EXISTS", key) === 0);
  assertEquals([right(await port.renew("a", "Ann", 1)()), right(await port.release("a", "Ann")())], [false, false]);

  const second = right(await port.acquire("a", "Bob", 60_000)());
  assert(second._tag === "Some" && second.value > first.value);
  assertEquals(right(await port.release("a", "Bob")()), true);
  assertEquals(await server.send("EXISTS", key), 0);
});

redisTest("fences grow, whatever becomes of the leases and of the counter", async (redis) => {
  await using port = redisLeases({ url: redis.url, namespace: redis.prefix });
  await using server = await admin(redis.url);
  let last = 0;
  for (let round = 0; round < 20; round++) {
    const granted = right(await port.acquire("a", `token ${round}`, 60_000)());
    assert(granted._tag === "Some" && granted.value > last);
    last = granted.value;
    right(await port.release("a", `token ${round}`)());
    if (round === 10) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      for (const key of await keysOf(server.send, redis.prefix)) await server.send("DEL", key);
    }
  }
});

redisTest("a lease that the server lost is noticed when it is renewed or released", async (redis) => {
  await using port = redisLeases({ url: redis.url, namespace: redis.prefix });
  await using server = await admin(redis.url);
  const { lock } = leaseLocks({ port });
  const [renewed, released] = [await mustTake(lock("a").tryAcquire), await mustTake(lock("b").tryAcquire)];
  for (const key of await keysOf(server.send, redis.prefix)) await server.send("DEL", key);
  assertEquals(left(await renewed.renew()), { _tag: "NotHeld", lock: "a", reason: "lost" });
  assertEquals(left(await released.release()), { _tag: "NotHeld", lock: "b", reason: "lost" });
  assertEquals([renewed.lost.aborted, await isFree(lock("a")), await isFree(lock("b"))], [true, true, true]);
});

redisTest("a released lease leaves nothing, and the counters of fences are of a fixed number", async (redis) => {
  await using port = redisLeases({ url: redis.url, namespace: redis.prefix });
  await using server = await admin(redis.url);
  const { lock, size } = leaseLocks({ port });
  const taken = await Promise.all(Array.from({ length: 2_000 }, (_, i) => lock(`name ${i}`).acquire()()));
  for (const each of await Promise.all(taken.map((each) => right(each).release()))) right(each);
  const keys = await keysOf(server.send, redis.prefix);
  assert(keys.length <= 256 && keys.every((key) => key.startsWith(`lamina:${redis.prefix}:fence:`)));
  assertEquals(size(), 0);
});

redisServersTest("a server that stops answers nobody, and a lease on it is lost at its end", async (start) => {
  const server = await start();
  await using port = redisLeases({ url: server.url, connectTimeout: "1s" });
  const { lock } = leaseLocks({ port, lease: "400ms", renewFor: "1m" });
  const held = await mustTake(lock("a").tryAcquire);
  server.signal("SIGSTOP");
  const tried = lock("b").tryAcquire();
  await new Promise<void>((resolve) => held.lost.addEventListener("abort", () => resolve(), { once: true }));
  assertEquals([left(await tried)._tag, left(await held.release())._tag], ["TimedOut", "NotHeld"]);
  server.signal("SIGCONT");
  await eventually("the lock to be free again", async () => {
    const taken = await lock("a").tryAcquire();
    return taken._tag === "Right" && taken.right._tag === "Some" &&
      (await taken.right.value.release())._tag === "Right";
  });
});

Deno.test("leases on a Redis that is not there are errors, and end with the port", async () => {
  const port = redisLeases({ url: "redis://127.0.0.1:1" });
  const { lock, size } = leaseLocks({ port });
  assertEquals(left(await lock("a").acquire()())._tag, "BackendFailed");
  await port.close();
  const closed = left(await port.acquire("a", "Ann", 1_000)());
  assertEquals([closed._tag, closed.reason, size()], ["BackendFailed", "closed", 0]);
});

async function keysOf(send: (...command: string[]) => Promise<unknown>, prefix: string): Promise<string[]> {
  const keys = await send("KEYS", `lamina:${prefix}:*`);
  assert(Array.isArray(keys));
  return keys.map(String);
}
