import { assert, assertEquals } from "@std/assert";
import { ask } from "../../lib/task/faults/command.ts";
import { sleep } from "../../lib/task/faults/patience.ts";
import { redisServersTest } from "../servers/redis.ts";
import { withoutRejections } from "../support/rejections.ts";
import { duration } from "../../mod.ts";
import { left, right } from "../support/results.ts";
import { openNode, readOf, untilHit } from "./nodes.ts";

/** A call of the backend takes a second at most, and so does the next attempt; twice that is for a busy machine. */
const patience = 4_000;

async function within<A>(running: Promise<A>): Promise<A> {
  const begun = performance.now();
  const result = await running;
  const took = performance.now() - begun;
  assert(took < patience, `expected an answer within ${patience} ms: received it after ${Math.round(took)} ms`);
  return result;
}

redisServersTest(
  "X09 a server that is down fails writes, not reads, and is used again when it is back",
  async (start) => {
    const server = await start();
    const rows = new Map([["a", "old"]]);
    await using node = openNode({ port: server.port, rows });
    await withoutRejections(async () => {
      await untilHit(node, "a");
      server.signal("SIGKILL");
      await sleep(100);
      assertEquals(await within(readOf(node, "a")), "old");
      const refused = left(await within(node.store.put("a", "new")()));
      assertEquals([refused.outcome, refused.error._tag, rows.get("a")], ["aborted", "LockNotPlaced", "old"]);
      await server.restart();
      await untilHit(node, "a");
      right(await node.store.put("a", "new")());
      assertEquals(await readOf(node, "a"), "new");
    });
  },
);

redisServersTest("X09 connections that are killed crash nothing", async (start) => {
  const server = await start();
  await using node = openNode({ port: server.port, rows: new Map([["a", "old"]]) });
  await withoutRejections(async () => {
    await untilHit(node, "a");
    for (let i = 0; i < 20; i++) {
      const reading = Promise.all(Array.from({ length: 10 }, () => readOf(node, "a")));
      await ask(server.port, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      assertEquals(new Set(await within(reading)), new Set(["old"]));
    }
    await untilHit(node, "a");
  });
  assert(node.events.includes("ConnectionLost"));
});

redisServersTest("X09 X13 nothing waits for ever for a server that stopped, and a deadline is kept", async (start) => {
  const server = await start();
  const rows = new Map([["a", "old"]]);
  await using node = openNode({ port: server.port, rows });
  await withoutRejections(async () => {
    await untilHit(node, "a");
    server.signal("SIGSTOP");
    try {
      const begun = performance.now();
      const hurried = await node.store.get("a", { deadline: duration("100ms") })();
      const took = performance.now() - begun;
      assert(took < 1_000, `expected an end after 100 ms: received it after ${Math.round(took)} ms`);
      assert(hurried._tag === "Right" || hurried.left._tag === "TimedOut");
      assertEquals(await within(readOf(node, "a")), "old");
      assertEquals(left(await within(node.store.put("a", "new")())).outcome, "aborted");
      assertEquals(rows.get("a"), "old");
    } finally {
      server.signal("SIGCONT");
    }
    await untilHit(node, "a");
  });
});

redisServersTest("X13 a half-open connection is given up, and another one made", async (start) => {
  const server = await start();
  await using node = openNode({ port: server.port, rows: new Map([["a", "old"]]) });
  await withoutRejections(async () => {
    await untilHit(node, "a");
    node.gate.numb();
    assertEquals(await within(readOf(node, "a")), "old");
    await untilHit(node, "a");
  });
  assert(node.events.includes("ConnectionLost"));
});
