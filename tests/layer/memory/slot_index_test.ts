import { assertEquals } from "@std/assert";
import { memoryBackend } from "../../../mod.ts";
import { slotIndex } from "../../../lib/layer/memory/slot_index.ts";
import type { Operation } from "../../../lib/protocol/slot.ts";

const call = { within: 1_000, lease: 10_000, level: "pinned" } as const;
const stored = { payload: "v", age: 0, fresh: 60_000, until: 60_000 };

Deno.test("X12 the index of slots below is as large as the tier: 200,000 keys through 1,000 slots leave 1,000", () => {
  const index = slotIndex<number>();
  const backend = memoryBackend<string, number>({
    capacity: 1_000,
    dropped: (slot) => index.forget(slot as number | undefined),
  });
  const run = (slot: number, operation: Operation<string>) => backend.run.one({ slot, operation }, call);
  const largest = { here: 0, below: 0, tier: 0 };
  for (let key = 0; key < 200_000; key++) {
    index.note(key, () => [`slot ${key}`]);
    const claimed = run(key, { _tag: "claim", owner: "r" });
    if (claimed._tag !== "Mine") throw new Error(claimed._tag);
    const { generation } = claimed;
    // Some fail, some are locked meanwhile, some are told of.
    if (key % 5 === 0) run(key, { _tag: "release", owner: "r", generation, pass: 0 });
    else run(key, { _tag: "fill", owner: "r", generation, stored });
    if (key % 7 === 0) run(key, { _tag: "unlock", token: "", generation: -1, written: undefined });
    const { here, below } = index.size();
    largest.here = Math.max(largest.here, here);
    largest.below = Math.max(largest.below, below);
    largest.tier = Math.max(largest.tier, backend.size().slots);
  }
  const { slots } = backend.size();
  assertEquals([largest, index.size()], [{ here: 1_000, below: 1_000, tier: 1_000 }, { here: slots, below: slots }]);
  for (const [slot] of backend.inspect()) assertEquals(index.find(`slot ${slot}`), [slot]);
  backend.flush();
  assertEquals([index.size(), index.find("slot 199999")], [{ here: 0, below: 0 }, []]);
});
