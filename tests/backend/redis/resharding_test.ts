import { assert, assertEquals } from "@std/assert";
import { redisBackend } from "../../../lib/backend/redis/mod.ts";
import { keySlot } from "../../../lib/backend/redis/key_slot.ts";
import { namespace } from "../../../mod.ts";
import { redisServersTest } from "../../servers/redis.ts";
import { moveSlot, startCluster } from "./cluster.ts";
import { startLoad } from "./load.ts";
import { calls, eventually, ready } from "./support.ts";

/** Keys of which many share a slot with others, since what stands in braces alone decides. */
const keys = Array.from({ length: 24 }, (_, i) => `{${i % 6}} ${i}`);

const slotOf = (key: string) => keySlot(namespace({ namespace: "load" }).slotName(`'${key}`, 0));

redisServersTest(
  "I2, I3: slots that are moved while reads and writes go on lose nothing and bring nothing back",
  async (start) => {
    await using cluster = await startCluster(start);
    const nodes = cluster.servers.map(({ url }) => url);
    await using one = redisBackend({ cluster: { nodes } });
    await using other = redisBackend({ cluster: { nodes: nodes.slice(0, 1) } });
    await Promise.all([one, other].map(ready));
    await using load = startLoad([one, other], keys);
    await load.resumed(keys);
    const slots = [...new Set(keys.map(slotOf))];
    assertEquals(slots.length, 6);
    let moved = 0;
    for (let round = 0; round < 2; round++) {
      for (const slot of slots) {
        const from = (Math.floor(slot / Math.ceil(16_384 / 3)) + round) % 3;
        moved += await moveSlot(cluster, slot, from, (from + 1) % 3);
      }
    }
    assert(moved > keys.length, `${moved}`);
    await load.resumed(keys);
    await load.settle();
    load.expect("linearizable");
    // Nobody was told where a key is instead of being sent there; on a slow machine somebody may have been late.
    assertEquals(load.reasons().filter((reason) => !/no answer within|of its lease|too late/.test(reason)), []);
    // And it came to that: ASK was met, and followed.
    let asked = 0;
    for (const node of cluster.admins) asked += await calls(node, "asking");
    assert(asked > 0);
    await eventually("nodes", () => one.nodes().length === 3);
  },
);
