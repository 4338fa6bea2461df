import { assertEquals } from "@std/assert";
import { redisServersTest, type StartRedis } from "../servers/redis.ts";
import { entryOf, type Node, type NodeOptions, openNode, readOf, untilHit } from "./nodes.ts";

/** Registers a test with two nodes over one Redis and one source, which holds "old" for the keys a, b and c. */
export function twoNodesTest(
  name: string,
  run: (one: Node, other: Node, rows: Map<string, string>, port: number) => Promise<void>,
  tiers: NodeOptions["tiers"] = "shared",
  epoch: NodeOptions["epoch"] = "none",
): void {
  redisServersTest(name, async (start: StartRedis) => {
    const { port } = await start();
    const rows = new Map([["a", "old"], ["b", "old"], ["c", "old"]]);
    await using one = openNode({ port, rows, tiers, epoch });
    await using other = openNode({ port, rows, epoch });
    // Both are connected before anything is stopped.
    await Promise.all([untilHit(one, "connected"), untilHit(other, "connected")]);
    await run(one, other, rows, port);
  });
}

/** Both nodes read the same, from the source first and from the tier then. */
export async function bothRead(one: Node, other: Node, key: string, value: string | undefined): Promise<void> {
  for (let i = 0; i < 2; i++) {
    for (const node of [one, other]) assertEquals(await readOf(node, key), value);
  }
  assertEquals((await entryOf(other, key)).verdict._tag, "HitShared");
}
