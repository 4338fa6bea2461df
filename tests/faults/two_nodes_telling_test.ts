import { assert, assertEquals } from "@std/assert";
import * as O from "fp-ts/lib/Option.js";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { redisBackend } from "../../lib/backend/redis/mod.ts";
import { ask } from "../../lib/task/faults/command.ts";
import { sleep } from "../../lib/task/faults/patience.ts";
import type { SharedOptions } from "../../mod.ts";
import { memory, shared, source } from "../../mod.ts";
import { redisServersTest } from "../servers/redis.ts";
import { allFound, found, right } from "../support/results.ts";
import { afterLease, entryOf, type Node, type NodeOptions, openNode, readOf, untilHit } from "./nodes.ts";

const keys = ["a", "b", "c"];

/** Registers a test with two nodes over one Redis, each with a memory tier that is told. */
function toldNodesTest(
  name: string,
  run: (one: Node, other: Node, rows: Map<string, string>, port: number) => Promise<void>,
  options: Partial<NodeOptions> = {},
): void {
  redisServersTest(name, async (start) => {
    const { port } = await start();
    const rows = new Map(keys.map((key) => [key, "old"]));
    const made = { port, rows, tiers: "memory and shared", invalidations: "pushed", ...options } as const;
    await using one = openNode(made);
    await using other = openNode(made);
    await Promise.all([untilHit(one, "connected"), untilHit(other, "connected")]);
    await run(one, other, rows, port);
  });
}

/** Word takes a moment; what is asserted is that it comes. */
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!await holds()) {
    assert(performance.now() < end, `expected ${what}`);
    await sleep(1);
  }
}

/** What is stored by a server that is younger than its lease is read in two steps, and ends in the middle. */
function untilTrusted(): Promise<void> {
  return sleep(1_000 + afterLease);
}

function kept(node: Node): ReadonlyArray<string> {
  return keys.filter((key) => O.isSome(node.store.peek(key)));
}

/** Reads until the memory tier has all keys: while the server is young, entries end after a lease. */
async function warm(...nodes: ReadonlyArray<Node>): Promise<void> {
  for (const node of nodes) {
    await until("the memory tier to keep what it is told of", async () => {
      right(await node.store.getMany(keys)());
      return kept(node).length === keys.length;
    });
  }
}

toldNodesTest(
  "X02 a write on one node empties the other's memory, before it is acknowledged or soon after",
  async (one, other) => {
    for (let round = 0; round < 20; round++) {
      await warm(one, other);
      right(await other.store.put("a", `new ${round}`)());
      await until("word of the write", () => !kept(one).includes("a"));
      assertEquals(await readOf(one, "a"), `new ${round}`);
    }
  },
);

toldNodesTest("X02 a reply that is held past another node's write is not kept", async (one, other) => {
  await untilTrusted();
  await warm(other);
  one.gate.hold("replies");
  const reading = one.store.getMany(keys)();
  await one.gate.holding("replies");
  right(await other.store.put("a", "new")());
  one.gate.open("replies");
  assertEquals(allFound(await reading), ["old", "old", "old"]);
  assertEquals(kept(one).includes("a"), false);
  assertEquals(await readOf(one, "a"), "new");
});

toldNodesTest("X03 a flush of the server empties every memory tier", async (one, other, _rows, port) => {
  for (const command of ["FLUSHALL", "FLUSHDB"]) {
    await warm(one, other);
    await ask(port, command);
    await until("word of the flush", () => kept(one).length + kept(other).length === 0);
  }
});

toldNodesTest(
  "X03 when its connection ends a memory tier is empty, and keeps again when it is back",
  async (one, other) => {
    for (let round = 0; round < 3; round++) {
      await warm(one);
      one.gate.cut();
      await until("the loss to be noticed", () => kept(one).length === 0);
      right(await other.store.put("a", `new ${round}`)());
      await until("the node to be back", async () => found(await one.store.get("a")()) === `new ${round}`);
      await warm(one);
      assertEquals(found(await one.store.get("a")()), `new ${round}`);
    }
  },
);

for (const invalidations of [{ lease: "300ms" }, "pushed"] as const) {
  const isLeased = invalidations !== "pushed";
  toldNodesTest(
    `X03 on a half-open connection an entry is ${isLeased ? "gone when the lease is over" : "kept without a lease"}`,
    async (one, other) => {
      await untilTrusted();
      await warm(one);
      one.gate.mute();
      right(await other.store.put("a", "new")());
      await sleep(300);
      assertEquals([O.toUndefined(one.store.peek("a")) === undefined, await readOf(one, "a")], [
        isLeased,
        isLeased ? "new" : "old",
      ]);
    },
    { invalidations },
  );
}

const epochs: ReadonlyArray<NonNullable<SharedOptions<string>["epoch"]>> = ["every read", { lease: "300ms" }];

for (const epoch of epochs) {
  for (const invalidations of ["none", "pushed", { lease: "300ms" }] as const) {
    // Without word nor lease a tier follows its own process's reads only.
    if (epoch === "every read" && invalidations === "none") continue;
    for (const mode of ["hard", "soft"] as const) {
      toldNodesTest(
        `D26 X06 a ${mode} clear that races fills leaves nothing old: ${JSON.stringify([epoch, invalidations])}`,
        async (one, other, rows) => {
          await untilTrusted();
          await warm(one, other);
          right(await one.store.invalidate(["a"])());
          await until("word of it", () => !kept(other).includes("a"));
          const loaded = one.stopAt("after load");
          const loading = readOf(one, "a");
          await loaded.reached;
          for (const key of keys) rows.set(key, "new");
          right(await other.store.invalidateAll({ mode })());
          // A lease is waited for; word is under way.
          if (epoch === "every read") await until("word of it", () => kept(one).length === 0);
          assertEquals([kept(one), kept(other)], [[], []]);
          loaded.release();
          assertEquals(await loading, "old");
          for (const node of [one, other]) {
            for (const key of keys) {
              const read = await entryOf(node, key);
              const value = O.toUndefined(read.value);
              // What is stale is said to be, and renewed.
              if (mode === "soft" && read.verdict._tag === "Stale") assertEquals(value, "old");
              else assertEquals(value, "new", key);
            }
          }
          for (const node of [one, other]) {
            for (const key of keys) await until("the new value", async () => await readOf(node, key) === "new");
            assertEquals(allFound(await node.store.getMany(keys)()), ["new", "new", "new"]);
          }
        },
        { epoch, invalidations },
      );
    }
  }
}

redisServersTest("a user who must not track reads past the memory tier, and is told why", async (start) => {
  const { port } = await start();
  await ask(port, "ACL", "SETUSER", "reader", "on", ">secret", "~*", "+@all", "-client|tracking");
  const reasons: Array<string> = [];
  await using backend = redisBackend({
    url: `redis://reader:secret@127.0.0.1:${port}`,
    onEvent: (event) => event._tag === "ConnectionLost" && reasons.push(event.reason),
  });
  const store = pipe(
    source({ load: (names: ReadonlyArray<string>) => Promise.resolve(names.map((name) => `${name}!`)) }),
    shared({ backend, name: "texts", codec: t.string, ttl: "1m" }),
    memory({ capacity: 10, invalidations: "pushed" }),
  );
  await until("a reason", async () => found(await store.get("a")()) === "a!" && reasons.length > 0);
  assertEquals([reasons[0]!.includes("NOPERM"), store.peek("a")], [true, O.none]);
  await store.close();
});
