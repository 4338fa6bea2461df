import type { Listener } from "../../backend/port.ts";
import type { Changes, SlotChanges } from "../../changes.ts";
import { forget, worldOf } from "./epoch.ts";
import { epochNow, type Region } from "./region.ts";
import { learned } from "./switched.ts";
import type { Tier } from "./tier.ts";

/** What a tier can tell those above it of other processes. */
export function changesOf<K, V, P, N>(tier: Tier<K, V, P, N>): Changes<K> | undefined {
  const region = tier.sealing?.region;
  const slots = slotsOf(tier);
  if (region === undefined) return slots && { world: undefined, slots };
  return { world: worldOf(region.knowledge, (within) => renew(tier, region, within)), slots };
}

/** Where the tier may not be on its backend may be gone: nobody waits for what it says then. */
async function renew<K, V, P, N>(tier: Tier<K, V, P, N>, region: Region, within: number): Promise<void> {
  const asked = epochNow(region, within);
  if (tier.switched !== undefined) {
    await learned(tier, within);
    if (tier.switched.mode() !== "on") return;
  }
  await asked;
}

function slotsOf<K, V, P, N>(tier: Tier<K, V, P, N>): SlotChanges<K> | undefined {
  const { backend: { listen }, sealing, place } = tier;
  if (listen === undefined) return undefined;
  return {
    of: (key) => {
      const found = place(key);
      return "_tag" in found ? [] : found.all;
    },
    listen: (listener: Listener<unknown>) => {
      tier.call = { ...tier.call, watched: true };
      const cancels = [listen(listener), sealing && listenToEpoch(sealing.region)];
      return () => cancels.forEach((cancel) => cancel?.());
    },
  };
}

/** Word that a part of the epoch is about to change comes before it does: its slot is locked. */
function listenToEpoch({ epochs, knowledge }: Region): (() => void) | undefined {
  const slots = epochs.changes?.slots;
  if (slots === undefined) return undefined;
  const [hard, soft] = [new Set(slots.of("hard")), new Set(slots.of("soft"))];
  return slots.listen({
    lease: Infinity,
    changed: (slot) => {
      if (slot === undefined || hard.has(slot)) forget(knowledge, "hard");
      else if (soft.has(slot)) forget(knowledge, "soft");
    },
    proven: () => {},
  });
}
